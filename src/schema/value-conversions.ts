import { TidemarkError } from '../errors.js';
import type { Dialect } from './dialect.js';
import type { Conversion, RenderContext } from './kind.js';
import { compareText, type Schema, type SchemaObject } from './object.js';
import { shortName } from './rename.js';
import { answersTo } from './resolve-renames.js';

/** What somebody said about values that change their type: which column, by its new name, and an SQL expression. */
export interface ConversionHint {
  readonly name: string;
  readonly expression: string;
  /** Where it was said, for messages: `--using …`, `schema.sql:12`. */
  readonly source: string;
  /** A hint about something that keeps its type is an error, or (a comment left in schema.sql) simply over. */
  readonly required: boolean;
}

/** An object whose values get another form. */
export interface ConvertedObject extends Conversion {
  readonly object: SchemaObject;
}

/** Reads `users.age=nullif(age, '')::int`: all behind the first `=` is the expression. Throws `using-invalid`. */
export function parseUsingFlag(text: string): ConversionHint {
  const at = text.indexOf('=');
  const [name, expression] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 0 || name === '' || expression === '') {
    throw new TidemarkError(
      'using-invalid',
      `--using takes table.column=expression, not ${JSON.stringify(text)}`,
      { exitCode: 2, hints: [`For example: --using users.age="nullif(age, '')::int"`] },
    );
  }
  return { name, expression, source: `--using ${name}`, required: true };
}

/** All whose values get another form on the way between two states, in order of their names. */
export function convertedObjects(from: Schema, to: Schema, dialect: Dialect): ConvertedObject[] {
  const context: RenderContext = { from, to, folded: [] };
  return [...to.objects.values()]
    .flatMap((object): ConvertedObject[] => {
      const before = from.objects.get(object.id);
      const kind = dialect.kind(object.kind);
      const conversion = before === undefined ? undefined : kind.converts?.(before, object, context);
      return conversion === undefined ? [] : [{ ...conversion, object }];
    })
    .sort((a, b) => compareText(a.object.id, b.object.id));
}

/**
 * The expressions that hints give, by the ids of what they are about; of several for one the first counts. Throws
 * `using-unknown` (exit code 2) for a required hint about something whose values stay as they are.
 */
export function resolveConversions(
  hints: readonly ConversionHint[],
  converted: readonly ConvertedObject[],
): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, expression, source, required } of hints) {
    const meant = converted.filter(({ object }) => answersTo(object, name));
    for (const { object } of meant) if (!found.has(object.id)) found.set(object.id, expression);
    if (meant.length > 0 || !required) continue;
    const names = converted.map(({ object, from, to }) => `${shortName(object)} (${from} to ${to})`);
    throw new TidemarkError(
      'using-unknown',
      `${source} names no column whose values get another type in this change`,
      {
        exitCode: 2,
        hints: [
          names.length === 0
            ? 'No column gets another type, or the engine needs no expression for it.'
            : `Columns that do: ${names.join(', ')}.`,
        ],
      },
    );
  }
  return found;
}

/** The error that stops a command where values get a type that nothing leads to, with the ways to answer. */
export function unansweredConversions(open: readonly ConvertedObject[], dialect: Dialect): TidemarkError {
  const lines = open.map(
    ({ object, from, to }) => `${dialect.kind(object.kind).label(object)} is ${from} and becomes ${to}`,
  );
  const [first] = open;
  const name = first ? shortName(first.object) : 'users.age';
  return new TidemarkError(
    'conversion-unanswered',
    `no cast leads from the one type to the other, so what becomes of the values has to be said: ${lines.join('; ')}`,
    {
      exitCode: 4,
      hints: [
        `Say it as an SQL expression over the row: --using ${shellWord(`${name}=…`)} (one flag for each), or in the file of --answers: { "using": { ${JSON.stringify(name)}: "…" } }`,
        'Or in the schema file, at the end of the line of the column: -- tidemark:using EXPRESSION',
        'On a terminal the command asks. The expression sees the columns by their new names and old types.',
      ],
      details: { conversions: open.map(({ object, from, to }) => ({ object: object.id, from, to })) },
    },
  );
}

function shellWord(text: string): string {
  return /^[\w.:@/=…-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
