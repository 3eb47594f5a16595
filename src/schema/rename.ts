import { TidemarkError } from '../errors.js';
import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import { compareText, type Schema, type SchemaObject, type Value } from './object.js';

/** An object that is the same thing under another name. */
export interface Rename {
  readonly before: SchemaObject;
  readonly after: SchemaObject;
}

/** What somebody said about a rename: full or partial dotted names, `users.nick` and `users.display_name`. */
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
 * The renames that hints name, each once, tables before their columns; of hints that contradict each other the
 * first counts. Throws `rename-unknown` for a required hint that fits nothing, and `rename-invalid` for one that
 * contradicts a hint before it.
 */
export function resolveRenames(
  hints: readonly RenameHint[],
  from: Schema,
  to: Schema,
  dialect: Dialect,
): Rename[] {
  const renames: Rename[] = [];
  const pool = unmatched(from, to, dialect);
  for (const hint of [...hints].sort((a, b) => depth(a.from) - depth(b.from))) {
    const befores = pool.gone.filter((object) => answersTo(object, hint.from));
    const pairs = befores.flatMap((before) =>
      pool.come
        .filter((after) => after.kind === before.kind && answersTo(after, completed(hint.to, hint.from)))
        .filter((after) => sameParent(before, after, renames))
        .map((after) => ({ before, after })),
    );
    const [pair] = pairs;
    if (!pair || pairs.length > 1) {
      if (hint.required) throw unknownRename(hint, pairs.length, pool, dialect);
      continue;
    }
    // The same may be said by a flag and by a comment; what a flag says wins.
    const said = renames.find(({ before, after }) => before === pair.before || after === pair.after);
    if (said === undefined) renames.push(pair);
    else if (hint.required && (said.before !== pair.before || said.after !== pair.after))
      throw contradiction(hint, said, dialect);
  }
  return renames;
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

/**
 * Parts whose name is all that differs: after a table is renamed, its `users_pkey` is to be `accounts_pkey`.
 * They carry no data, so nobody is asked.
 */
export function followingRenames(from: Schema, to: Schema, dialect: Dialect): Rename[] {
  const come = [...to.objects.values()].filter((object) => !from.objects.has(object.id));
  const taken = new Set<string>();
  const renames: Rename[] = [];
  for (const before of from.objects.values()) {
    const kind = dialect.kind(before.kind);
    if (to.objects.has(before.id) || kind.holdsData || !kind.rename) continue;
    if (kind.renamedWithAnother?.(before)) continue;
    const matches = come.filter(
      (after) =>
        after.kind === before.kind &&
        after.parent === before.parent &&
        after.schema === before.schema &&
        !taken.has(after.id) &&
        sameValue(before.props, after.props) &&
        sameValue([...before.dependsOn], [...after.dependsOn]),
    );
    const [after] = matches;
    if (!after) continue;
    taken.add(after.id);
    renames.push({ before, after });
  }
  return renames;
}

interface Unmatched {
  readonly gone: readonly SchemaObject[];
  readonly come: readonly SchemaObject[];
}

function unmatched(from: Schema, to: Schema, dialect: Dialect): Unmatched {
  const only = (a: Schema, b: Schema): SchemaObject[] =>
    [...a.objects.values()].filter(
      (object) =>
        !b.objects.has(object.id) &&
        dialect.kind(object.kind).holdsData === true &&
        dialect.kind(object.kind).rename &&
        !dialect.kind(object.kind).renamedWithAnother?.(object),
    );
  return { gone: only(from, to), come: only(to, from) };
}

/** The dotted name of an object without its kind: `public.users.email`. */
function dotted(object: SchemaObject): string {
  return object.id.slice(object.id.indexOf(':') + 1);
}

function answersTo(object: SchemaObject, name: string): boolean {
  const full = dotted(object);
  return full === name || full === `public.${name}` || full === `main.${name}`;
}

/** `users.nick=display_name` means `users.display_name`. */
function completed(to: string, from: string): string {
  const dot = from.lastIndexOf('.');
  return dot === -1 || to.includes('.') ? to : `${from.slice(0, dot)}.${to}`;
}

function depth(name: string): number {
  return name.split('.').length;
}

function sameParent(before: SchemaObject, after: SchemaObject, renames: readonly Rename[]): boolean {
  if (before.parent === after.parent) return before.schema === after.schema;
  return renames.some((rename) => rename.before.id === before.parent && rename.after.id === after.parent);
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

function unknownRename(hint: RenameHint, matches: number, pool: Unmatched, dialect: Dialect): TidemarkError {
  const names = (objects: readonly SchemaObject[]) =>
    objects.map((object) => dialect.kind(object.kind).label(object)).join(', ');
  return new TidemarkError(
    'rename-unknown',
    matches > 1
      ? `${hint.source} fits more than one object`
      : `${hint.source} names nothing that goes and comes in this change`,
    {
      exitCode: 2,
      hints: [
        pool.gone.length > 0
          ? `What goes: ${names(pool.gone)}.`
          : 'Nothing that holds data goes in this change.',
        pool.come.length > 0
          ? `What comes: ${names(pool.come)}.`
          : 'Nothing that holds data comes in this change.',
      ],
    },
  );
}

function contradiction(hint: RenameHint, { before, after }: Rename, dialect: Dialect): TidemarkError {
  const kind = dialect.kind(before.kind);
  return new TidemarkError(
    'rename-invalid',
    `${hint.source} contradicts another answer: ${kind.label(before)} becomes ${kind.label(after)}`,
    { exitCode: 2, hints: ['Each thing has one old name and one new one: leave one of the two out.'] },
  );
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
