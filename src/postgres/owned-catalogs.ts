import { CATALOG, FIRST_USER_OID } from './catalog-scope.js';

function owned(catalog: string, owner: string, where = 'true'): string {
  return `SELECT '${catalog}'::regclass::oid::int8 AS classid, o.oid::int8 AS objid, o.${owner} AS owner FROM ${catalog} o WHERE ${where}`;
}

/** SELECTs with `classid`, `objid` and `owner` (an OID) of everything that has an owner of its own. */
export const OWNED: readonly string[] = [
  owned('pg_namespace', 'nspowner'),
  owned(
    'pg_class',
    'relowner',
    // The sequence of a column has its table's owner, always.
    `(o.relkind IN ('r', 'p', 'v', 'm', 'f') OR o.relkind = 'S' AND NOT EXISTS (
       SELECT FROM pg_depend d WHERE d.classid = ${CATALOG.pg_class} AND d.objid = o.oid
         AND d.refclassid = ${CATALOG.pg_class} AND d.deptype IN ('a', 'i')))`,
  ),
  owned('pg_proc', 'proowner'),
  owned(
    'pg_type',
    'typowner',
    // Not the types that come with a relation or another type.
    `(o.typtype IN ('e', 'd', 'r') OR o.typtype IN ('b', 'p') AND NOT (o.typelem <> 0 AND o.typcategory = 'A')
       OR o.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = o.typrelid AND c.relkind = 'c'))`,
  ),
  owned('pg_language', 'lanowner'),
  owned('pg_foreign_data_wrapper', 'fdwowner'),
  owned('pg_foreign_server', 'srvowner'),
  owned('pg_publication', 'pubowner'),
  owned('pg_event_trigger', 'evtowner'),
  owned('pg_collation', 'collowner'),
  owned('pg_conversion', 'conowner'),
  owned('pg_operator', 'oprowner'),
  owned('pg_opclass', 'opcowner'),
  owned('pg_opfamily', 'opfowner'),
  owned('pg_statistic_ext', 'stxowner'),
  owned('pg_ts_config', 'cfgowner'),
  owned('pg_ts_dict', 'dictowner'),
];

/**
 * A SELECT with the OIDs, in `roles`, of whose objects nobody wonders about: the owner of the database, the connected
 * role, which is who a plan would make them as, and whoever owns the most. The last not on dev databases: there
 * somebody else owns only what the SQL says.
 */
export function usualOwners(): string {
  return `
  SELECT ARRAY(
    SELECT d.datdba FROM pg_database d WHERE d.datname = current_database()
    UNION ALL SELECT r.oid FROM pg_roles r WHERE r.rolname = current_user
    UNION ALL (SELECT c.relowner FROM pg_class c
                WHERE c.oid >= ${FIRST_USER_OID} AND NOT starts_with(current_database(), 'tidemark_dev_')
                  AND version() !~ 'emscripten|emcc|wasm'
                GROUP BY c.relowner ORDER BY count(*) DESC, c.relowner LIMIT 1)) AS roles`;
}
