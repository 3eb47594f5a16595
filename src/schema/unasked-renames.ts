import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import type { Schema, SchemaObject } from './object.js';
import { type Rename, similarity } from './rename.js';

/**
 * Parts whose name is all that differs: after a table is renamed, its `users_pkey` is to be `accounts_pkey`, and its
 * `users_id_seq` `accounts_id_seq`. Nobody is asked.
 */
export function followingRenames(from: Schema, to: Schema, dialect: Dialect): Rename[] {
  return sameButName(from, to, dialect, (before, after) => {
    const kind = dialect.kind(before.kind);
    return kind.holdsData !== true || kind.isNamedAfterParent?.(after) === true;
  });
}

/**
 * What differs by its name alone and would be made again at a cost: an index is built, a type's columns are written
 * again. Nothing is lost either way, so nobody is asked.
 */
export function unaskedRenames(from: Schema, to: Schema, dialect: Dialect): Rename[] {
  return sameButName(
    from,
    to,
    dialect,
    (before) =>
      dialect.kind(before.kind).worthRenaming === true &&
      (before.parent === null || to.objects.has(before.parent)),
  );
}

function sameButName(
  from: Schema,
  to: Schema,
  dialect: Dialect,
  mayFollow: (before: SchemaObject, after: SchemaObject) => boolean,
): Rename[] {
  const come = [...to.objects.values()].filter(
    (object) => !from.objects.has(object.id) && dialect.kind(object.kind).rename !== undefined,
  );
  if (come.length === 0) return [];
  const taken = new Set<string>();
  const renames: Rename[] = [];
  let occupied: Set<string> | undefined;
  const slots = (object: SchemaObject) => dialect.kind(object.kind).slots?.(object) ?? [];
  const isFree = (before: SchemaObject, after: SchemaObject): boolean => {
    const own = slots(before);
    occupied ??= new Set([...from.objects.values()].flatMap(slots));
    return slots(after).every((slot) => own.includes(slot) || !occupied!.has(slot));
  };
  for (const before of from.objects.values()) {
    const kind = dialect.kind(before.kind);
    if (to.objects.has(before.id) || !kind.rename || kind.renamedWithAnother?.(before)) continue;
    const [after] = come
      .filter(
        (object) =>
          object.kind === before.kind &&
          object.name !== before.name &&
          object.parent === before.parent &&
          object.schema === before.schema &&
          !taken.has(object.id) &&
          mayFollow(before, object) &&
          sameValue(before.props, object.props) &&
          sameValue([...before.dependsOn], [...object.dependsOn]) &&
          isFree(before, object),
      )
      .sort((a, b) => similarity(b.name, before.name) - similarity(a.name, before.name));
    if (!after) continue;
    taken.add(after.id);
    renames.push({ before, after });
  }
  return renames;
}
