import { unsupported } from '../import-error.js';
import type { SourceFile } from '../source-file.js';

/** A changeset of a formatted SQL file. */
export interface Changeset {
  readonly author: string;
  readonly id: string;
  /** `author:id::path`. */
  readonly key: string;
  readonly file: string;
  /** Where it begins. */
  readonly line: number;
  /** Names in lower case. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Properties of the file up to here. */
  readonly properties: ReadonlyMap<string, string>;
  readonly up: string;
  /** `nothing`: it says that there is nothing to roll back. */
  readonly rollback: string | undefined;
  readonly preconditions: boolean;
}

// The patterns follow Liquibase's `AbstractFormattedChangeLogParser`.
const FORMATTED = /^\s*--\s*liquibase\s*formatted/i;
const CHANGESET = /^\s*--\s*changeset\s+("[^"]+"|[^:]+):\s*("[^"]+"|\S+)(.*)$/i;
const PROPERTY = /^\s*--\s*property\s+(.*)$/i;
const ROLLBACK = /^\s*--\s*rollback(?:\s+(.*))?$/i;
const ROLLBACK_BLOCK = /^\s*\/\*\s*liquibase\s+rollback\s*$/i;
const COMMENT = /^\s*--\s*comments?:?\s+(.*)$/i;
const DROPPED = /^\s*--\s*validchecksum/i;
const PRECONDITION = /^\s*--\s*precondition/i;
const IGNORE_LINES = /^\s*--\s*ignorelines:(\w+)\s*$/i;
const ATTRIBUTE = /([A-Za-z]+):("[^"]*"|\S+)/g;

interface Draft extends Omit<Changeset, 'up' | 'rollback' | 'preconditions'> {
  readonly lines: string[];
  readonly back: string[];
  rolls: boolean;
  preconditions: boolean;
}

/** Takes a file apart. Without the first line that says "formatted" the whole file is one changeset, as for Liquibase. */
export function readChangesets(file: SourceFile): Changeset[] {
  const { text, path } = file;
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first === -1) return [];
  if (!FORMATTED.test(lines[first]!)) return [rawChangeset(file)];
  const properties = new Map<string, string>();
  const drafts: Draft[] = [];
  let head: string[] = [];
  let draft: Draft | undefined;
  let inRollback = false;
  let skip = 0;
  for (const [index, line] of lines.entries()) {
    if (index === first || skip-- > 0) continue;
    skip = 0;
    const opened = CHANGESET.exec(line);
    if (inRollback && draft !== undefined) {
      const end = line.indexOf('*/');
      draft.back.push(end === -1 ? line : line.slice(0, end));
      inRollback = end === -1;
    } else if (opened !== null) {
      draft = begin(file, index + 1, opened, properties, head);
      head = [];
      drafts.push(draft);
    } else if (/^\s*--\s*changeset\b/i.test(line)) {
      throw unsupported(path, index + 1, 'this is not "--changeset author:id"', [
        'Liquibase refuses it too.',
      ]);
    } else if (PROPERTY.test(line)) {
      const given = new Map(attributesOf(PROPERTY.exec(line)![1]!));
      properties.set(given.get('name') ?? '', given.get('value') ?? '');
    } else if (IGNORE_LINES.test(line)) {
      const [, count] = IGNORE_LINES.exec(line)!;
      const end = lines.findIndex((other, at) => at > index && /^\s*--\s*ignorelines:end\s*$/i.test(other));
      if (!/^\d+$/.test(count!) && end === -1) {
        throw unsupported(path, index + 1, '"--ignoreLines:start" has no end', ['Liquibase refuses it too.']);
      }
      skip = /^\d+$/.test(count!) ? Number(count) : end - index;
    } else if (draft === undefined) {
      if (!/^\s*(?:--.*)?$/.test(line)) {
        throw unsupported(path, index + 1, 'a statement stands before the first changeset', [
          'Liquibase refuses it too.',
        ]);
      }
      head.push(line);
    } else takeLine(draft, line, () => (inRollback = true));
  }
  if (drafts.length === 0) {
    throw unsupported(path, first + 1, 'the file has no changeset', [
      'Give it one with "--changeset author:id".',
    ]);
  }
  return drafts.map(finish);
}

function takeLine(draft: Draft, line: string, openRollback: () => void): void {
  const rollback = ROLLBACK.exec(line);
  const comment = COMMENT.exec(line);
  if (rollback !== null) {
    draft.rolls = true;
    draft.back.push(rollback[1] ?? '');
  } else if (ROLLBACK_BLOCK.test(line)) {
    draft.rolls = true;
    openRollback();
  } else if (comment !== null) draft.lines.push(`-- ${comment[1]}`);
  else if (!DROPPED.test(line)) {
    if (PRECONDITION.test(line)) draft.preconditions = true;
    draft.lines.push(line);
  }
}

function begin(
  { path }: SourceFile,
  line: number,
  [, author, id, rest]: RegExpExecArray,
  properties: ReadonlyMap<string, string>,
  head: readonly string[],
): Draft {
  const attributes = new Map(attributesOf(rest!));
  const plain = (text: string) => text.trim().replace(/^"(.*)"$/, '$1');
  const own = `${plain(author!)}:${plain(id!)}`;
  return {
    author: plain(author!),
    id: plain(id!),
    key: `${own}::${attributes.get('logicalfilepath') ?? path}`,
    file: path,
    line,
    attributes,
    properties: new Map(properties),
    lines: head.some((text) => text.trim() !== '') ? [...head] : [],
    back: [],
    rolls: false,
    preconditions: false,
  };
}

function finish({ lines, back, rolls, ...rest }: Draft): Changeset {
  const rollback = back.join('\n').trim();
  if (/^changesetid:/i.test(rollback)) {
    throw unsupported(rest.file, rest.line, 'its rollback names another changeset', [
      'Write the SQL of that changeset into the rollback instead.',
    ]);
  }
  const nothing = rolls && /^(?:empty|not required|)$/i.test(rollback);
  return { ...rest, up: lines.join('\n'), rollback: !rolls ? undefined : nothing ? 'nothing' : rollback };
}

function rawChangeset({ text, path, name }: SourceFile): Changeset {
  return {
    author: 'includeAll',
    id: 'raw',
    key: `includeAll:raw::${path}`,
    file: path,
    line: 1,
    attributes: new Map(),
    properties: new Map(),
    up: `-- ${name}\n${text}`,
    rollback: undefined,
    preconditions: false,
  };
}

function attributesOf(text: string): [string, string][] {
  return [...text.matchAll(ATTRIBUTE)].map(([, name, value]) => [
    name!.toLowerCase(),
    value!.replace(/^"(.*)"$/, '$1'),
  ]);
}
