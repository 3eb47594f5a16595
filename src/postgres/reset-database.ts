import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { quoteIdent } from './identifiers.js';

/** What a reset drops, and what it leaves. */
export interface ResetPlan {
  /** What goes, named as the server names it, in the order it goes. */
  readonly drops: readonly ResetDrop[];
  /** Extensions: they and what belongs to them stay. */
  readonly extensions: readonly string[];
  /** What is the user's but cannot be dropped from inside the database, in words. */
  readonly left: readonly string[];
}

export interface ResetDrop {
  /** `table`, `function`, `schema`, as pg_identify_object says it. */
  readonly kind: string;
  /** Schema-qualified and quoted, with argument types for functions. */
  readonly name: string;
  readonly sql: string;
}

/** Finds what `resetDatabase` would drop. Changes nothing. */
export async function planReset(connection: Connection): Promise<ResetPlan> {
  const rows = await connection.query<{ kind: string; name: string }>(userObjectsQuery);
  const schemas = await connection.query<{ name: string; keep: boolean }>(userSchemasQuery);
  const others = await connection.query<{ kind: string; name: string; sql: string }>(otherObjectsQuery);
  const extensions = await extensionNames(connection);
  const subscriptions = await connection.query<{ name: string }>(
    'SELECT subname AS name FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1',
  );
  return {
    drops: [
      ...others,
      ...rows.map(({ kind, name }) => ({ kind, name, sql: dropStatement(kind, name) })),
      ...schemas
        .filter(({ keep }) => !keep)
        .map(({ name }) => ({
          kind: 'schema',
          name: quoteIdent(name),
          sql: `DROP SCHEMA IF EXISTS ${quoteIdent(name)} CASCADE`,
        })),
    ],
    extensions,
    left: subscriptions.map(({ name }) => `subscription ${name}`),
  };
}

/**
 * Drops every object of the user's in the database, with its data and Tidemark's own history, and gives the
 * schema `public` its first privileges and comment back. Extensions and what belongs to them stay, and so
 * does a schema that holds any of it. All in one transaction, unless that needs more locks than the server
 * has room for: then one object after the other. Throws DatabaseError; TidemarkError (`reset-extension`)
 * when an extension would have gone with the rest, and then nothing was done.
 */
export async function resetDatabase(
  connection: Connection,
  options: {
    /** Milliseconds to wait for others to let go of an object. Default 10 s. */ readonly lockTimeout?: number;
  } = {},
): Promise<ResetPlan> {
  const plan = await planReset(connection);
  const statements = plan.drops.map(({ sql }) => sql);
  await connection.executeAll(['BEGIN', `SET LOCAL lock_timeout = ${options.lockTimeout ?? 10_000}`]);
  try {
    await connection.executeAll(statements);
    await refuseLostExtensions(connection, plan.extensions);
    await restorePublic(connection);
    await connection.executeAll(['COMMIT']);
  } catch (error) {
    if (error instanceof DatabaseError && error.connectionLost) throw error;
    await connection.executeAll(['ROLLBACK']);
    if (!(error instanceof DatabaseError) || error.sqlstate !== OUT_OF_LOCKS) throw error;
    for (const statement of statements) await connection.executeAll([statement]);
    await restorePublic(connection);
  }
  return plan;
}

/** out_of_memory: what "out of shared memory, increase max_locks_per_transaction" comes as. */
const OUT_OF_LOCKS = '53200';

async function extensionNames(connection: Connection): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    'SELECT extname::text AS name FROM pg_extension ORDER BY extname COLLATE "C"',
  );
  return rows.map(({ name }) => name);
}

async function refuseLostExtensions(connection: Connection, before: readonly string[]): Promise<void> {
  const after = new Set(await extensionNames(connection));
  const lost = before.filter((name) => !after.has(name));
  if (lost.length === 0) return;
  throw new TidemarkError('reset-extension', `a reset would take the extension ${lost.join(', ')} with it`, {
    exitCode: 4,
    hints: ['Nothing was dropped. Drop the extension yourself first, if that is what you want.'],
    details: { extensions: lost },
  });
}

