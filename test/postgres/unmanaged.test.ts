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
  ['grant select on t to public', ['grant on relation t']],
  ['grant select (a) on t to public', ['grant on column t.a']],
  ['revoke execute on function f(int, out text) from public', ['grant on routine f(a integer, OUT b text)']],
  ['grant select on t to public; revoke select on t from public', []],
  ['grant usage on sequence sq to public', ['grant on relation sq']],
  ['revoke usage on type mood from public', ['grant on type mood']],
  ['grant usage on schema s to public', ['grant on schema s']],
  ['revoke all on schema public from public', ['grant on schema public']],
  ['grant usage on schema public to public', []],
  [
    'alter default privileges in schema s grant select on tables to public',
    ['default privileges of postgres in schema s for tables'],
  ],
];

/** Roles `"b ob"` and `anna` are there; the connected role owns the database and what BASE makes. */
const OWNER_CASES: readonly (readonly [sql: string, expected: readonly string[]])[] = [
  ['alter table s."T" owner to "b ob"', ['owner b ob of relation s."T"']],
  [
    'alter view v0 owner to anna; alter sequence sq owner to anna',
    ['owner anna of relation sq', 'owner anna of relation v0'],
  ],
  ['create table n (a serial); alter table n owner to anna', ['owner anna of relation n']],
  ['alter function f(int) owner to anna', ['owner anna of routine f(a integer, OUT b text)']],
  [
    'alter type mood owner to anna; alter domain dom owner to anna; alter type co owner to anna; alter type ra owner to anna',
    ['owner anna of type co', 'owner anna of type dom', 'owner anna of type mood', 'owner anna of type ra'],
  ],
  ['alter schema s owner to anna', ['owner anna of schema s']],
  ['alter schema public owner to anna', ['owner anna of schema public']],
  // Whoever owns most is the usual owner, and so is the database's.
  [
    `do $$ declare r text; begin
       for r in select oid::regclass from pg_class where relkind in ('r', 'v', 'm') and oid >= 16384 loop
         execute format('alter table %s owner to anna', r);
       end loop; end $$;
     alter table t owner to "b ob"`,
    ['owner b ob of relation t'],
  ],
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

    it('names objects whose owner stands out, and no others', async () => {
      await inDatabase(server, async (session) => {
        await session.run(BASE);
        for (const [sql, expected] of OWNER_CASES) {
          await session.run(`BEGIN; CREATE ROLE "b ob"; CREATE ROLE anna; ${sql}`);
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
