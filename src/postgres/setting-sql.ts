import { quoteIdent, quoteLiteral } from './identifiers.js';

/**
 * Settings whose value is a list of names (GUC_LIST_QUOTE in PostgreSQL's source). The catalog keeps the names
 * quoted as identifiers; written as one string they would become one long name.
 */
const NAME_LISTS = new Set([
  'search_path',
  'temp_tablespaces',
  'local_preload_libraries',
  'session_preload_libraries',
  'shared_preload_libraries',
  'unix_socket_directories',
]);

/** `SET name TO value` of a setting as the catalogs keep it: `name=value`. */
export function settingSql(setting: string): string {
  const at = setting.indexOf('=');
  const name = setting.slice(0, at);
  const value = setting.slice(at + 1);
  const written = NAME_LISTS.has(name) ? nameList(value) : quoteLiteral(value);
  return `SET ${name.split('.').map(quoteIdent).join('.')} TO ${written}`;
}

function nameList(value: string): string {
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(
    ([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole,
  );
  return names.length === 0 ? "''" : names.map((name) => quoteListName(name)).join(', ');
}

/** As an identifier `""` (an empty search path) is refused, and what is longer than a name is cut: a path may be. */
function quoteListName(name: string): string {
  return name === '' || name.startsWith('$') || Buffer.byteLength(name) > 63
    ? quoteLiteral(name)
    : quoteIdent(name);
}
