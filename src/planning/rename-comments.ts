import type { RenameHint } from '../schema/rename.js';
import { locate } from '../schema/source-excerpt.js';
import {
  COLUMN,
  type CommentedLine,
  CREATE,
  commentedLine,
  DOTTED,
  IDENT,
  ownerAround,
  partsOf,
  unquoted,
} from './commented-line.js';
import type { ScriptFile } from './run-scripts.js';

const COMMENT = /--[ \t]*tidemark:renamed-from[ \t]+('(?:[^'\n]|'')+'|"(?:[^"\n]|"")+"|\S+)/g;
const ADD_CONSTRAINT = new RegExp(
  String.raw`^\s*alter\s+(?:table|domain)\s+(?:only\s+)?(?<owner>${DOTTED})\s+add\s+constraint\s+(?<name>${IDENT})`,
  'iu',
);
const CONSTRAINT = new RegExp(String.raw`^\s*,?\s*constraint\s+(?<name>${IDENT})`, 'iu');
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
  const found = commentedLine(sql, match.index);
  if (found === undefined) return undefined;
  const names = namesAt(found, match[1]!);
  return names && { ...names, source: `${file}:${locate(sql, match.index).line}`, required: false };
}

/** The old and the new name of what the line is about. */
function namesAt(
  { text, line, above }: CommentedLine,
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
