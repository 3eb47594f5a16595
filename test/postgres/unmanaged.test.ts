import { expect, it } from 'vitest';
import { unmanagedQuery } from '../../src/postgres/unmanaged.js';
import { describeEachServer, type TestServer, withDatabase } from '../support/postgres-server.js';
import { openSession, type Session } from '../support/session.js';

async function inDatabase(server: TestServer, work: (session: Session) => Promise<void>): Promise<void> {
  await withDatabase(server, async (url) => {
    const session = await openSession(url);
    try {
      await work(session);
    } finally {
      await session.close();
    }
  });
}

async function unmanaged(session: Session): Promise<string[]> {
  const [server] = await session.query(`SELECT current_setting('server_version_num')::int AS number`);
  await session.run('SET search_path = public');
  const rows = await session.query(unmanagedQuery(server!.number as number));
  return rows.map((row) => `${String(row.kind)} ${String(row.name)}`).sort();
}

/** Each makes what it names; a server that cannot (an option of the build, a newer version) is told by `from`. */
const CASES: readonly (readonly [sql: string, expected: readonly string[]])[] = [
  // Being a trigger's or a default's is no reason to be named, nor is a grant.
  ['grant select on t to public; alter default privileges in schema s grant select on tables to public', []],
];

const BASE = `
  create schema s; create table t (a int primary key, b int default 1 check (b > 0)); create table s."T" (a text unique);
  create sequence sq; create type mood as enum ('a'); create domain dom as int check (value > 0);
  create function f(a int, out b text) language sql as $$ select 'x' $$;
  create view v0 as select * from t; create materialized view m as select * from t; create index ib on t (b);
  create type ra as range (subtype = float8); create type co as (a int);
  comment on table t is 'x'; comment on column t.a is 'y';
  alter table t alter b set statistics 10;`;

describeEachServer(
  'what is not managed',
  (server) => {
    it('is nothing in a schema of managed kinds', async () => {
      await inDatabase(server, async (session) => {
        expect(await unmanaged(session)).toEqual([]);
        await session.run(BASE);
        expect(await unmanaged(session)).toEqual([]);
      });
    });

    it('is named, object by object', async () => {
      await inDatabase(server, async (session) => {
        await session.run(BASE);
        for (const [sql, expected] of CASES) {
          await session.run(`BEGIN; ${sql}`);
          expect(await unmanaged(session), sql).toEqual(expected);
          await session.run('ROLLBACK');
        }
      });
    });

    it('leaves out what extensions bring', async () => {
      await inDatabase(server, async (session) => {
        const offered = await session.query(
          `SELECT name FROM pg_available_extensions WHERE name IN ('citext', 'pg_trgm', 'btree_gin', 'vector', 'pgcrypto')`,
        );
        expect(server.embedded ? offered.length : 5).toBe(5);
        for (const { name } of offered) await session.run(`CREATE EXTENSION ${String(name)}`);
        expect(await unmanaged(session)).toEqual([]);
      });
    });
  },
  { embedded: true },
);
