import type { ObjectKind } from '../schema/kind.js';
import type { Properties, SchemaObject, UnmanagedObject } from '../schema/object.js';

/** A row of a kind's catalog query. The three numbers are the object's address in pg_depend's terms. */
export interface CatalogRow {
  /** OID of the catalog the object lives in (`'pg_class'::regclass::oid`). */
  readonly classid: number;
  readonly objid: number;
  /** Column number, or 0. */
  readonly objsubid: number;
  readonly [column: string]: unknown;
}

/** What a kind makes of a row; the catalog reader adds `dependsOn` from pg_depend and the parent. */
export interface ObjectDraft {
  readonly kind: string;
  /** The id, where it is not made of the kind and the path: a part's can be made of the id of the whole. */
  readonly id?: string;
  /** Parts of the id after the kind, e.g. ['public', 'users', 'email']; not looked at where there is an `id`. */
  readonly path: readonly string[];
  readonly name: string;
  readonly schema: string | null;
  /** Id of the parent object, by `objectId`. */
  readonly parent: string | null;
  readonly props: Properties;
  readonly info?: Properties;
  /** Ids it needs besides what pg_depend says (its schema and its parent are added by the reader). */
  readonly needs?: readonly string[];
}

/** Who needs whom, while a schema is being read. */
export interface Dependencies {
  needs(id: string): readonly string[];
  /** What needs this object. */
  dependents(id: string): readonly SchemaObject[];
  add(dependent: string, needed: string): void;
  remove(dependent: string, needed: string): void;
}

/** A PostgreSQL kind: an ObjectKind that can also read itself from the catalogs. */
export interface PostgresKind extends ObjectKind {
  /**
   * A SELECT that gives one row for each object of this kind, run with `search_path = public` and inside
   * one REPEATABLE READ snapshot; the reader wraps it in json_agg, so every value arrives as JSON.
   * It must leave out system schemas, extension members (deptype e) and internal objects itself, with the
   * helpers of `catalog-scope.ts`. `version` is server_version_num. No `;`.
   *
   * pg_get_*def look at a newer snapshot than the query does and give NULL for what was just dropped: call
   * the column that must not be NULL `definition`, and the reader starts over when it is.
   */
  query(version: number): string;
  /**
   * For a kind of which large schemas have thousands: the names of all columns of its query but `classid`, and but
   * `objsubid` where that is 0. Its rows then come as a list a column; see `RowSource`.
   */
  readonly columns?: readonly string[];
  /**
   * Turns a row into an object, or names it as something not managed yet, or (undefined) leaves it out.
   * `idAt` gives the id of an object by its address in pg_depend's terms; it knows the objects of the kinds
   * that stand before this one in the list of kinds, and nothing for what is not managed or out of scope.
   * A part whose parent is not there is left out by the reader.
   */
  read(
    row: CatalogRow,
    version: number,
    idAt: (classid: number, objid: number, objsubid: number) => string | undefined,
  ): ObjectDraft | { readonly unmanaged: UnmanagedObject } | undefined;
  /**
   * Called for each object of this kind when all dependencies are known: corrects those that pg_depend tells in another
   * way than statements need them, its own or those of its dependents.
   */
  correctDependencies?(object: SchemaObject, dependencies: Dependencies): void;
  /** True when it is read only for those who ask for it: what belongs to the whole server. Default false. */
  readonly optIn?: boolean;
  /** How COMMENT ON, GRANT and the like call it: `TABLE users`, `COLUMN users.email`, `CONSTRAINT c ON users`. */
  reference(object: SchemaObject): string;
  /** True when the dependents of a column must go while its type changes (views, rules, policies, …). Default false. */
  readonly blocksColumnTypeChange?: boolean;
}
