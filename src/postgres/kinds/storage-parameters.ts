import { quoteIdent, quoteLiteral } from '../identifiers.js';

/** Storage parameters as the catalog keeps them, `name=value`, sorted so that their order says nothing. */
export function readParameters(reloptions: unknown, prefix = ''): string[] {
  return Array.isArray(reloptions) ? reloptions.map((option) => prefix + String(option)).sort() : [];
}

/** `fillfactor = 70, "toast.autovacuum_enabled" = false`; the names may carry a namespace. */
export function writeParameters(parameters: readonly string[]): string {
  return parameters.map(writeParameter).join(', ');
}

/** ` WITH (…)`, or nothing. */
export function withClause(parameters: readonly string[]): string {
  return parameters.length === 0 ? '' : ` WITH (${writeParameters(parameters)})`;
}

/** The SET and RESET clauses that lead from one list to the other. */
export function parameterChanges(before: readonly string[], after: readonly string[]): string[] {
  const set = after.filter((parameter) => !before.includes(parameter));
  const kept = new Set(after.map(parameterName));
  const gone = before.map(parameterName).filter((name) => !kept.has(name));
  return [
    ...(gone.length > 0 ? [`RESET (${gone.map(writeName).join(', ')})`] : []),
    ...(set.length > 0 ? [`SET (${writeParameters(set)})`] : []),
  ];
}

function parameterName(parameter: string): string {
  return parameter.slice(0, parameter.indexOf('='));
}

function writeParameter(parameter: string): string {
  const value = parameter.slice(parameter.indexOf('=') + 1);
  const plain = /^-?\d+(\.\d+)?$/.test(value) || /^(true|false|on|off|auto)$/.test(value);
  return `${writeName(parameterName(parameter))} = ${plain ? value : quoteLiteral(value)}`;
}

function writeName(name: string): string {
  return name.split('.').map(quoteIdent).join('.');
}
