import { createHash } from 'node:crypto';
import { TidemarkError } from '../errors.js';
import { type Connection, DatabaseError } from './connection.js';
import type { PostgresUrl } from './database-url.js';
import type { DevDatabase, ScratchOptions } from './dev-database.js';
import { connectPostgres } from './postgres-server.js';
import { outcomeOf, rolledBack } from './rolled-back-work.js';
import { isScratchName, scratchLock, scratchName } from './scratch-name.js';
import { createRole, dropLeftoverRoles, dropScratchRoles, makeScratchRoles } from './scratch-roles.js';

/**
 * Scratch databases on a server, made from template0 and dropped afterwards. Those that killed runs left are
 * dropped too: known by a name only `scratchName` gives, owned by no living run (each holds an advisory
 * lock), with nobody connected. The databases of the URL and of the server are connected to at most, for
 * creating and dropping; no work ever runs in them.
 * @throws TidemarkError `cannot-connect`; `dev-not-allowed` when the role may not create databases
 */
export async function openServerDev(url: PostgresUrl): Promise<DevDatabase> {
  const maintenance = await connectForMaintenance(url);
  try {
    await dropLeftovers(maintenance);
    await dropLeftoverRoles(maintenance);
    return new ServerDev(url, maintenance, await serverFingerprint(maintenance));
  } catch (error) {
    await maintenance.close();
    throw error;
  }
}

interface ScratchDatabase {
  readonly name: string;
  readonly connection: Connection;
}

class ServerDev implements DevDatabase {
  readonly label: string;
  readonly fingerprint: string;
  readonly engineVersion: number;
  readonly sharesRoles = true;
  readonly #url: PostgresUrl;
  readonly #maintenance: Connection;
  #shared: ScratchDatabase | undefined;
  #busy = false;

  constructor(url: PostgresUrl, maintenance: Connection, fingerprint: string) {
    this.#url = url;
    this.#maintenance = maintenance;
    this.fingerprint = fingerprint;
    this.engineVersion = maintenance.versionNumber;
    this.label = `scratch databases on ${address(maintenance.label)}`;
  }

  async scratch<T>(work: (connection: Connection) => Promise<T>, options: ScratchOptions = {}): Promise<T> {
    if (this.#busy) throw new Error('scratch calls must not be nested');
    this.#busy = true;
    try {
      const { roles = [] } = options;
      return await (options.transaction
        ? this.#inTransaction(work, roles)
        : this.#inFreshDatabase(work, roles));
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    try {
      await this.#dropShared();
    } finally {
      await this.#maintenance.close();
    }
  }

  async #inFreshDatabase<T>(
    work: (connection: Connection) => Promise<T>,
    roles: readonly string[],
  ): Promise<T> {
    const database = await this.#create();
    let made: readonly string[] = [];
    try {
      made = await makeScratchRoles(this.#maintenance, roles, database.name);
      return await work(database.connection);
    } finally {
      await this.#drop(database);
      await dropScratchRoles(this.#maintenance, made);
    }
  }

  async #inTransaction<T>(
    work: (connection: Connection) => Promise<T>,
    roles: readonly string[],
  ): Promise<T> {
    this.#shared ??= await this.#create();
    const { connection } = this.#shared;
    const done = await rolledBack(connection, async () => {
      await connection.executeAll(roles.map(createRole));
      return work(connection);
    });
    connection.onNotice = undefined;
    if (!done.clean) await this.#dropShared();
    return outcomeOf(done);
  }

  async #dropShared(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    if (shared) await this.#drop(shared);
  }

  async #create(): Promise<ScratchDatabase> {
    const name = scratchName();
    await this.#maintenance.query('SELECT pg_advisory_lock($1::int4, $2::int4)', scratchLock(name));
    try {
      await this.#maintenance.executeAll([`CREATE DATABASE ${name} TEMPLATE template0`]);
      return { name, connection: await connectPostgres({ ...this.#url, database: name }) };
    } catch (error) {
      await this.#remove(name).catch(() => {});
      throw notAllowed(error, this.#maintenance.label);
    }
  }

  async #drop({ name, connection }: ScratchDatabase): Promise<void> {
    await connection.close();
    await this.#remove(name);
  }

  async #remove(name: string): Promise<void> {
    await this.#maintenance.executeAll([`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`]);
    await this.#maintenance.query('SELECT pg_advisory_unlock($1::int4, $2::int4)', scratchLock(name));
  }
}

/** Connects to a database every server has, so that no one else's is in the way of CREATE DATABASE. */
export async function connectForMaintenance(url: PostgresUrl): Promise<Connection> {
  for (const database of ['postgres', 'template1']) {
    try {
      return await connectPostgres({ ...url, database });
    } catch (error) {
      const reason = error instanceof TidemarkError ? error.details.reason : undefined;
      if (reason !== 'no-database' && reason !== 'not-allowed') throw error;
    }
  }
  return await connectPostgres(url);
}

async function dropLeftovers(maintenance: Connection): Promise<void> {
  const rows = await maintenance.query<{ name: string }>(
    `SELECT datname::text AS name FROM pg_database
     WHERE datname ~ '^tidemark_dev_' AND pg_has_role(datdba, 'USAGE')
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = pg_database.oid)`,
  );
  for (const { name } of rows) {
    if (!isScratchName(name)) continue;
    const [claim] = await maintenance.query<{ held: boolean; taken: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::int8::oid
                      AND objid = ($2::int8 & 4294967295)::oid AND objsubid = 2) AS held`,
      scratchLock(name),
    );
    // Without FORCE: should its owner be alive after all, the server refuses.
    if (!claim?.held) await maintenance.executeAll([`DROP DATABASE IF EXISTS ${name}`]).catch(() => {});
  }
}

/** Everything about a server that could make it read the same SQL differently. */
async function serverFingerprint(maintenance: Connection): Promise<string> {
  const [row] = await maintenance.query<{ facts: string }>(
    `SELECT concat_ws(' ', version(),
       (SELECT to_jsonb(d) - 'oid' - 'datfrozenxid' - 'datminmxid' - 'datdba' FROM pg_database d WHERE datname = 'template0'),
       (SELECT string_agg(name || ' ' || default_version, ',' ORDER BY name) FROM pg_available_extensions),
       current_user) AS facts`,
  );
  return `server ${maintenance.versionNumber} ${createHash('sha256')
    .update(row?.facts ?? '')
    .digest('hex')}`;
}

function notAllowed(error: unknown, label: string): unknown {
  if (!(error instanceof DatabaseError) || error.sqlstate !== '42501') return error;
  return new TidemarkError(
    'dev-not-allowed',
    `cannot create a scratch database on ${address(label)}: ${error.message}`,
    {
      exitCode: 4,
      hints: [
        'Let the role create databases: ALTER ROLE … CREATEDB.',
        "Or use the embedded dev database: leave dev out, or set dev: 'embedded'.",
      ],
      cause: error,
    },
  );
}

/** `localhost:5432` of a label: what names the server, not the database. */
function address(label: string): string {
  const { hostname, port, searchParams } = new URL(label);
  return hostname === '' ? (searchParams.get('host') ?? label) : `${hostname}:${port}`;
}
