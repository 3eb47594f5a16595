import type { Connection } from '../../database/connection.js';
import { migrationEngine } from '../../migrations/engine.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import type { ManifestGlobals, ManifestMigrations, ManifestTable } from '../manifest.js';

/** How many tables one statement counts. */
const COUNTED_AT_ONCE = 100;

/**
 * The tables of a database with their rows, in the session's snapshot. Partitions are counted, partitioned tables are
 * not, so that no row counts twice; foreign tables hold none of their own. In a transaction the locks of what was
 * counted are given back on the way: a server has room for so many only.
 */
export async function countTables(
  connection: Connection,
  excluded: ReadonlySet<string> = new Set(),
  inTransaction = false,
): Promise<ManifestTable[]> {
  const tables = await connection.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND c.relpersistence <> 't'
       AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass
                       AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
  );
  const counted = tables.filter((table) => !excluded.has(nameOf(table)));
  const rows = new Map<string, number>();
  for (let at = 0; at < counted.length; at += COUNTED_AT_ONCE) {
    const some = counted.slice(at, at + COUNTED_AT_ONCE);
    const selects = some.map(
      (table, index) => `SELECT ${index} AS at, pg_catalog.count(*)::text AS rows FROM ONLY ${nameOf(table)}`,
    );
    if (inTransaction) await connection.executeAll(['SAVEPOINT tidemark_count']);
    for (const { at: index, rows: count } of await connection.query<{ at: number; rows: string }>(
      selects.join(' UNION ALL '),
    ))
      rows.set(nameOf(some[index]!), Number(count));
    if (inTransaction)
      await connection.executeAll([
        'ROLLBACK TO SAVEPOINT tidemark_count',
        'RELEASE SAVEPOINT tidemark_count',
      ]);
  }
  return tables.map((table) => ({ ...table, rows: rows.get(nameOf(table)) ?? null }));
}

/** A table as SQL names it. */
export function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** The migrations that the database has; null without a history. */
export async function readMigrations(connection: Connection): Promise<ManifestMigrations | null> {
  const { history } = await migrationEngine(connection);
  const { revisions } = await history.read();
  const applied = revisions.filter(({ state }) => state === 'applied');
  if (applied.length === 0) return null;
  const needed = new Set(applied.flatMap(({ parents, dependsOn }) => [...parents, ...dependsOn]));
  return {
    heads: applied.map(({ revision }) => revision).filter((revision) => !needed.has(revision)),
    applied: applied.map(({ revision, checksum }) => ({ revision, checksum })),
  };
}

/** What lies outside the dump and belongs to the database. */
export async function readGlobals(connection: Connection): Promise<ManifestGlobals> {
  const names = (sql: string) =>
    connection.query<{ name: string }>(sql).then((rows) => rows.map(({ name }) => name));
  return {
    roles: await names(
      `SELECT DISTINCT r.rolname::text COLLATE "C" AS name
       FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
       JOIN pg_catalog.pg_database b ON b.datname = pg_catalog.current_database()
       WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass
         AND (d.dbid = b.oid OR (d.classid = 'pg_catalog.pg_database'::regclass AND d.objid = b.oid))
         AND r.rolname !~ '^pg_' ORDER BY 1`,
    ),
    extensions: await connection.query(
      `SELECT extname::text AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY extname COLLATE "C"`,
    ),
    tablespaces: await names(
      `SELECT DISTINCT t.spcname::text COLLATE "C" AS name FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace WHERE t.spcname !~ '^pg_' ORDER BY 1`,
    ),
    sequences: await connection.query(
      `SELECT schemaname::text AS schema, sequencename::text AS name, last_value::text AS value
       FROM pg_catalog.pg_sequences WHERE last_value IS NOT NULL
       ORDER BY schemaname COLLATE "C", sequencename COLLATE "C"`,
    ),
    properties: await databaseProperties(connection),
  };
}

/** Settings whose value is a list that is quoted already: a literal around it would make one element of it. */
const LISTS = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'shared_preload_libraries',
  'local_preload_libraries',
]);

/** Stands for the database's name in the statements of `databaseProperties`. */
export const DATABASE_PLACE = '{database}';

/**
 * What pg_dump leaves out of a dump that is restored under another name: owner, limit, comment, grants and settings,
 * as statements.
 */
async function databaseProperties(connection: Connection): Promise<string[]> {
  const [row] = await connection.query<{
    owner: string;
    connlimit: number;
    comment: string | null;
    grants: { grantee: string; privileges: string; grantable: boolean }[] | null;
    public_connect: boolean;
  }>(
    `SELECT pg_catalog.pg_get_userbyid(d.datdba)::text AS owner, d.datconnlimit AS connlimit,
       pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('grantee', g.grantee, 'privileges', g.privileges,
          'grantable', g.grantable) ORDER BY g.grantee, g.grantable) FROM (
            SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END AS grantee,
              pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type) AS privileges,
              a.is_grantable AS grantable
            FROM pg_catalog.aclexplode(d.datacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
            WHERE a.grantee <> d.datdba GROUP BY 1, 3) g) AS grants,
       d.datacl IS NULL AS public_connect
     FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`,
  );
  if (row === undefined) return [];
  const settings = await connection.query<{ role: string | null; setting: string }>(
    `SELECT r.rolname::text AS role, pg_catalog.unnest(s.setconfig) AS setting
     FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
     WHERE d.datname = pg_catalog.current_database() ORDER BY 1 NULLS FIRST, 2`,
  );
  const database = `DATABASE ${DATABASE_PLACE}`;
  return [
    `ALTER ${database} OWNER TO ${quoteIdent(row.owner)}`,
    ...(row.connlimit === -1 ? [] : [`ALTER ${database} CONNECTION LIMIT ${row.connlimit}`]),
    ...(row.comment === null ? [] : [`COMMENT ON ${database} IS ${literal(row.comment)}`]),
    ...(row.public_connect ? [] : [`REVOKE ALL ON ${database} FROM PUBLIC`]),
    ...(row.grants ?? []).map(
      ({ grantee, privileges, grantable }) =>
        `GRANT ${privileges} ON ${database} TO ${grantee}${grantable ? ' WITH GRANT OPTION' : ''}`,
    ),
    ...settings.map(({ role, setting }) => {
      const at = setting.indexOf('=');
      const name = setting.slice(0, at);
      const value = setting.slice(at + 1);
      const whom = role === null ? `ALTER ${database}` : `ALTER ROLE ${quoteIdent(role)} IN ${database}`;
      return `${whom} SET ${settingName(name)} TO ${LISTS.has(name) && value !== '' ? value : literal(value)}`;
    }),
  ];
}

/** `app.tenant` is a name of two parts. */
function settingName(name: string): string {
  return name.split('.').map(quoteIdent).join('.');
}

function literal(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
