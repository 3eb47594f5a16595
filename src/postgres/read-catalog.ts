import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { ObjectFilter } from '../schema/dialect.js';
import {
  compareText,
  objectId,
  type Schema,
  type SchemaObject,
  sortedById,
  type UnmanagedObject,
} from '../schema/object.js';
import { compileFilter, type FilterSubject, selectObjects } from '../schema/object-filter.js';
import type { ToolTable } from '../schema/tool-bookkeeping.js';
import { type Rows, readRows } from './catalog-rows.js';
import { inCatalogSession, isInTransaction } from './catalog-session.js';
import { AddressBook, DEPENDENCY_QUERY, type DependencyRow, resolveDependencies } from './dependencies.js';
import { DEFAULT_SCHEMA } from './identifiers.js';
import { postgresKinds } from './kinds/index.js';
import type { CatalogRow, ObjectDraft, PostgresKind } from './postgres-kind.js';
import { unmanagedQuery } from './unmanaged.js';

/** How often a read starts over when somebody changes the schema under it. */
const ATTEMPTS = 8;

/** The catalog functions see newer data than the snapshot; this is for when they no longer know an object. */
class CatalogMoved extends TidemarkError {
  constructor(cause?: unknown) {
    super('schema-changing', 'the schema was changed by somebody else while it was being read', {
      cause,
      hints: ['Run the command again when the other change is done.'],
    });
  }
}

/**
 * Reads everything Tidemark manages, in one snapshot and a few queries, and names what it does not manage.
 * Works inside an open transaction too, and then sees its uncommitted changes. Never changes anything.
 * Throws DatabaseError when the server refuses, TidemarkError `schema-changing` when others change it all the time.
 */
export async function readSchema(
  connection: Connection,
  filter: ObjectFilter = { exclude: [] },
): Promise<Schema> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inCatalogSession(connection, () => readSnapshot(connection, filter));
    } catch (error) {
      if (!isConcurrentChange(error)) throw error;
      if (attempt === ATTEMPTS || (await isLocked(connection))) throw new CatalogMoved(error);
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}

/** True when reading again cannot help: the transaction that failed is the caller's. */
async function isLocked(connection: Connection): Promise<boolean> {
  return isInTransaction(connection).catch(() => true);
}

function isConcurrentChange(error: unknown): boolean {
  if (error instanceof CatalogMoved) return true;
  return error instanceof DatabaseError && /cache lookup failed|could not open relation/.test(error.message);
}

async function readSnapshot(connection: Connection, filter: ObjectFilter): Promise<Schema> {
  const version = connection.versionNumber;
  const batches = inBatches(
    postgresKinds.filter(({ name, optIn }) => !optIn || filter.withKinds?.includes(name)),
  );
  // All queries are sent at once: while the server works on the next, we work on the answer to the last. What
  // gives us least to do comes last.
  const pending = batches.map((kinds) =>
    readRows<CatalogRow>(
      connection,
      kinds.map((kind) => ({ query: kind.query(version), columns: kind.columns })),
    ),
  );
  const pendingDependencies = readRows<DependencyRow>(connection, [{ query: DEPENDENCY_QUERY }]);
  const pendingUnmanaged = readRows<UnmanagedObject>(connection, [{ query: unmanagedQuery(version) }]);
  // One failure makes the others fail too; all must have come back before the transaction is closed.
  const allBack = Promise.allSettled([...pending, pendingDependencies, pendingUnmanaged]);
  const reading = new Reading(version, filter);
  try {
    for (const [index, kinds] of batches.entries()) {
      const answers = await pending[index]!;
      kinds.forEach((kind, place) => {
        answers[place]!((row) => reading.add(kind, row));
      });
    }
    const [dependencies] = await pendingDependencies;
    reading.connect(dependencies!);
    const [unmanaged] = await pendingUnmanaged;
    return reading.finish(unmanaged!);
  } finally {
    await allBack;
  }
}

/** The kinds that are asked for together: in a few parts of about the same size, so that neither side waits for long. */
function inBatches(kinds: readonly PostgresKind[]): (readonly PostgresKind[])[] {
  const cuts = ['column', 'constraint'].map((name) => kinds.findIndex((kind) => kind.name === name) + 1);
  return [...cuts, kinds.length].map((cut, index) => kinds.slice(cuts[index - 1] ?? 0, cut));
}

/** An object whose dependencies are still being collected. */
type Growing = SchemaObject & { readonly dependsOn: string[] };

const NO_INFO = {};

/** What has been read of one snapshot so far. */
class Reading {
  readonly #version: number;
  readonly #addresses = new AddressBook();
  readonly #objects = new Map<string, Growing>();
  readonly #unmanaged: UnmanagedObject[] = [];
  readonly #idAt: Parameters<PostgresKind['read']>[2] = (classid, objid, objsubid) =>
    this.#addresses.at(classid, objid, objsubid);
  readonly #filter: ObjectFilter;
  #leftAlone: readonly ToolTable[] = [];

  constructor(version: number, filter: ObjectFilter) {
    this.#version = version;
    this.#filter = filter;
  }

