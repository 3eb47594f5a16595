import { TidemarkError } from '../errors.js';
import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import { objectPath, type Schema, type SchemaObject } from './object.js';
import { type Rename, type RenameHint, renameables, unmatched } from './rename.js';

type Objects = ReadonlyMap<string, SchemaObject>;
type Said = Rename & { readonly hint: RenameHint };

/**
 * The renames that hints name, each once, tables before their columns; of hints that contradict each other the
 * first counts. Names may be handed on (`a=b` with `b=c`) and, where flags say so, swapped: comments stay where they are
 * and would swap them again. Throws `rename-unknown` for a required hint that fits nothing, and `rename-invalid` for one
 * that contradicts a hint before it.
 */
export function resolveRenames(
  hints: readonly RenameHint[],
  from: Schema,
  to: Schema,
  dialect: Dialect,
): Rename[] {
  if (hints.length === 0) return [];
  const [old, next] = [renameables(from, dialect), renameables(to, dialect)];
  const renames: Said[] = [];
  for (const hint of [...hints].sort((a, b) => depth(a.from) - depth(b.from))) {
    const pairs = pairsFor(hint, old, next, renames, dialect);
    const [pair] = pairs;
    if (!pair || pairs.length > 1) {
      if (hint.required) throw unknownRename(hint, pairs, unmatched(from, to, dialect), dialect);
      continue;
    }
    // The same may be said by a flag and by a comment; what a flag says wins.
    const said = renames.find(({ before, after }) => before === pair.before || after === pair.after);
    if (said === undefined) renames.push({ ...pair, hint });
    else if (hint.required && (said.before !== pair.before || said.after !== pair.after))
      throw contradiction(hint, said, dialect);
  }
  const possible = possibleRenames(renames, old, next);
  for (const { hint } of renames.filter((rename) => !possible.includes(rename))) {
    if (hint.required) throw unknownRename(hint, [], unmatched(from, to, dialect), dialect);
  }
  return possible.map(({ before, after }) => ({ before, after }));
}

/** What a hint can mean: best what goes and comes, and of that what holds data. */
function pairsFor(
  hint: RenameHint,
  old: Objects,
  next: Objects,
  renames: readonly Rename[],
  dialect: Dialect,
): Rename[] {
  const befores = [...old.values()].filter((object) => answersTo(object, hint.from));
  const afters = [...next.values()].filter((object) => isCalled(object, hint.to));
  const pairs = befores.flatMap((before) =>
    afters
      .filter((after) => after.kind === before.kind && after.id !== before.id)
      .filter((after) => isSamePlace(before, after, renames))
      .map((after) => ({ before, after })),
  );
  const best = [
    ({ before, after }: Rename) => !next.has(before.id) && !old.has(after.id),
    ({ before }: Rename) => dialect.kind(before.kind).holdsData === true,
  ];
  return best.reduce((left, holds) => {
    const better = left.filter(holds);
    return better.length > 0 ? better : left;
  }, pairs);
}

/** A name that stays has to be taken over by another rename, and one that was there to be given up by one. */
function possibleRenames(renames: readonly Said[], old: Objects, next: Objects): Said[] {
  let left = [...renames];
  for (;;) {
    const kept = left.filter(
      ({ before, after }) =>
        (!next.has(before.id) || left.some((other) => other.after.id === before.id)) &&
        (!old.has(after.id) || left.some((other) => other.before.id === after.id)),
    );
    if (kept.length === left.length) break;
    left = kept;
  }
  return left.filter((rename) => {
    const circle = [rename];
    for (;;) {
      const onward = left.find(({ before }) => before.id === circle.at(-1)!.after.id);
      if (onward === undefined) return true;
      if (onward === rename) return circle.every(({ hint }) => hint.required);
      if (circle.includes(onward)) return true;
      circle.push(onward);
    }
  });
}

/** `users`, `public.users`, `table:users`; a function also without its arguments. */
export function answersTo(object: SchemaObject, name: string): boolean {
  const bare = name.startsWith(`${object.kind}:`) ? name.slice(object.kind.length + 1) : name;
  const id = object.id.slice(object.id.indexOf(':') + 1);
  const names = [id, objectPath(object.id).join('.')];
  if (object.parent === null && object.schema !== null) names.push(`${object.schema}.${object.name}`);
  return names.some((full) => full === bare || full === `public.${bare}` || full === `main.${bare}`);
}

/** `users.nick=display_name` means `users.display_name`: a name alone is looked for in the place of the old one. */
function isCalled(object: SchemaObject, name: string): boolean {
  return object.name === name || answersTo(object, name);
}

function withoutArguments(name: string): string {
  return name.replace(/\(.*$/s, '');
}

function depth(name: string): number {
  return withoutArguments(name).split('.').length;
}

/** True when both stand in the same place, what is renamed around them taken into account. */
function isSamePlace(before: SchemaObject, after: SchemaObject, renames: readonly Rename[]): boolean {
  if (!isSameNamespace(before.schema, after.schema, renames)) return false;
  if (before.parent === after.parent) return true;
  if (before.parent === null || after.parent === null) return false;
  if (renames.some((rename) => rename.before.id === before.parent && rename.after.id === after.parent))
    return true;
  const [old, next] = [objectPath(before.parent), objectPath(after.parent)];
  return (
    old.length > 1 &&
    sameValue(old.slice(1), next.slice(1)) &&
    isSameNamespace(old[0]!, next[0]!, renames) &&
    before.parent.split(':')[0] === after.parent.split(':')[0]
  );
}

function isSameNamespace(before: string | null, after: string | null, renames: readonly Rename[]): boolean {
  return (
    before === after ||
    renames.some(
      (rename) =>
        rename.before.schema === null && rename.before.name === before && rename.after.name === after,
    )
  );
}

function unknownRename(
  hint: RenameHint,
  pairs: readonly Rename[],
  pool: ReturnType<typeof unmatched>,
  dialect: Dialect,
): TidemarkError {
  const names = (objects: readonly SchemaObject[]) =>
    objects.map((object) => dialect.kind(object.kind).label(object)).join(', ');
  if (pairs.length > 1) {
    const exact = pairs.map(({ before, after }) => `${before.id}=${after.id}`).join(' or ');
    return new TidemarkError('rename-unknown', `${hint.source} fits more than one object`, {
      exitCode: 2,
      hints: [`Say which one is meant: ${exact}.`],
    });
  }
  return new TidemarkError(
    'rename-unknown',
    `${hint.source} names nothing that goes and comes in this change`,
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
