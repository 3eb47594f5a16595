import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { sqliteDriver } from '../../../src/database/sqlite-driver.js';
import type { LedgerRows } from './ledger.js';

/** A database of the soak by the plain driver, for the writer and for looking at what was restored. */
export interface LedgerDatabase {
  /** All or nothing. */
  transaction(statements: readonly string[]): Promise<void>;
  head(): Promise<number>;
  rows(): Promise<LedgerRows>;
  /** A hash of what lies there and never changes. */
  ballast(): Promise<string>;
  fillBallast(rows: number): Promise<void>;
  close(): Promise<void>;
}

/** @param url `sqlite:PATH`, or the address of a server's database */
export async function openLedger(url: string, name = 'soak'): Promise<LedgerDatabase> {
  return url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : openPostgres(url, name);
}

async function openSqlite(path: string): Promise<LedgerDatabase> {
  const database = (await sqliteDriver()).open(path);
  database.exec('PRAGMA busy_timeout = 20000');
  const head = () => Number(database.all('SELECT n FROM head', [])[0]?.n);
  return {
    async transaction(statements) {
      database.exec(`BEGIN IMMEDIATE; ${statements.join('; ')}; COMMIT`);
    },
    head: async () => head(),
    async rows() {
      database.exec('BEGIN');
      const events = database.all('SELECT n, body FROM events ORDER BY n', []);
      const accounts = database.all('SELECT id, balance FROM accounts ORDER BY id', []);
      const rows = {
        head: head(),
        events: events.map(({ n, body }) => [Number(n), String(body)] as const),
        accounts: accounts.map(({ id, balance }) => [Number(id), Number(balance)] as const),
      };
      database.exec('COMMIT');
      return rows;
    },
    async ballast() {
      const hash = createHash('sha256');
      for (const { body } of database.all('SELECT body FROM ballast ORDER BY n', []))
        hash.update(String(body));
      return hash.digest('hex');
    },
    async fillBallast(rows) {
      database.exec(`PRAGMA journal_mode = WAL; INSERT INTO ballast (n, body)
        WITH RECURSIVE k (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < ${rows})
        SELECT n, hex(randomblob(500)) FROM k`);
    },
    async close() {
      database.close();
    },
  };
}

async function openPostgres(url: string, name: string): Promise<LedgerDatabase> {
  const client = new Client({ connectionString: url, application_name: name });
  client.on('error', () => undefined); // The next query says so too.
  await client.connect();
  const all = async (sql: string) => (await client.query({ text: sql, rowMode: 'array' })).rows;
  return {
    async transaction(statements) {
      await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`);
    },
    head: async () => Number((await all('SELECT n FROM head'))[0]?.[0]),
    async rows() {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const rows = {
        head: Number((await all('SELECT n FROM head'))[0]?.[0]),
        events: (await all('SELECT n, body FROM events ORDER BY n')).map(
          ([n, body]) => [Number(n), String(body)] as const,
        ),
        accounts: (await all('SELECT id, balance FROM accounts ORDER BY id')).map(
          ([id, balance]) => [Number(id), Number(balance)] as const,
        ),
      };
      await client.query('COMMIT');
      return rows;
    },
    ballast: async () =>
      JSON.stringify(
        (await all(`SELECT count(*), sum(('x' || left(md5(body), 8))::bit(32)::bigint) FROM ballast`))[0],
      ),
    async fillBallast(rows) {
      await client.query(`INSERT INTO ballast (n, body) SELECT n, string_agg(md5(random()::text), '')
        FROM generate_series(1, ${rows}) n, generate_series(1, 31) GROUP BY n`);
    },
    close: () => client.end(),
  };
}
