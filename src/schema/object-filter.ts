import { TidemarkError } from '../errors.js';
import { didYouMean } from '../suggest.js';
import type { Dialect, ObjectFilter } from './dialect.js';
import { objectId, objectPath, type SchemaObject } from './object.js';
import { type BookkeepingTerms, type ToolTable, toolBookkeeping } from './tool-bookkeeping.js';

/** What a pattern is held against. */
export interface FilterSubject {
  readonly kind: string;
  /** By `objectId`: its path is schema and table, schema, table and column, or a schema alone. */
  readonly id: string;
}

/** What a filter takes out of a schema. */
export interface Selection {
  /** Ids of all that is left out, parts with their wholes. */
  readonly out: ReadonlySet<string>;
  /** What was left out because another tool keeps its books in it. */
  readonly bookkeeping: readonly ToolTable[];
}

/** The filter that an environment's settings make, as every reader takes it; `besides` is left out too. */
export function filterOf(
  { exclude, include, withoutKinds, withKinds }: Required<ObjectFilter>,
  besides: readonly string[] = [],
): ObjectFilter {
  return { exclude: [...exclude, ...besides], include, withoutKinds, withKinds };
}

const NOTHING: Selection = { out: new Set(), bookkeeping: [] };

/**
 * Says what a filter leaves out of a schema: what it excludes, what it does not include where it includes anything, and
 * other tools' bookkeeping that no pattern of `include` names. What belongs to something, or lies in a schema, goes with it.
 *
 *   `old_*`          whatever stands on its own under such a name, in any schema, or a schema of that name
 *   `audit.*`        everything in the schema audit, but not the schema
 *   `users.email`    a column (in the default schema), as `public.users.email` would
 *   `trigger:log_*`  only triggers; the name alone is enough
 *   `*`              everything
 *
 * `*` stands for any number of characters without a dot, case counts.
 */
export function selectObjects(
  objects: ReadonlyMap<string, SchemaObject>,
  filter: ObjectFilter,
  terms: BookkeepingTerms,
): Selection {
  const excluded = compileFilter({ ...filter, include: undefined }, terms.defaultSchema);
  const included = includedOf(objects, filter, terms.defaultSchema);
  const bookkeeping = toolBookkeeping(objects, terms);
  const named = (filter.include ?? []).filter((pattern) => !pattern.includes('*')).map(compilePattern);
  for (const id of bookkeeping.keys()) {
    const subject = objects.get(id)!;
    const home = homeOf(subject, objects);
    if (named.some((one) => [subject, home].some((it) => it && matches(one, it, terms.defaultSchema))))
      bookkeeping.delete(id);
  }
  const whole = filter.exclude.length === 0 && (filter.withoutKinds ?? []).length === 0;
  if (whole && included === undefined && bookkeeping.size === 0) return NOTHING;
  const known = new Map<string, boolean>();
  const isOut = (object: SchemaObject): boolean => {
    const before = known.get(object.id);
    if (before !== undefined) return before;
    const home = homeOf(object, objects);
    const out =
      excluded(object) ||
      bookkeeping.has(object.id) ||
      (included !== undefined && !included.has(object.id)) ||
      (home !== undefined && isOut(home));
    known.set(object.id, out);
    return out;
  };
  const out = new Set<string>();
  for (const object of objects.values()) if (isOut(object)) out.add(object.id);
  return { out, bookkeeping: [...bookkeeping.values()] };
}

/** What an object goes with: the whole it is a part of, or its schema. */
function homeOf({ parent, schema }: SchemaObject, objects: ReadonlyMap<string, SchemaObject>) {
  if (parent !== null) return objects.get(parent);
  return schema === null ? undefined : objects.get(objectId('schema', schema));
}

/**
 * What `include` takes in: whatever it names with all that belongs to it, and the schemas that has to lie in, without
 * their own parts. The default schema is there in any case, as it is in a new database. Undefined: everything.
 */