/** `public` as initdb makes it: its initial privileges (pg_init_privs) and comment. A missing one is made. */
async function restorePublic(connection: Connection): Promise<void> {
  const [state] = await connection.query<{ owned: boolean }>(
    `SELECT pg_has_role(nspowner, 'USAGE') AS owned FROM pg_namespace WHERE nspname = 'public'`,
  );
  if (state === undefined) await connection.executeAll(['CREATE SCHEMA public']);
  // Only its owner can: whoever is not leaves the privileges as they are.
  else if (!state.owned) return;
  const grants = await connection.query<{ sql: string }>(publicPrivilegesQuery);
  await connection.executeAll([
    ...grants.map(({ sql }) => sql),
    `COMMENT ON SCHEMA public IS 'standard public schema'`,
  ]);
}

function dropStatement(kind: string, name: string): string {
  return `DROP ${keywords[kind] ?? kind.toUpperCase()} IF EXISTS ${name} CASCADE`;
}

/** Where pg_identify_object's word is not the one that DROP takes. ROUTINE spells aggregates as functions. */
const keywords: Readonly<Record<string, string>> = {
  'composite type': 'TYPE',
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  'statistics object': 'STATISTICS',
};

/**
 * What has no life of its own is left to what it belongs to: an internal or automatic dependency (row and
 * array types, sequences of columns, partitions, casts of ranges), or membership of an extension.
 */
const standsAlone = (catalog: string) =>
  `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = o.oid
               AND d.objsubid = 0 AND d.deptype IN ('i', 'a', 'e', 'P', 'S'))`;

const userSchema = (name: string) => `(left(${name}, 3) <> 'pg_' AND ${name} <> 'information_schema')`;

/** The catalogs of what lives in a schema, with the order to drop in: what others stand on goes last. */
const catalogs: readonly (readonly [catalog: string, namespace: string, rank: number, condition?: string])[] =
  [
    ['pg_class', 'relnamespace', 1, "o.relkind IN ('v', 'm')"],
    ['pg_class', 'relnamespace', 2, "o.relkind IN ('r', 'p', 'f')"],
    ['pg_class', 'relnamespace', 3, "o.relkind = 'S'"],
    ['pg_statistic_ext', 'stxnamespace', 4],
    ['pg_opclass', 'opcnamespace', 5],
    ['pg_opfamily', 'opfnamespace', 6],
    ['pg_operator', 'oprnamespace', 7],
    ['pg_proc', 'pronamespace', 8],
    ['pg_type', 'typnamespace', 9],
    ['pg_collation', 'collnamespace', 10],
    ['pg_conversion', 'connamespace', 11],
    ['pg_ts_config', 'cfgnamespace', 12],
    ['pg_ts_dict', 'dictnamespace', 13],
    ['pg_ts_parser', 'prsnamespace', 14],
    ['pg_ts_template', 'tmplnamespace', 15],
  ];

const userObjectsQuery = `
  SELECT i.type AS kind, i.identity AS name
  FROM (${catalogs
    .map(
      ([catalog, namespace, rank, condition = 'true']) => `
    SELECT ${rank} AS rank, '${catalog}'::regclass AS classid, o.oid
    FROM ${catalog} o JOIN pg_namespace n ON n.oid = o.${namespace}
    WHERE ${condition} AND ${userSchema('n.nspname')}
      AND ${standsAlone(catalog)}`,
    )
    .join('\n    UNION ALL')}
  ) u, LATERAL pg_identify_object(u.classid, u.oid, 0) i
  ORDER BY u.rank, i.identity COLLATE "C"`;

