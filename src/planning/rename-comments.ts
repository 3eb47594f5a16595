import type { RenameHint } from '../schema/rename.js';
import { locate } from '../schema/source-excerpt.js';
import type { ScriptFile } from './run-scripts.js';

const COMMENT = /--[ \t]*tidemark:renamed-from[ \t]+('(?:[^'\n]|'')+'|"(?:[^"\n]|"")+"|\S+)/g;
const IDENT = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const DOTTED = String.raw`${IDENT}(?:\s*\.\s*${IDENT})*`;
const CREATE = new RegExp(
  String.raw`^\s*create\s+(?:or\s+replace\s+)?(?:(?:unlogged|unique|recursive|constraint|foreign|materialized)\s+)*` +
    String.raw`(?<what>table|view|type|domain|sequence|schema|index|trigger|policy|rule|function|procedure|aggregate|statistics|collation)\s+` +
    String.raw`(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?(?<name>${DOTTED})(?<rest>[^;]*)`,
  'iu',
);
const ADD_CONSTRAINT = new RegExp(
  String.raw`^\s*alter\s+(?:table|domain)\s+(?:only\s+)?(?<owner>${DOTTED})\s+add\s+constraint\s+(?<name>${IDENT})`,
  'iu',
);
const CONSTRAINT = new RegExp(String.raw`^\s*,?\s*constraint\s+(?<name>${IDENT})`, 'iu');
const COLUMN = new RegExp(String.raw`^\s*,?\s*(?<name>${IDENT})`, 'iu');
const VALUE = /^\s*,?\s*'(?<value>(?:[^']|'')+)'/;
/** What a trigger, a policy, a rule or an index is on. */
const SUBJECT = new RegExp(String.raw`\b(?:on|to)\s+(?:only\s+)?(?<subject>${DOTTED})`, 'iu');
const EVENT = /\bas\s+on\s+\w+/iu;

/**
 * Finds the `-- tidemark:renamed-from old` comments of schema files: at the end of the line of a column, a constraint
 * or an enum's value, or on a line of its own above it or above a CREATE. They may stay after the rename is done; then
 * they say nothing any more.
 */
export function renameComments(files: readonly ScriptFile[]): RenameHint[] {
  return files.flatMap((file) =>
    [...file.sql.matchAll(COMMENT)].flatMap((match) => hintAt(file, match) ?? []),
  );
}

function hintAt({ name: file, sql }: ScriptFile, match: RegExpExecArray): RenameHint | undefined {
  const offset = match.index;
  const lineStart = sql.lastIndexOf('\n', offset) + 1;
  const isAbove = sql.slice(lineStart, offset).trim() === '';
  const start = isAbove ? nextCode(sql, offset) : lineStart;
  if (start === undefined) return undefined;
  // What is said at the end of a line is about that line; what goes on below is the rest of the statement.
  const text = isAbove
    ? sql.slice(start)
    : sql.slice(start, offset) + (/\n.*$/s.exec(sql.slice(offset))?.[0] ?? '');
  const line = isAbove ? text.split('\n', 1)[0]! : sql.slice(start, offset);
  const names = namesAt(text, line, sql.slice(0, start), match[1]!);
  return names && { ...names, source: `${file}:${locate(sql, offset).line}`, required: false };
}

/** The old and the new name of what `text` begins with, whose first line is `line`. */
function namesAt(
  text: string,
  line: string,
  above: string,
  old: string,
): Pick<RenameHint, 'from' | 'to'> | undefined {
  const created = CREATE.exec(text)?.groups;
  if (created) {
    const { what, name, rest } = created as Record<'what' | 'name' | 'rest', string>;
    return ofStatement(what.toLowerCase(), partsOf(name), rest, unquoted(old));
  }
  const added = ADD_CONSTRAINT.exec(text)?.groups;
  if (added) return within(partsOf(added.owner!).join('.'), unquoted(old), unquoted(added.name!));
  const owner = ownerAround(above);
  if (owner === undefined) return undefined;
  const value = VALUE.exec(line)?.groups?.value;
  if (value !== undefined) {
    const before = /^'.*'$/s.test(old) ? old.slice(1, -1) : old;
    return within(owner, before.replaceAll("''", "'"), value.replaceAll("''", "'"));
  }
  const named = (CONSTRAINT.exec(line) ?? COLUMN.exec(line))?.groups?.name;
  return named === undefined ? undefined : within(owner, unquoted(old), unquoted(named));
}

function ofStatement(
  what: string,
  name: readonly string[],
  rest: string,
  old: string,
): Pick<RenameHint, 'from' | 'to'> | undefined {
  const plain = rest.replace(EVENT, ' ');
  const subject = partsOf(SUBJECT.exec(plain)?.groups?.subject ?? '');
  if (['trigger', 'policy', 'rule'].includes(what)) {
    return subject.length === 0 ? undefined : within(subject.join('.'), old, name.at(-1)!);
  }
  // An index lives where its table does.
  const schema = what === 'index' ? subject.slice(0, -1) : name.slice(0, -1);
  if (schema.length === 0) return { from: old, to: name.at(-1)! };
  return within(schema.join('.'), old.split('.').at(-1)!, name.at(-1)!);
}

function within(owner: string, old: string, name: string): Pick<RenameHint, 'from' | 'to'> {
  return { from: `${owner}.${old}`, to: `${owner}.${name}` };
}

/** Where the next line begins that is neither empty nor a comment. */
function nextCode(sql: string, offset: number): number | undefined {
  let start = sql.indexOf('\n', offset) + 1;
  while (start > 0) {
    const end = sql.indexOf('\n', start);
    const line = sql.slice(start, end === -1 ? undefined : end).trim();
    if (line !== '' && !line.startsWith('--')) return start;
    if (end === -1) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** The table, type or domain whose CREATE the line stands in: the last one that began before it. */
function ownerAround(above: string): string | undefined {
  for (const line of above.split('\n').reverse()) {
    const { what, name } = CREATE.exec(line)?.groups ?? {};
    if (what !== undefined && /^(table|type|domain)$/i.test(what)) return partsOf(name!).join('.');
  }
  return undefined;
}

function partsOf(name: string): string[] {
  return (name.match(/"(?:[^"]|"")+"|[^".\s]+/g) ?? []).map(unquoted);
}

/** A name as the catalog has it: quoted ones as they are, others in lower case. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