  add(kind: PostgresKind, row: CatalogRow): void {
    if (row.definition === null) throw new CatalogMoved();
    const read = kind.read(row, this.#version, this.#idAt);
    if (read === undefined) return;
    if ('unmanaged' in read) {
      this.#unmanaged.push(read.unmanaged);
      return;
    }
    const id = read.id ?? objectId(read.kind, ...read.path);
    const { size } = this.#objects;
    // JSON has OIDs as texts unless they were cast.
    this.#addresses.add(Number(row.classid), Number(row.objid), Number(row.objsubid), id);
    this.#objects.set(id, {
      id,
      kind: read.kind,
      name: read.name,
      schema: read.schema,
      parent: read.parent,
      props: read.props,
      info: read.info ?? NO_INFO,
      dependsOn: dependsOn(read),
    });
    if (this.#objects.size === size) throw new Error(`two objects with the id ${id}`);
  }

  /** Gives every object what it depends on, and takes out what is left out. To be called after the last `add`. */
  connect(dependencies: Rows<DependencyRow>): void {
    const rows: DependencyRow[] = [];
    dependencies((row) => rows.push(row));
    resolveDependencies(rows, this.#addresses, (dependent, needed) =>
      this.#objects.get(dependent)!.dependsOn.push(needed),
    );
    this.#leaveOut();
    correctDependencies(this.#objects);
    for (const object of this.#objects.values()) tidy(object, this.#objects);
  }

  finish(unmanaged: Rows<UnmanagedObject>): Schema {
    unmanaged((object) => this.#unmanaged.push(object));
    const excluded = compileFilter(this.#filter, DEFAULT_SCHEMA);
    const left = this.#unmanaged.filter((object) => !excluded(...unmanagedSubjects(object)));
    return {
      engine: 'postgres',
      engineVersion: this.#version,
      objects: sortedById(this.#objects),
      unmanaged: left.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name)),
      leftAlone: this.#leftAlone,
    };
  }

  /** Removes what the filter leaves out, with its parts, and gives the others their home to depend on. */
  #leaveOut(): void {
    const { out, bookkeeping } = selectObjects(this.#objects, this.#filter, {
      defaultSchema: DEFAULT_SCHEMA,
      ignoresCase: false,
    });
    this.#leftAlone = bookkeeping;
    // Parents are read before their parts, so one pass sees all.
    for (const { id, parent, schema, dependsOn } of this.#objects.values()) {
      if (out.has(id) || (parent !== null && !this.#objects.has(parent))) this.#objects.delete(id);
      else if (parent === null && schema !== null) dependsOn.push(objectId('schema', schema));
    }
  }
}

/** A list that is not empty from the start takes much less memory than one that is added to. */
function dependsOn({ parent, needs }: ObjectDraft): string[] {
  if (needs === undefined) return parent === null ? [] : [parent];
  return parent === null ? [...needs] : [parent, ...needs];
}

/** Lets the kinds that know better correct what pg_depend says. Few schemas have objects of such kinds. */
function correctDependencies(objects: ReadonlyMap<string, Growing>): void {
  const correcting = new Map(
    postgresKinds.flatMap((kind) => (kind.correctDependencies ? [[kind.name, kind]] : [])),
  );
  let dependents: Map<string, Growing[]> | undefined;
  for (const object of objects.values()) {
    const kind = correcting.get(object.kind);
    if (kind === undefined) continue;
    dependents ??= invert(objects);
    kind.correctDependencies!(object, {
      needs: (id) => objects.get(id)?.dependsOn ?? [],
      dependents: (id) => dependents!.get(id) ?? [],
      add: (dependent, needed) => objects.get(dependent)?.dependsOn.push(needed),
      remove(dependent, needed) {
        const list = objects.get(dependent)?.dependsOn ?? [];
        list.splice(0, list.length, ...list.filter((id) => id !== needed));
      },
    });
  }
}

function invert(objects: ReadonlyMap<string, Growing>): Map<string, Growing[]> {
  const dependents = new Map<string, Growing[]>();
  for (const object of objects.values()) {
    for (const needed of object.dependsOn) {
      const known = dependents.get(needed);
      if (known === undefined) dependents.set(needed, [object]);
      else known.push(object);
    }
  }
  return dependents;
}

/** Sorts the dependencies and takes out what is there twice or not at all. */
function tidy({ id, dependsOn }: Growing, kept: ReadonlyMap<string, unknown>): void {
  if (dependsOn.length === 1 && kept.has(dependsOn[0]!)) return;
  // By code unit, as compareText does, but without calling back.
  dependsOn.sort();
  let size = 0;
  for (const needed of dependsOn) {
    if (needed !== id && needed !== dependsOn[size - 1] && kept.has(needed)) dependsOn[size++] = needed;
  }
  dependsOn.length = size;
}

/** An unmanaged object has no path, only a name for people, in which `public` is left out; it goes with its schema. */
function unmanagedSubjects({ kind, name }: UnmanagedObject): FilterSubject[] {
  const [first, ...rest] = name.split('.');
  return [
    { kind, id: objectId(kind, first!, ...rest) },
    { kind, id: objectId(kind, DEFAULT_SCHEMA, first!, ...rest) },
    ...(rest.length > 0 ? [{ kind: 'schema', id: objectId('schema', first!) }] : []),
  ];
}