function includedOf(
  objects: ReadonlyMap<string, SchemaObject>,
  { include }: ObjectFilter,
  defaultSchema: string | null,
): ReadonlySet<string> | undefined {
  if (include === undefined) return undefined;
  const patterns = include.map(compilePattern);
  const known = new Map<string, boolean>();
  const isIn = (object: SchemaObject): boolean => {
    const before = known.get(object.id);
    if (before !== undefined) return before;
    const home = homeOf(object, objects);
    const found =
      patterns.some((pattern) => matches(pattern, object, defaultSchema)) ||
      (home !== undefined && isIn(home));
    known.set(object.id, found);
    return found;
  };
  const all = new Set<string>(defaultSchema === null ? [] : [objectId('schema', defaultSchema)]);
  for (const object of objects.values()) {
    if (!isIn(object)) continue;
    all.add(object.id);
    if (object.schema !== null) all.add(objectId('schema', object.schema));
  }
  return all;
}

/** Compiles a filter for what has a name and no parts; the result says whether it is left out. */
export function compileFilter(
  filter: ObjectFilter,
  defaultSchema: string | null,
): (...names: readonly FilterSubject[]) => boolean {
  const patterns = filter.exclude.map(compilePattern);
  const without = new Set(filter.withoutKinds);
  const include = filter.include?.map(compilePattern);
  const one = (list: readonly Pattern[], names: readonly FilterSubject[]) =>
    list.some((pattern) => names.some((subject) => matches(pattern, subject, defaultSchema)));
  if (patterns.length === 0 && without.size === 0 && include === undefined) return () => false;
  return (...names) =>
    names.some(({ kind }) => without.has(kind)) ||
    one(patterns, names) ||
    (include !== undefined && !one(include, names));
}

interface Pattern {
  readonly kind: string | undefined;
  readonly parts: readonly RegExp[];
  readonly everything: boolean;
}

function compilePattern(text: string): Pattern {
  const { kind, name } = patternParts(text);
  const parts = name
    .split('.')
    .map((part) => new RegExp(`^${part.split('*').map(escapeRegExp).join('.*')}$`, 's'));
  return { kind, parts, everything: text === '*' };
}

/** The kind in front of a pattern, as kinds are named, and the rest. */
export function patternParts(text: string): { readonly kind: string | undefined; readonly name: string } {
  const [, kind, name] = /^(?:([a-z][a-z -]*):)?(.*)$/s.exec(text)!;
  return { kind: kind?.replaceAll(' ', '-'), name: name! };
}

/** True for what can name something. */
export function isPattern(text: string): boolean {
  return patternParts(text)
    .name.split('.')
    .every((part) => part.trim() !== '');
}

/** Throws TidemarkError `usage` (exit code 2) for a pattern of `include` that can match nothing: all would be left out. */
export function requireUsable({ include = [] }: ObjectFilter, { kinds }: Pick<Dialect, 'kinds'>): void {
  for (const pattern of include) {
    const { kind } = patternParts(pattern);
    const known = kind === undefined || kinds === undefined || kinds.includes(kind);
    if (known && isPattern(pattern)) continue;
    const reason = known ? 'a name is missing in it' : `there is no kind ${kind}${didYouMean(kind, kinds)}`;
    throw new TidemarkError('usage', `the pattern "${pattern}" of include matches nothing: ${reason}`, {
      exitCode: 2,
      hints: ['Patterns: schema.name with *, kind:schema.name, or * for everything.'],
    });
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function matches(
  { kind, parts, everything }: Pattern,
  { kind: of, id }: FilterSubject,
  defaultSchema: string | null,
): boolean {
  if (everything) return true;
  if (kind !== undefined && kind !== of.replaceAll(' ', '-')) return false;
  const path = objectPath(id);
  if (parts.length === 1) {
    const alone = path.length <= 2 || kind !== undefined;
    return alone && parts[0]!.test(path.at(-1) ?? '');
  }
  return fits(parts, path) || (path[0] === defaultSchema && fits(parts, path.slice(1)));
}

function fits(parts: readonly RegExp[], path: readonly string[]): boolean {
  return parts.length === path.length && parts.every((part, index) => part.test(path[index]!));
}
