import type { ToolTable } from './tool-bookkeeping.js';

/** A plain JSON value: what properties are made of, so that they can be compared, cached and printed. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

export type Properties = Readonly<Record<string, Value>>;

/**
 * One fact about a schema: a table, but also a column, a column's default, a constraint, a comment.
 * The grain is fine on purpose: what can be created, changed or dropped on its own is an object of its
 * own, so that the planner can take a cycle apart without knowing what the objects are.
 */
export interface SchemaObject {
  /** Readable and stable: `table:public.users`, `column:public.users.email`. Built by `objectId`. */
  readonly id: string;
  readonly kind: string;
  /** The name it has within its namespace or parent, as the catalog stores it (not quoted). */
  readonly name: string;
  /** Its namespace as the catalog stores it; null for what lives outside one. */
  readonly schema: string | null;
  /** The object it is a part of: a column's table, a comment's subject. */
  readonly parent: string | null;
  /** What is compared. */
  readonly props: Properties;
  /** What is needed to write it down but is never a difference: a column's place, a sequence's last value. */
  readonly info: Properties;
  /** Ids of what must exist for this to exist, its parent included. Sorted, without duplicates. */
  readonly dependsOn: readonly string[];
}

/**
 * The id of an object from its kind and the parts of its name. Parts with characters that would make the
 * id ambiguous are written in double quotes, quotes doubled, as SQL would.
 */
export function objectId(kind: string, ...parts: readonly string[]): string {
  return `${kind}:${parts.map(idPart).join('.')}`;
}

/** The id of a part of something: of the column `email` of `table:public.users`. Cheap, for there are many. */
export function partId(kind: string, whole: string, name: string): string {
  return `${kind}:${whole.slice(whole.indexOf(':') + 1)}.${idPart(name)}`;
}

/** The parts of the name in an id, as they were given to `objectId`. */
export function objectPath(id: string): string[] {
  const name = id.slice(id.indexOf(':') + 1);
  if (!name.includes('"')) return name.split('.');
  return [...name.matchAll(/(?:^|\.)(?:"((?:[^"]|"")*)"|([^".]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

/** The last part of the name in an id: the column of `default:public.users.email`. Cheaper than `objectPath`. */
export function lastPart(id: string): string {
  return id.includes('"')
    ? objectPath(id).at(-1)!
    : id.slice(Math.max(id.lastIndexOf('.'), id.indexOf(':')) + 1);
}

function idPart(part: string): string {
  return /[.":]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part;
}

/** Something found in a database that Tidemark does not manage yet. Reported by name, never ignored. */
export interface UnmanagedObject {
  /** The field's word for it: `policy`, `event trigger`, `partitioned table`. */
  readonly kind: string;
  /** Its full name as a person would write it. */
  readonly name: string;
}

/** The whole state of a schema, wherever it came from. */
export interface Schema {
  readonly engine: 'postgres' | 'sqlite';
  /** `versionNumber` of the engine it was read from. */
  readonly engineVersion: number;
  /** Sorted by id. */
  readonly objects: ReadonlyMap<string, SchemaObject>;
  readonly unmanaged: readonly UnmanagedObject[];
  /** Other tools' bookkeeping that is there. */
  readonly leftAlone: readonly ToolTable[];
}

/** Builds a Schema with its objects in a stable order. Throws when two objects claim one id: a reader's bug. */
export function makeSchema(
  engine: Schema['engine'],
  engineVersion: number,
  objects: Iterable<SchemaObject>,
  unmanaged: readonly UnmanagedObject[] = [],
  leftAlone: readonly ToolTable[] = [],
): Schema {
  const byId = new Map<string, SchemaObject>();
  for (const object of objects) {
    if (byId.has(object.id)) throw new Error(`two objects with the id ${object.id}`);
    byId.set(object.id, object);
  }
  return { engine, engineVersion, objects: sortedById(byId), unmanaged, leftAlone };
}

/** The same map in the order that a schema has its objects in. */
export function sortedById(byId: ReadonlyMap<string, SchemaObject>): Map<string, SchemaObject> {
  const map = new Map<string, SchemaObject>();
  // Without a function sort compares by code unit, as compareText does, and several times as fast.
  for (const id of [...byId.keys()].sort()) map.set(id, byId.get(id)!);
  return map;
}

/** Orders by code unit, never by locale: the same input gives the same bytes on every machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
