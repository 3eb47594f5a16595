import type { RenameHint } from '../schema/rename.js';
import { locate } from '../schema/source-excerpt.js';
import type { ScriptFile } from './run-scripts.js';

const COMMENT = /--[ \t]*tidemark:renamed-from[ \t]+(\S+)/g;
const NAME = /^\s*("(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)/u;
const CREATE_TABLE =
  /^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?((?:"(?:[^"]|"")+"|[\p{L}\p{N}_$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\p{L}\p{N}_$]+))?)/iu;

/**
 * Finds the `-- tidemark:renamed-from old` comments of schema files: at the end of a column's line, or on a
 * line of its own above a column or a CREATE TABLE. They may stay after the rename is done; then they say
 * nothing any more.
 */
export function renameComments(files: readonly ScriptFile[]): RenameHint[] {
  return files.flatMap((file) =>
    [...file.sql.matchAll(COMMENT)].flatMap((match) => hintAt(file, match) ?? []),
  );
}

function hintAt(file: ScriptFile, match: RegExpExecArray | RegExpMatchArray): RenameHint | undefined {
  const { name, sql } = file;
  const offset = match.index ?? 0;
  const lineStart = sql.lastIndexOf('\n', offset) + 1;
  const ownLine = sql.slice(lineStart, offset).trim() === '';
  const line = ownLine ? nextCodeLine(sql, offset) : sql.slice(lineStart, offset);
  if (line === undefined) return undefined;
  const old = unquoted(match[1]!);
  const source = `${name}:${locate(sql, offset).line}`;
  const table = CREATE_TABLE.exec(line)?.[1];
  if (table) {
    const to = dottedName(table);
    const namespace = to.includes('.') && !old.includes('.') ? `${to.slice(0, to.lastIndexOf('.'))}.` : '';
    return { from: namespace + old, to, source, required: false };
  }
  const column = NAME.exec(line)?.[1];
  const owner = tableAround(sql, lineStart);
  if (!column || !owner) return undefined;
  return { from: `${owner}.${old}`, to: `${owner}.${unquoted(column)}`, source, required: false };
}

function nextCodeLine(sql: string, offset: number): string | undefined {
  return sql
    .slice(offset)
    .split('\n')
    .slice(1)
    .find((line) => line.trim() !== '' && !line.trim().startsWith('--'));
}

/** The table whose CREATE the line stands in: the last one that began before it. */
function tableAround(sql: string, lineStart: number): string | undefined {
  const before = sql.slice(0, lineStart).split('\n').reverse();
  for (const line of before) {
    const table = CREATE_TABLE.exec(line)?.[1];
    if (table) return dottedName(table);
  }
  return undefined;
}

function dottedName(name: string): string {
  return (name.match(/"(?:[^"]|"")+"|[^".\s]+/g) ?? []).map(unquoted).join('.');
}

/** A name as the catalog has it: quoted ones as they are, others in lower case. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
