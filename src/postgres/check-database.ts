import type { Connection } from '../database/connection.js';

/** What a look at a database found. Plain data, times in seconds. */
export interface DatabaseCheck {
  readonly version: string;
  readonly versionNumber: number;
  readonly embedded: boolean;
  readonly database: string;
  readonly user: string;
  readonly superuser: boolean;
  readonly encoding: string;
  /** The schemas that unqualified names are looked up in, as they exist now. */
  readonly searchPath: readonly string[];
  readonly readOnly: boolean;
  readonly encrypted: boolean;
  readonly extensions: readonly {
    readonly name: string;
    readonly version: string;
    readonly schema: string;
  }[];
  readonly privileges: {
    /** CREATE on the database: schemas and trusted extensions. */
    readonly createInDatabase: boolean;
    /** CREATE on the first schema of the search path; null when there is none. */
    readonly createInSchema: boolean | null;
    /** May make databases, which `dev: 'server'` needs. */
    readonly createDatabase: boolean;
  };
  readonly required: readonly { readonly object: string; readonly exists: boolean }[];
  /** Sessions that hold others up, or a transaction open for longer than asked. Not our own. */
  readonly sessions: readonly BusySession[];
  /** Everything that stands in the way of migrations, as sentences without a full stop. */
  readonly problems: readonly string[];
}

export interface BusySession {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly transactionSeconds: number;
  /** The relations on which it holds a lock stronger than reading needs. */
  readonly locks: readonly string[];
  /** The process ids that wait for it. */
  readonly blocks: readonly number[];
}

export interface CheckOptions {
  /** `kind:name` of what must exist, as `parseRequirement` gives it. */
  readonly require?: readonly Requirement[];
  /** Transactions open for longer are reported. Default 300. */
  readonly longTransactionSeconds?: number;
}

export interface Requirement {
  readonly kind: RequiredKind;
  readonly name: string;
}

/** For each kind: a query that gives `exists` for the name `$1`. Names are read as SQL reads them. */
const existence = {
  schema: `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = ANY (parse_ident($1))) AS exists`,
  extension: `SELECT EXISTS (SELECT FROM pg_extension WHERE extname = trim('"' FROM $1)) AS exists`,
  table: relation("'r', 'p', 'f'"),
  view: relation("'v', 'm'"),
  index: relation("'i', 'I'"),
  sequence: relation("'S'"),
  type: `SELECT to_regtype($1) IS NOT NULL AS exists`,
  function: `SELECT EXISTS (
    SELECT FROM pg_proc p, (SELECT parse_ident($1) AS parts) i
    WHERE p.proname = parts[cardinality(parts)]
      AND CASE WHEN cardinality(parts) > 1 THEN p.pronamespace = to_regnamespace(quote_ident(parts[1]))
               ELSE pg_function_is_visible(p.oid) END) AS exists`,
  column: `SELECT EXISTS (
    SELECT FROM (SELECT parse_ident($1) AS parts) i
    JOIN pg_attribute a ON a.attname = parts[cardinality(parts)] AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attrelid = to_regclass((SELECT string_agg(quote_ident(part), '.' ORDER BY n)
        FROM unnest(parts[:cardinality(parts) - 1]) WITH ORDINALITY AS u(part, n)))) AS exists`,
} as const;

export type RequiredKind = keyof typeof existence;

export const requiredKinds = Object.keys(existence) as readonly RequiredKind[];

function relation(relkinds: string): string {
  return `SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass($1) AND relkind IN (${relkinds})) AS exists`;
}

/** Reads `table:users` or `extension:vector`; undefined when it is neither. */
export function parseRequirement(text: string): Requirement | undefined {
  const [, kind, name] = /^([a-z]+):(.+)$/s.exec(text) ?? [];
  return name && requiredKinds.includes(kind as RequiredKind)
    ? { kind: kind as RequiredKind, name }
    : undefined;
}

