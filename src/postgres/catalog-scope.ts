/** Tidemark's own bookkeeping schema: never part of anybody's schema. */
export const BOOKKEEPING_SCHEMA = 'tidemark';

/** OIDs of the catalogs, the same in every PostgreSQL: what `classid` holds in pg_depend and in our rows. */
export const CATALOG = {
  pg_type: 1247,
  pg_attribute: 1249,
  pg_proc: 1255,
  pg_class: 1259,
  pg_attrdef: 2604,
  pg_amop: 2602,
  pg_amproc: 2603,
  pg_authid: 1260,
  pg_auth_members: 1261,
  pg_db_role_setting: 2964,
  pg_cast: 2605,
  pg_constraint: 2606,
  pg_conversion: 2607,
  pg_language: 2612,
  pg_namespace: 2615,
  pg_opclass: 2616,
  pg_operator: 2617,
  pg_rewrite: 2618,
  pg_trigger: 2620,
  pg_opfamily: 2753,
  pg_extension: 3079,
  pg_foreign_data_wrapper: 2328,
  pg_foreign_server: 1417,
  pg_user_mapping: 1418,
  pg_publication: 6104,
  pg_publication_rel: 6106,
  pg_publication_namespace: 6237,
  pg_subscription: 6100,
  pg_am: 2601,
  pg_policy: 3256,
  pg_event_trigger: 3466,
  pg_collation: 3456,
  pg_transform: 3576,
  pg_ts_dict: 3600,
  pg_ts_parser: 3601,
  pg_ts_config: 3602,
  pg_ts_config_map: 3603,
  pg_ts_template: 3764,
} as const;

/** The first OID that is not taken by initdb: everything below belongs to the system (or is `public`). */
export const FIRST_USER_OID = 16384;

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
export function isNotExtensionMember(catalog: string, oid: string): string {
  return `${oid} NOT IN (SELECT d.objid FROM pg_depend d WHERE d.refclassid = ${CATALOG.pg_extension} AND d.classid = '${catalog}'::regclass AND d.deptype = 'e')`;
}
