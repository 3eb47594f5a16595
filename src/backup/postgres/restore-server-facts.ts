import { statfs } from 'node:fs/promises';
import type { Connection } from '../../database/connection.js';
import { isLocal, type PostgresUrl } from '../../database/database-url.js';
import type { Manifest } from '../manifest.js';
import type { LiveSession } from './restore-options.js';

/** What a server says of itself before a restore. */
export interface ServerFacts {
  readonly user: string;
  readonly superuser: boolean;
  readonly createDatabases: boolean;
  readonly createRoles: boolean;
  /** Undefined: there is no database of the name. */
  readonly live: LiveDatabase | undefined;
  readonly missingRoles: readonly string[];
  /** Roles of the backup for whom this one cannot act. */
  readonly foreignRoles: readonly string[];
  readonly missingTablespaces: readonly string[];
  /** Extensions of the backup as this server has them. */
  readonly extensions: ReadonlyMap<string, { readonly version: string; readonly mayCreate: boolean }>;
  /** Free bytes where the server keeps its data; undefined where that cannot be seen. */
  readonly freeBytes: number | undefined;
}

export interface LiveDatabase {
  readonly oid: number;
  readonly owner: string;
  /** This role may do what its owner may. */
  readonly mine: boolean;
  /** Takes connections. */
  readonly allowed: boolean;
  readonly template: boolean;
  readonly bytes: number | undefined;
  readonly tablespace: string;
  readonly comment: string | null;
  readonly locale: DatabaseLocale;
  readonly preparedTransactions: readonly string[];
  readonly slots: readonly string[];
  readonly subscriptions: readonly string[];
  readonly sessions: readonly (LiveSession & { readonly mayEnd: boolean })[];
}

/** What a database is created with. Of the providers, `c` is the operating system's, `i` ICU, `b` PostgreSQL's own. */
export interface DatabaseLocale {
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly provider: string;
  readonly locale: string | null;
  readonly rules: string | null;
}