/** Looks at a database without changing it. Throws DatabaseError when the connection fails meanwhile. */
export async function checkDatabase(
  connection: Connection,
  options: CheckOptions = {},
): Promise<DatabaseCheck> {
  const { require = [], longTransactionSeconds = 300 } = options;
  const [facts] = await connection.query<Facts>(factsQuery);
  if (facts === undefined) throw new Error('the server gave no row for its own settings');
  const extensions = await connection.query<DatabaseCheck['extensions'][number]>(extensionsQuery);
  const sessions = await connection.query<BusySession>(sessionsQuery, [longTransactionSeconds]);
  const required: { object: string; exists: boolean }[] = [];
  for (const { kind, name } of require) {
    required.push({ object: `${kind}:${name}`, exists: await exists(connection, kind, name) });
  }
  const { createInDatabase, createInSchema, createDatabase, ...rest } = facts;
  const check = {
    version: connection.version,
    versionNumber: connection.versionNumber,
    embedded: connection.embedded,
    ...rest,
    extensions,
    privileges: { createInDatabase, createInSchema, createDatabase },
    required,
    sessions,
  };
  return { ...check, problems: problemsOf(check) };
}

type Facts = Pick<
  DatabaseCheck,
  'database' | 'user' | 'superuser' | 'encoding' | 'searchPath' | 'readOnly' | 'encrypted'
> &
  DatabaseCheck['privileges'];

async function exists(connection: Connection, kind: RequiredKind, name: string): Promise<boolean> {
  const [row] = await connection.query<{ exists: boolean }>(existence[kind], [name]);
  return row?.exists === true;
}

function problemsOf(check: Omit<DatabaseCheck, 'problems'>): string[] {
  const { privileges, searchPath, user } = check;
  const problems: string[] = [];
  if (check.readOnly)
    problems.push('the database takes no writes: it is a standby, or read-only by a setting');
  if (searchPath[0] === undefined)
    problems.push('no schema of the search_path exists: unqualified names cannot be created');
  else if (privileges.createInSchema === false)
    problems.push(
      `${user} may not create in schema ${searchPath[0]}: GRANT CREATE ON SCHEMA ${searchPath[0]} TO ${user}`,
    );
  for (const { object, exists: there } of check.required)
    if (!there) problems.push(`${object} does not exist`);
  for (const { pid, user: who, transactionSeconds, blocks } of check.sessions) {
    const open = `process ${pid} (${who}) has had a transaction open for ${transactionSeconds} s`;
    problems.push(blocks.length > 0 ? `${open} and holds up ${blocks.join(', ')}` : open);
  }
  return problems;
}

const factsQuery = `
  SELECT current_database()::text AS database, current_user::text AS "user",
    r.rolsuper AS superuser, current_setting('server_encoding') AS encoding,
    to_json(current_schemas(false)) AS "searchPath",
    pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool AS "readOnly",
    coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
    has_database_privilege(current_database(), 'CREATE') AS "createInDatabase",
    has_schema_privilege((current_schemas(false))[1], 'CREATE') AS "createInSchema",
    r.rolcreatedb OR r.rolsuper AS "createDatabase"
  FROM pg_roles r WHERE r.rolname = current_user`;

const extensionsQuery = `
  SELECT e.extname::text AS name, e.extversion AS version, n.nspname::text AS schema
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname COLLATE "C"`;

/** Reading takes AccessShareLock and RowShareLock: those stand in nobody's way but a DROP's. */
const sessionsQuery = `
  WITH waits AS (
    SELECT w.pid AS waiter, unnest(pg_blocking_pids(w.pid)) AS holder
    FROM pg_stat_activity w WHERE w.datname = current_database() AND w.wait_event_type = 'Lock'
  ), busy AS (
    SELECT a.*, extract(epoch FROM now() - a.xact_start)::int AS seconds
    FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
  )
  SELECT b.pid, coalesce(b.usename::text, '') AS "user", coalesce(b.application_name, '') AS application,
    coalesce(b.state, 'unknown') AS state, coalesce(b.seconds, 0) AS "transactionSeconds",
    coalesce((SELECT json_agg(DISTINCT l.relation::regclass::text || ' ' || l.mode) FROM pg_locks l
      WHERE l.pid = b.pid AND l.granted AND l.relation IS NOT NULL
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')), '[]') AS locks,
    coalesce((SELECT json_agg(DISTINCT w.waiter) FROM waits w WHERE w.holder = b.pid), '[]') AS blocks
  FROM busy b
  WHERE b.seconds > $1 OR EXISTS (SELECT FROM waits w WHERE w.holder = b.pid)
  ORDER BY b.xact_start, b.pid`;
