import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createJiti } from 'jiti';
import pg from 'pg';

const jiti = createJiti(import.meta.url);
const { findPostgres, findClientPrograms } = await jiti.import('../../test/support/postgres-binaries.ts');
const { startPostgres } = await jiti.import('../../test/support/postgres-process.ts');

/**
 * Starts a PostgreSQL of its own, as durable as PostgreSQL is by default, and gives it with its `psql` and
 * `pg_dump`. Needs one that is installed: the servers from npm have no client programs.
 */
export async function startServer() {
  const programs = findClientPrograms();
  if (programs === undefined)
    throw new Error('no psql here: install PostgreSQL, or set PG_BIN to its bin folder');
  const binaries = findPostgres().find(({ bin }) => bin === programs);
  if (binaries === undefined || !existsSync(join(programs, 'pg_dump')))
    throw new Error(`${programs} has no server or no pg_dump`);
  const server = await startPostgres(binaries, {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // A schema of thousands of tables is made in few transactions.
    max_locks_per_transaction: '1024',
  });
  let made = 0;
  return {
    major: binaries.major,
    psql: join(programs, 'psql'),
    pgDump: join(programs, 'pg_dump'),
    stop: () => server.stop(),
    /** The address of a new, empty database. */
    async database() {
      const name = `bench_${++made}`;
      await query(server.url, `CREATE DATABASE ${name} TEMPLATE template0`);
      const url = new URL(server.url);
      url.pathname = name;
      return url.href;
    },
    /** The address of a copy of a database that nobody is connected to. */
    async copy(url) {
      const name = `bench_${++made}`;
      await query(server.url, `CREATE DATABASE ${name} TEMPLATE ${new URL(url).pathname.slice(1)}`);
      const copy = new URL(server.url);
      copy.pathname = name;
      return copy.href;
    },
    /** Removes a database that is no longer needed. */
    async drop(url) {
      await query(server.url, `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
    },
  };
}

/** Runs SQL, several statements in one transaction. */
export async function query(url, sql) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}