/** Asks the server, from a session with another of its databases. */
export async function readServerFacts(
  connection: Connection,
  url: PostgresUrl,
  database: string,
  { globals }: Manifest,
): Promise<ServerFacts> {
  const roles = globals?.roles ?? [];
  const [role] = await connection.query<{
    user: string;
    superuser: boolean;
    createdb: boolean;
    createrole: boolean;
    missing: string[] | null;
    foreign: string[] | null;
    tablespaces: string[] | null;
    folder: string | null;
  }>(
    `SELECT r.rolname::text AS user, r.rolsuper AS superuser, r.rolsuper OR r.rolcreatedb AS createdb,
       r.rolsuper OR r.rolcreaterole AS createrole,
       (SELECT pg_catalog.json_agg(w.name) FROM pg_catalog.unnest($1::text[]) w(name)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles o WHERE o.rolname = w.name)) AS missing,
       (SELECT pg_catalog.json_agg(o.rolname) FROM pg_catalog.pg_roles o
        WHERE o.rolname = ANY ($1::text[]) AND NOT pg_catalog.pg_has_role(o.oid, 'MEMBER')) AS foreign,
       (SELECT pg_catalog.json_agg(w.name) FROM pg_catalog.unnest($2::text[]) w(name)
        WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_tablespace t WHERE t.spcname = w.name)) AS tablespaces,
       (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory') AS folder
     FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
    [roles, globals?.tablespaces ?? []],
  );
  if (role === undefined) throw new Error('the current role is not in pg_roles');
  const extensions = await connection.query<{ name: string; version: string; may: boolean }>(
    `SELECT a.name::text AS name, a.default_version AS version,
       $2::boolean OR coalesce(bool_and(v.trusted OR NOT v.superuser OR v.installed), false) AS may
     FROM pg_catalog.pg_available_extensions a JOIN pg_catalog.pg_available_extension_versions v
       ON v.name = a.name AND v.version = a.default_version
     WHERE a.name = ANY ($1::name[]) GROUP BY 1, 2`,
    [(globals?.extensions ?? []).map(({ name }) => name), role.superuser],
  );
  return {
    user: role.user,
    superuser: role.superuser,
    createDatabases: role.createdb,
    createRoles: role.createrole,
    live: await liveDatabase(connection, database),
    missingRoles: role.missing ?? [],
    foreignRoles: role.superuser ? [] : (role.foreign ?? []),
    missingTablespaces: role.tablespaces ?? [],
    extensions: new Map(
      extensions.map(({ name, version, may }) => [name, { version, mayCreate: may }] as const),
    ),
    freeBytes: await freeBytes(url, role.folder),
  };
}

/** True when the server has a database of this name. */
export async function databaseExists(connection: Connection, name: string): Promise<boolean> {
  const rows = await connection.query('SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1', [name]);
  return rows.length > 0;
}

async function liveDatabase(connection: Connection, name: string): Promise<LiveDatabase | undefined> {
  const [row] = await connection.query<{
    oid: number;
    owner: string;
    mine: boolean;
    allowed: boolean;
    template: boolean;
    bytes: string | null;
    tablespace: string;
    comment: string | null;
    encoding: string;
    collate: string;
    ctype: string;
    provider: string | null;
    locale: string | null;
    rules: string | null;
    prepared: string[] | null;
    slots: string[] | null;
    subscriptions: string[] | null;
  }>(
    // Columns that only later versions have are asked for by name of a JSON object.
    `SELECT d.oid::int8::text::float8 AS oid, pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') AS mine, d.datallowconn AS allowed, d.datistemplate AS template,
       CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
            THEN pg_catalog.pg_database_size(d.oid)::text END AS bytes,
       t.spcname::text AS tablespace, pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
       pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate,
       d.datctype::text AS ctype, j.d->>'datlocprovider' AS provider,
       coalesce(j.d->>'datlocale', j.d->>'daticulocale') AS locale, j.d->>'daticurules' AS rules,
       (SELECT pg_catalog.json_agg(gid) FROM pg_catalog.pg_prepared_xacts WHERE database = d.datname) AS prepared,
       (SELECT pg_catalog.json_agg(slot_name) FROM pg_catalog.pg_replication_slots WHERE database = d.datname) AS slots,
       (SELECT pg_catalog.json_agg(subname) FROM pg_catalog.pg_subscription WHERE subdbid = d.oid) AS subscriptions
     FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
       CROSS JOIN LATERAL pg_catalog.to_jsonb(d) j(d)
     WHERE d.datname = $1`,
    [name],
  );
  if (row === undefined) return undefined;
  const sessions = await connection.query<{
    pid: number;
    user: string | null;
    application: string | null;
    client: string | null;
    state: string | null;
    since: string | null;
    may: boolean | null;
  }>(
    `SELECT a.pid, a.usename::text AS user, a.application_name AS application,
       pg_catalog.host(a.client_addr) AS client, a.state,
       pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since,
       me.rolsuper OR (NOT r.rolsuper AND (pg_catalog.pg_has_role(r.oid, 'USAGE')
         OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'))) AS may
     FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
       JOIN pg_catalog.pg_roles me ON me.rolname = current_user
     WHERE a.datname = $1 AND a.leader_pid IS NULL ORDER BY a.xact_start, a.pid`,
    [name],
  );
  return {
    oid: row.oid,
    owner: row.owner,
    mine: row.mine,
    allowed: row.allowed,
    template: row.template,
    bytes: row.bytes === null ? undefined : Number(row.bytes),
    tablespace: row.tablespace,
    comment: row.comment,
    locale: {
      encoding: row.encoding,
      collate: row.collate,
      ctype: row.ctype,
      provider: row.provider ?? 'c',
      locale: row.locale,
      rules: row.rules,
    },
    preparedTransactions: row.prepared ?? [],
    slots: row.slots ?? [],
    subscriptions: row.subscriptions ?? [],
    sessions: sessions.map((session) => ({
      pid: session.pid,
      user: session.user ?? '',
      application: session.application || undefined,
      client: session.client ?? undefined,
      state: session.state ?? undefined,
      transactionSince: session.since ?? undefined,
      mayEnd: session.may ?? false,
    })),
  };
}

/** Of the server's own disk: seen only where it runs on this machine and tells where its data lies. */
async function freeBytes(url: PostgresUrl, folder: string | null): Promise<number | undefined> {
  if (folder === null || !isLocal(url)) return undefined;
  return statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}
