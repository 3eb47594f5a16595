/** Tidemark's own bookkeeping schema: never part of anybody's schema. */
export const BOOKKEEPING_SCHEMA = 'tidemark';

/** The catalogs whose objects Tidemark looks up by OID. */
export type Catalog =
  | 'pg_class'
  | 'pg_type'
  | 'pg_proc'
  | 'pg_namespace'
  | 'pg_constraint'
  | 'pg_trigger'
  | 'pg_extension'
  | 'pg_attrdef'
  | 'pg_rewrite'
  | (string & {});

/**
 * SQL condition: the schema belongs to the user. `nspname` is the column with the schema's name, usually
 * `n.nspname`. Leaves out pg_catalog, pg_toast, temporary schemas, information_schema and our own.
 */
export function isUserSchema(nspname: string): string {
  return `(left(${nspname}, 3) <> 'pg_' AND ${nspname} NOT IN ('information_schema', '${BOOKKEEPING_SCHEMA}'))`;
}

/**
 * SQL condition: the object was not made by an extension (pg_depend deptype `e`). `oid` is the column with
 * its OID, `catalog` where it lives. Written as NOT IN because that becomes one hashed subplan over an
 * index range of pg_depend, however many objects are looked at.
 *
 * Parts have no `e` row of their own, and neither have the row and array types that come with a relation or
 * a type: ask for the owner (an index's table, an array's element).
 */
export function isNotExtensionMember(catalog: Catalog, oid: string): string {
  return `${oid} NOT IN (SELECT d.objid FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.classid = '${catalog}'::regclass AND d.deptype = 'e')`;
}

/** SQL expression for `CatalogRow.classid`. */
export function classId(catalog: Catalog): string {
  return `'${catalog}'::regclass::oid::int8`;
}
