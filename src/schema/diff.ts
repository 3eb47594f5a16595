import type { Dialect } from './dialect.js';
import { sameValue } from './equal.js';
import { compareText, type Schema, type SchemaObject } from './object.js';

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
  const { pairs, come } = compare(from, to);
  for (const [before, after] of pairs) {
    if (after === undefined) {
      if (isKnown(before)) changes.push({ action: 'drop', object: before });
    } else {
      const changed = changedProperties(before, after, dialect);
      if (changed.length > 0) changes.push({ action: 'alter', before, after, changed });
    }
  }
  for (const object of come) if (isKnown(object)) changes.push({ action: 'create', object });
  return changes;
}

/** What differs at all, before any kind has been asked. */
interface Comparison {
  /** The objects of one schema that the other has otherwise, or (undefined) not at all. */
  readonly pairs: readonly (readonly [SchemaObject, SchemaObject | undefined])[];
  /** The objects that only the other has. */
  readonly come: readonly SchemaObject[];
}

function compare(from: Schema, to: Schema): Comparison {
  const known = COMPARISONS.get(from)?.get(to);
  if (known !== undefined) return known;
  const opposite = COMPARISONS.get(to)?.get(from);
  if (opposite !== undefined) return turned(opposite);
  const pairs: [SchemaObject, SchemaObject | undefined][] = [];
  let gone = 0;
  for (const before of from.objects.values()) {
    const after = to.objects.get(before.id);
    if (after === undefined) gone++;
    if (after === undefined || !sameProperties(before, after)) pairs.push([before, after]);
  }
  const come: SchemaObject[] = [];
  // Two of the same size have the same ids when none is gone; most ids are on both sides.
  if (from.objects.size - gone < to.objects.size) {
    for (const object of to.objects.values()) if (!from.objects.has(object.id)) come.push(object);
  }
  return remember(from, to, { pairs, come });
}

/** The comparison of the same two schemas the other way round. */
function turned({ pairs, come }: Comparison): Comparison {
  const gone = come.map((object) => [object, undefined] as const);
  const both = pairs.flatMap(([before, after]) => (after === undefined ? [] : [[after, before] as const]));
  return {
    pairs: [...gone, ...both].sort(([a], [b]) => compareText(a.id, b.id)),
    come: pairs.flatMap(([before, after]) => (after === undefined ? [before] : [])),
  };
}

/** As `sameValue`, for the many that have the same keys in the same order. */
function sameProperties({ props: a }: SchemaObject, { props: b }: SchemaObject): boolean {
  if (a === b) return true;
  for (const key in a) {
    const value = a[key];
    if (value !== b[key] && (typeof value !== 'object' || !sameValue(value, b[key]))) return false;
  }
  for (const key in b) if (!(key in a)) return false;
  return true;
}

/** A plan is followed by its reverse, which compares the same two schemas. */
const COMPARISONS = new WeakMap<Schema, WeakMap<Schema, Comparison>>();

function remember(from: Schema, to: Schema, comparison: Comparison): Comparison {
  const others = COMPARISONS.get(from) ?? new WeakMap<Schema, Comparison>();
  COMPARISONS.set(from, others.set(to, comparison));
  return comparison;
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
