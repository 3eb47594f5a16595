import { TidemarkError } from '../errors.js';
import { locate } from '../schema/source-excerpt.js';
import type { ConversionHint } from '../schema/value-conversions.js';
import { COLUMN, CREATE, commentedLine, ownerAround, unquoted } from './commented-line.js';
import type { ScriptFile } from './run-scripts.js';

const COMMENT = /--[ \t]*tidemark:using(?:[ \t]+(.*?))?[ \t]*\r?$/gm;
const NO_COLUMN = /^(constraint|check|unique|primary|foreign|exclude|like|create|alter)$/i;

/**
 * Finds the `-- tidemark:using EXPRESSION` comments of schema files: at the end of the line of a column within a CREATE
 * TABLE, or on a line of its own above it. They may stay after the change is done; then they say nothing any more.
 * Throws TidemarkError `using-invalid` for one without an expression, or about no column.
 */
export function usingComments(files: readonly ScriptFile[]): ConversionHint[] {
  return files.flatMap(({ name: file, sql }) =>
    [...sql.matchAll(COMMENT)].map((match) => {
      const source = `${file}:${locate(sql, match.index).line}`;
      const [name, expression] = [columnAt(sql, match.index), match[1] ?? ''];
      if (expression === '') throw invalid(source, 'says no expression');
      if (name === undefined) throw invalid(source, 'is about no column of a CREATE TABLE');
      return { name, expression, source, required: false };
    }),
  );
}

function columnAt(sql: string, offset: number): string | undefined {
  const found = commentedLine(sql, offset);
  if (found === undefined || CREATE.test(found.line)) return undefined;
  const name = COLUMN.exec(found.line)?.groups?.name;
  const owner = ownerAround(found.above);
  return name === undefined || NO_COLUMN.test(name) || owner === undefined
    ? undefined
    : `${owner}.${unquoted(name)}`;
}

function invalid(source: string, why: string): TidemarkError {
  return new TidemarkError('using-invalid', `the comment tidemark:using at ${source} ${why}`, {
    exitCode: 2,
    hints: [
      "It stands at the end of the line of a column, or on the line above: -- tidemark:using nullif(age, '')::int",
    ],
  });
}
