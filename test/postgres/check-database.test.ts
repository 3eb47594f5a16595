import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { checkDatabase, parseRequirement } from '../../src/postgres/check-database.js';
import { describeEachServer, freshDatabase, query } from '../support/postgres-server.js';

describe('parseRequirement', () => {
  it.each([
    ['table:users', { kind: 'table', name: 'users' }],
    ['column:a.b.c', { kind: 'column', name: 'a.b.c' }],
    ['table:"we:ird"', { kind: 'table', name: '"we:ird"' }],
    ['users', undefined],
    ['table:', undefined],
    ['tabel:users', undefined],
    ['constructor:x', undefined],
  ])('%s', (text, expected) => {
    expect(parseRequirement(text)).toEqual(expected);
  });
});

describeEachServer(
  'checkDatabase',
  (server) => {
    let database: Awaited<ReturnType<typeof freshDatabase>>;
    let connection: Connection;
    const opened: Connection[] = [];
    const open = async () => {
      const other = await openDatabase(parseDatabaseUrl(database.url));
      opened.push(other);
      return other;
    };
    beforeAll(async () => {
      database = await freshDatabase(server);
      connection = await openDatabase(parseDatabaseUrl(database.url));
      await connection.executeAll([
        'CREATE EXTENSION citext',
        'CREATE SCHEMA "Odd.one"',
        'CREATE TABLE users (id int PRIMARY KEY, email text)',
        'CREATE TABLE "Odd.one"."We""ird" (a int)',
        'CREATE VIEW v AS SELECT * FROM users',
        'CREATE MATERIALIZED VIEW mv AS SELECT 1 AS one',
        'CREATE SEQUENCE s',
        `CREATE FUNCTION "Odd.one".f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      ]);
    });
    afterEach(async () => {
      for (const other of opened.splice(0)) await other.close();
    });
    afterAll(async () => {
      await connection?.close();
      await database?.drop();
    });

    it('tells what a migration has to know', async () => {
      const check = await checkDatabase(connection);
      expect(check).toMatchObject({
        embedded: server.embedded,
        superuser: true,
        encoding: 'UTF8',
        searchPath: ['public'],
        readOnly: false,
        privileges: { createInDatabase: true, createInSchema: true, createDatabase: true },
        required: [],
        sessions: [],
        problems: [],
      });
      expect(check.version).toMatch(/^PostgreSQL \d+/);
      expect(check.extensions.map(({ name, schema }) => `${schema}.${name}`)).toEqual([
        'public.citext',
        'pg_catalog.plpgsql',
      ]);
    });

    it.each([
      ['table:users', true],
      ['table:Users', true],
      ['table:public.users', true],
      ['table:"Users"', false],
      ['table:"Odd.one"."We""ird"', true],
      ['table:v', false],
      ['view:v', true],
      ['view:mv', true],
      ['index:users_pkey', true],
      ['sequence:s', true],
      ['schema:"Odd.one"', true],
      ['schema:nope', false],
      ['extension:citext', true],
      ['extension:nope', false],
      ['type:citext', true],
      ['type:nope', false],
      ['column:users.email', true],
      ['column:public.users.email', true],
      ['column:users.nope', false],
      ['column:nope.email', false],
      ['function:"Odd.one".f', true],
      ['function:f', false],
      ['function:citext_eq', true],
      [`table:users'; DROP TABLE users; --`, undefined],
    ])('requires %s', async (text, exists) => {
      const requirement = parseRequirement(text)!;
      const check = checkDatabase(connection, { require: [requirement] });
      if (exists === undefined) {
        // A name that is no name is the server's to refuse; nothing of it runs.
        await check.catch(() => undefined);
        expect(
          (await checkDatabase(connection, { require: [{ kind: 'table', name: 'users' }] })).problems,
        ).toEqual([]);
        return;
      }
      const { required, problems } = await check;
      expect(required).toEqual([{ object: text, exists }]);
      expect(problems).toEqual(exists ? [] : [`${text} does not exist`]);
    });

    it('sees a search_path that leads nowhere, and a read-only database', async () => {
      await connection.executeAll(['SET search_path = nowhere', 'SET default_transaction_read_only = on']);
      const { problems, privileges } = await checkDatabase(connection);
      await connection.executeAll(['RESET search_path', 'RESET default_transaction_read_only']);
      expect(privileges.createInSchema).toBeNull();
      expect(problems).toEqual([
        'the database takes no writes: it is a standby, or read-only by a setting',
        'no schema of the search_path exists: unqualified names cannot be created',
      ]);
    });

    // The embedded engine has one session and one user.
    if (!server.embedded) {
      it('names who holds others up, on what, and for how long', async () => {
        const [holder, waiter] = [await open(), await open()];
        await holder.executeAll([`SET application_name = 'the holder'`, 'BEGIN', 'LOCK TABLE users']);
        const [{ pid } = { pid: 0 }] = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const [waiting] = await waiter.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const blocked = waiter.query('SELECT count(*) FROM users');
        await untilWaiting(database.url, waiting!.pid);
        const { sessions, problems } = await checkDatabase(connection);
        await holder.executeAll(['ROLLBACK']);
        await blocked;
        expect(sessions).toMatchObject([
          {
            pid,
            application: 'the holder',
            state: 'idle in transaction',
            locks: ['users AccessExclusiveLock'],
            blocks: [waiting!.pid],
          },
        ]);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toContain(`and holds up ${waiting!.pid}`);
      });

      it('names transactions that are open for long', async () => {
        const idle = await open();
        await idle.executeAll(['BEGIN', 'SELECT 1']);
        expect((await checkDatabase(connection)).sessions).toEqual([]);
        expect((await checkDatabase(connection, { longTransactionSeconds: -1 })).sessions).toMatchObject([
          { state: 'idle in transaction', locks: [], blocks: [] },
        ]);
      });

      it('names a privilege that is missing', async () => {
        const role = `reader_${Math.random().toString(36).slice(2)}`;
        await connection.executeAll([
          `CREATE ROLE ${role}`,
          'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
          `SET ROLE ${role}`,
        ]);
        const { problems, privileges, user, superuser } = await checkDatabase(connection);
        await connection.executeAll(['RESET ROLE', `DROP ROLE ${role}`]);
        expect([user, superuser]).toEqual([role, false]);
        expect(privileges).toEqual({ createInDatabase: false, createInSchema: false, createDatabase: false });
        expect(problems).toEqual([
          `${role} may not create in schema public: GRANT CREATE ON SCHEMA public TO ${role}`,
        ]);
      });
    }
  },
  { embedded: true },
);

async function untilWaiting(url: string, pid: number): Promise<void> {
  for (;;) {
    const [row] = await query(url, `SELECT wait_event_type AS type FROM pg_stat_activity WHERE pid = $1`, [
      pid,
    ]);
    if (row?.type === 'Lock') return;
  }
}
