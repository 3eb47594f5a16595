import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import type { Schema, SchemaObject } from './object.js';

/** One difference between two schemas. */
export type Change =
  | { readonly action: 'create'; readonly object: SchemaObject }
  | { readonly action: 'drop'; readonly object: SchemaObject }
  | {
      readonly action: 'alter';
      readonly before: SchemaObject;
      readonly after: SchemaObject;
      /** Names of the properties that differ, sorted. */
      readonly changed: readonly string[];
    };

/**
 * Compares two schemas by id and property. Only `props` count: what an object depends on and the
 * `info` it carries are never a difference in themselves. The result is sorted by id.
 */
export function diffSchemas(from: Schema, to: Schema, dialect: Pick<Dialect, 'kind'>): Change[] {
  const changes: Change[] = [];
  // 0 is what a state that no engine gave has.
  const oldest = Math.min(from.engineVersion || Infinity, to.engineVersion || Infinity);
  const isKnown = ({ kind }: SchemaObject): boolean => oldest >= (dialect.kind(kind).since ?? 0);
  for (const [id, before] of from.objects) {
    const after = to.objects.get(id);
    if (!after) {
      if (isKnown(before)) changes.push({ action: 'drop', object: before });
    } else if (before !== after) {
      const changed = changedProperties(before, after, dialect);
      if (changed.length > 0) changes.push({ action: 'alter', before, after, changed });
    }
  }
  for (const [id, object] of to.objects) {
    if (!from.objects.has(id) && isKnown(object)) changes.push({ action: 'create', object });
  }
  return changes;
}

/** The changes without those of parts that come or go with their whole: of a new table not each column. */
export function withoutParts(changes: readonly Change[]): Change[] {
  const whole = (action: 'create' | 'drop') =>
    new Set(changes.flatMap((change) => (change.action === action ? change.object.id : [])));
  const [created, dropped] = [whole('create'), whole('drop')];
  return changes.filter((change) => {
    if (change.action === 'alter' || change.object.parent === null) return true;
    return !(change.action === 'create' ? created : dropped).has(change.object.parent);
  });
}

function changedProperties(
  before: SchemaObject,
  after: SchemaObject,
  dialect: Pick<Dialect, 'kind'>,
): string[] {
  const same = dialect.kind(after.kind).sameProperty;
  const keys = new Set([...Object.keys(before.props), ...Object.keys(after.props)]);
  return [...keys]
    .filter((key) => {
      if (sameValue(before.props[key], after.props[key])) return false;
      return !same?.(key, before, after);
    })
    .sort();
}