/** A schema stays when an extension made it, is in it, or has a member in it; `public` always. */
const userSchemasQuery = `
  SELECT n.nspname::text AS name,
    n.nspname = 'public' OR n.oid IN (
      SELECT extnamespace FROM pg_extension
      UNION SELECT objid FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND deptype = 'e'
      ${catalogs
        .map(
          ([catalog, namespace]) =>
            `UNION SELECT o.${namespace} FROM ${catalog} o JOIN pg_depend d ON d.classid = '${catalog}'::regclass AND d.objid = o.oid AND d.deptype = 'e'`,
        )
        .join('\n      ')}
    ) AS keep
  FROM pg_namespace n WHERE ${userSchema('n.nspname')} ORDER BY n.nspname COLLATE "C"`;

/** What lives outside schemas. Objects below 16384 came with the server (FirstNormalObjectId). */
const otherObjectsQuery = `
  SELECT 'event trigger' AS kind, quote_ident(evtname) AS name,
    format('DROP EVENT TRIGGER IF EXISTS %I', evtname) AS sql
  FROM pg_event_trigger o WHERE ${standsAlone('pg_event_trigger')}
  UNION ALL
  SELECT 'publication', quote_ident(pubname), format('DROP PUBLICATION IF EXISTS %I', pubname)
  FROM pg_publication o WHERE ${standsAlone('pg_publication')}
  UNION ALL
  SELECT 'server', quote_ident(srvname), format('DROP SERVER IF EXISTS %I CASCADE', srvname)
  FROM pg_foreign_server o WHERE ${standsAlone('pg_foreign_server')}
  UNION ALL
  SELECT 'foreign-data wrapper', quote_ident(fdwname), format('DROP FOREIGN DATA WRAPPER IF EXISTS %I CASCADE', fdwname)
  FROM pg_foreign_data_wrapper o WHERE ${standsAlone('pg_foreign_data_wrapper')}
  UNION ALL
  SELECT 'cast', format('(%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL)),
    format('DROP CAST IF EXISTS (%s AS %s)', format_type(castsource, NULL), format_type(casttarget, NULL))
  FROM pg_cast o WHERE o.oid >= 16384 AND ${standsAlone('pg_cast')}
  UNION ALL
  SELECT 'large object', oid::text, format('SELECT lo_unlink(%s)', oid) FROM pg_largeobject_metadata
  ORDER BY 1, 2`;

/** Statements that turn public's privileges into its initial ones; none when they already are. */
const publicPrivilegesQuery = `
  WITH s AS (
    SELECT n.oid, n.nspacl AS now, n.nspowner,
      coalesce((SELECT p.initprivs FROM pg_init_privs p
                WHERE p.objoid = n.oid AND p.classoid = 'pg_namespace'::regclass AND p.objsubid = 0),
        -- A public that was made again has no record: everybody may use it, and before version 15 create in it.
        ARRAY[makeaclitem(n.nspowner, n.nspowner, 'USAGE', false), makeaclitem(n.nspowner, n.nspowner, 'CREATE', false),
              makeaclitem(0, n.nspowner, 'USAGE', false)]
        || CASE WHEN current_setting('server_version_num')::int < 150000
                THEN ARRAY[makeaclitem(0, n.nspowner, 'CREATE', false)] ELSE '{}' END) AS initial
    FROM pg_namespace n WHERE n.nspname = 'public'
  ), changed AS (
    SELECT * FROM s WHERE now IS NULL OR
      (SELECT array_agg((a.grantee, a.privilege_type)::text ORDER BY 1) FROM aclexplode(now) a) IS DISTINCT FROM
      (SELECT array_agg((a.grantee, a.privilege_type)::text ORDER BY 1) FROM aclexplode(initial) a)
  )
  SELECT 1 AS rank, format('REVOKE ALL ON SCHEMA public FROM %s CASCADE', grantee) AS sql FROM (
    SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
    FROM changed, aclexplode(now) a) r
  UNION ALL
  SELECT 2, format('GRANT %s ON SCHEMA public TO %s', a.privilege_type,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END)
  FROM changed, aclexplode(initial) a
  ORDER BY 1, 2`;
