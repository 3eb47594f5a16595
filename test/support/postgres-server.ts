import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, inject } from 'vitest';

/** Somewhere a test can have a database of its own. */
export interface TestServer {
  /** `13`, `15`, `18`, or `embedded`. */
  readonly name: string;
  readonly embedded: boolean;
  /** `CREATE EXTENSION vector` works. */
  readonly hasVector: boolean;
  /** The superuser's address of the database `postgres`; starts the server if this run has not yet. */
  adminUrl(): Promise<string>;
}

/** The real servers of this run, oldest first. Nothing is started before somebody asks for an address. */
export function servers(): TestServer[] {
  return inject('postgresServers').map(({ major, hasVector }) => ({
    name: String(major),
    embedded: false,
    hasVector,
    adminUrl: async () => {
      const response = await fetch(`${inject('postgresBroker')}/${major}`);
      const body = await response.text();
      if (!response.ok) throw new Error(body);
      return body;
    },
  }));
}

/** The embedded engine, in the same words as a server; each database is a folder of its own. */
export function embedded(): TestServer {
  return {
    name: 'embedded',
    embedded: true,
    hasVector: true,
    adminUrl: async () => {
      throw new Error('the embedded engine has no administration database');
    },
  };
}

interface ServerChoice {
  readonly embedded?: boolean;
  readonly vector?: boolean;
  readonly newest?: boolean;
}

/**
 * Runs `tests` once for each real server, and for the embedded engine with `embedded: true`. With
 * `vector: true` only where pgvector is; on a machine without such a server the tests count as skipped
 * and one line says what to run. Under `CI=true` that is a failure. With `newest: true` on one real server only,
 * with `ends: true` on the oldest and the newest, unless TIDEMARK_TEST_SERVERS asks for others.
 */
export function describeEachServer(
  title: string,
  tests: (server: TestServer) => void,
  options: ServerChoice & { readonly ends?: boolean } = {},
): void {
  const real = servers();
  const able = options.vector ? real.filter((server) => server.hasVector) : real;
  const ends = options.ends && process.env.TIDEMARK_TEST_SERVERS === undefined;
  const fit = options.newest ? able.slice(-1) : ends ? oldestAndNewest(able) : able;
  for (const server of [...(options.embedded ? [embedded()] : []), ...fit]) {
    describe(`${title} (${server.embedded ? 'embedded' : `PostgreSQL ${server.name}`})`, () => tests(server));
  }
  if (fit.length > 0) return;
  const reason = options.vector
    ? 'no real server here has pgvector: run scripts/install-test-postgres.sh as root on Debian'
    : 'no real PostgreSQL here: run npm ci without --omit=optional, or set PG_BIN';
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`${title}: skipped on a real server, ${reason}`);
  describe.skip(`${title} (real server)`, () => tests(real[0] ?? embedded()));
}

function oldestAndNewest<T>(servers: readonly T[]): readonly T[] {
  return servers.length > 2 ? [...servers.slice(0, 1), ...servers.slice(-1)] : servers;
}

/** `describeEachServer` for what hangs on the connection and not on the version: the oldest and the newest server. */
export function describeOldestAndNewest(
  title: string,
  tests: (server: TestServer) => void,
  options: Pick<ServerChoice, 'embedded'> = {},
): void {
  describeEachServer(title, tests, { ...options, ends: true });
}

/** A database made from template0 (for the embedded engine: a folder not there yet), and its removal. */
export async function freshDatabase(
  server: TestServer,
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  if (server.embedded) {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-embedded-'));
    return {
      url: `pglite:${join(folder, 'db')}`,
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  const admin = await server.adminUrl();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(admin);
  url.pathname = name;
  return {
    url: url.href,
    drop: async () => {
      await query(admin, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** Runs `work` with the address of a fresh database, which is dropped whatever happens. */
export async function withDatabase<T>(server: TestServer, work: (url: string) => Promise<T>): Promise<T> {
  const database = await freshDatabase(server);
  try {
    return await work(database.url);
  } finally {
    await database.drop();
  }
}

/** Runs SQL on a real server by the plain driver, so that a check does not lean on what it checks. */
export async function query(
  url: string,
  sql: string,
  parameters?: unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const result = await client.query(sql, parameters);
    return result.rows;
  } finally {
    await client.end();
  }
}
