import { TidemarkError } from '../errors.js';
import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import { compareText, type Schema, type SchemaObject, type Value } from './object.js';

/** An object that is the same thing under another name. */
export interface Rename {
  readonly before: SchemaObject;
  readonly after: SchemaObject;
}

/**
 * What somebody said about a rename: full or partial dotted names, `users.nick` and `users.display_name`, with the kind
 * before them where the names alone could mean several things (`index:users_nick`).
 */
export interface RenameHint {
  readonly from: string;
  readonly to: string;
  /** Where it was said, for messages: `--rename`, `schema.sql:12`. */
  readonly source: string;
  /** A hint that no longer applies is an error, or (a comment left in schema.sql) simply over. */
  readonly required: boolean;
}

/** Reads `old=new`. `new` may leave out the table: `users.nick=display_name`. Throws `rename-invalid`. */
export function parseRenameFlag(text: string): RenameHint {
  const [from, to, ...rest] = text.split('=').map((part) => part.trim());
  if (!from || !to || rest.length > 0) {
    throw new TidemarkError('rename-invalid', `--rename takes old=new, not ${JSON.stringify(text)}`, {
      exitCode: 2,
      hints: ['For a column: --rename users.nick=display_name; for a table: --rename users=accounts.'],
    });
  }
  return { from, to, source: `--rename ${text}`, required: true };
}

/**
 * Renames that look likely: the same kind in the same place, equal or nearly so, with a similar name. Only
 * things that hold data are looked at; the rest can be made again at no loss.
 */
export function likelyRenames(from: Schema, to: Schema, dialect: Dialect): Rename[] {
  const { gone, come } = unmatched(from, to, dialect);
  const scored: { rename: Rename; score: number }[] = [];
  for (const before of gone) {
    for (const after of come) {
      if (before.kind !== after.kind || before.parent !== after.parent || before.schema !== after.schema)
        continue;
      const likeness = similarity(before.name, after.name);
      const content = shapeLikeness(before, after, from, to);
      if (content >= 0.6 && likeness >= 0.5)
        scored.push({ rename: { before, after }, score: content + likeness });
    }
  }
  scored.sort(
    (a, b) =>
      b.score - a.score ||
      compareText(a.rename.before.id, b.rename.before.id) ||
      compareText(a.rename.after.id, b.rename.after.id),
  );
  const taken = new Set<string>();
  return scored.flatMap(({ rename }) => {
    if (taken.has(rename.before.id) || taken.has(`+${rename.after.id}`)) return [];
    taken.add(rename.before.id).add(`+${rename.after.id}`);
    return [rename];
  });
}

interface Unmatched {
  readonly gone: readonly SchemaObject[];
  readonly come: readonly SchemaObject[];
}

/** What holds data and goes, and what comes. */
export function unmatched(from: Schema, to: Schema, dialect: Dialect): Unmatched {
  const [old, next] = [renameables(from, dialect), renameables(to, dialect)];
  const only = (a: ReadonlyMap<string, SchemaObject>, b: ReadonlyMap<string, SchemaObject>): SchemaObject[] =>
    [...a.values()].filter((object) => !b.has(object.id) && dialect.kind(object.kind).holdsData === true);
  return { gone: only(old, next), come: only(next, old) };
}

/** Everything that can be given another name, by id: objects, and what stands inside them (the values of an enum). */
export function renameables(schema: Schema, dialect: Dialect): Map<string, SchemaObject> {
  const found = new Map<string, SchemaObject>();
  for (const object of schema.objects.values()) {
    const kind = dialect.kind(object.kind);
    if (kind.rename && !kind.renamedWithAnother?.(object)) found.set(object.id, object);
    for (const part of kind.parts?.(object) ?? []) found.set(part.id, part);
  }
  return found;
}

/** The dotted name of an object without its kind: `public.users.email`. */
function dotted(object: SchemaObject): string {
  return object.id.slice(object.id.indexOf(':') + 1);
}

/** How much of two objects is the same: properties of a column, columns of a table; from 0 to 1. */
function shapeLikeness(before: SchemaObject, after: SchemaObject, from: Schema, to: Schema): number {
  const parts = (object: SchemaObject, schema: Schema): Set<string> =>
    new Set(
      [...schema.objects.values()]
        .filter((part) => part.parent === object.id && part.kind === 'column')
        .map((part) => `${part.name} ${JSON.stringify(part.props)}`),
    );
  const left = parts(before, from);
  const right = parts(after, to);
  if (left.size === 0 && right.size === 0) return sameType(before, after) ? 1 : 0;
  const shared = [...left].filter((part) => right.has(part)).length;
  return shared / Math.max(left.size, right.size);
}

/** Another length or precision makes no other column. */
function sameType(before: SchemaObject, after: SchemaObject): boolean {
  const bare = (type: Value | undefined) =>
    typeof type === 'string' ? type.replace(/\s*\([^)]*\)/g, '').toLowerCase() : type;
  return sameValue(bare(before.props.type), bare(after.props.type));
}

/** From 0 to 1: one minus the edit distance over the longer length; 0.8 when one name contains the other. */
export function similarity(a: string, b: string): number {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  const shorter = Math.min(left.length, right.length);
  const contained = shorter >= 3 && (left.includes(right) || right.includes(left)) ? 0.8 : 0;
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const substitution = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return Math.max(contained, 1 - row[right.length]! / Math.max(left.length, right.length, 1));
}

/** The error that stops a command at likely renames nobody has answered, with the three ways to answer. */
export function unansweredRenames(renames: readonly Rename[], dialect: Dialect): TidemarkError {
  const lines = renames.map(
    ({ before, after }) =>
      `${dialect.kind(before.kind).label(before)} -> ${dialect.kind(after.kind).label(after)}`,
  );
  const [first] = renames;
  const answer = first ? `${shortName(first.before)}=${first.after.name}` : 'old=new';
  return new TidemarkError(
    'rename-unanswered',
    `this looks like a rename, and a rename is never guessed: ${lines.join('; ')}`,
    {
      exitCode: 4,
      hints: [
        `It is a rename: --rename ${answer} (one flag for each).`,
        `Or say it in the schema file, on the line of the new name: -- tidemark:renamed-from ${first?.before.name ?? 'old'}`,
        `It is not: --not-renamed ${first ? shortName(first.before) : 'old'} drops the old one with its data and creates the new one. On a terminal the command asks.`,
      ],
      details: { renames: renames.map(({ before, after }) => ({ from: before.id, to: after.id })) },
    },
  );
}

/** The dotted name without the default schema: what a person types. */
export function shortName(object: SchemaObject): string {
  return dotted(object).replace(/^(public|main)\./, '');
}
