import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { listKept } from '../../../src/backup/postgres/swap-undo.js';
import { query } from '../../support/postgres-server.js';
import { dumpableServers, openSite, type Site } from './support/restore.js';

const SEED = `
  CREATE EXTENSION citext;
  CREATE TYPE mood AS ENUM ('sad', 'ok');
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
  CREATE TABLE teams (id int PRIMARY KEY, name citext UNIQUE);
  CREATE TABLE users (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name citext NOT NULL, mood mood DEFAULT 'ok',
    team int REFERENCES teams, loud text GENERATED ALWAYS AS (upper(name::text)) STORED, CHECK (length(name) < 90));
  CREATE INDEX users_mood ON users (mood);
  CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
  ALTER TABLE users ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON users USING (name = current_user);
  INSERT INTO teams VALUES (1, 'one'), (2, 'two');
  INSERT INTO users (name, team) VALUES ('ada', 1), ('bob', 2);
  CREATE TABLE parts (id int, day date) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10);
  CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
  INSERT INTO parts VALUES (1, 'today'), (2, 'today'), (11, 'today');
  CREATE SCHEMA "odd ""s'";
  CREATE TABLE "odd ""s'"."T é; --
x" (v text, n serial);
  INSERT INTO "odd ""s'"."T é; --
x" VALUES ('a'), ('b'), ('c');
  CREATE TABLE "odd ""s'".users (id int);
  CREATE VIEW named AS SELECT name FROM users;`;
const ODD = `odd "s'`;

for (const server of await dumpableServers()) {
  describe(`restoring some tables beside (PostgreSQL ${server.name})`, () => {
    let site: Site;
    beforeEach(async () => {
      site = await openSite(server, SEED);
    });
    afterEach(() => site.close());

    test('a table comes back beside the live one, which nobody touches', async () => {
      const backup = await site.backup();
      await query(site.url, 'ALTER TABLE users DISABLE TRIGGER touch; DELETE FROM users');
      // Held by somebody in a transaction: a copy needs nothing of it.
      const holder = new Client({ connectionString: site.url });
      await holder.connect();
      await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const restored = await restorePostgres(backup, site.options({ tables: ['public.users'] })).finally(() =>
        holder.end(),
      );
      const [copy] = restored.tables;
      expect(restored.tables).toEqual([
        {
          schema: 'public',
          name: 'users',
          restoredSchema: expect.stringMatching(/^restored_[0-9a-f]{6}$/),
          rows: 2,
        },
      ]);
      const schema = copy?.restoredSchema ?? '';
      expect(
        await query(site.url, `SELECT name, mood::text, team, loud FROM ${schema}.users ORDER BY id`),
      ).toEqual([
        { name: 'ada', mood: 'ok', team: 1, loud: 'ADA' },
        { name: 'bob', mood: 'ok', team: 2, loud: 'BOB' },
      ]);
      expect(await query(site.url, 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 0 }]);
      expect(
        await query(
          site.url,
          `SELECT indexname::text AS i FROM pg_indexes WHERE schemaname = '${schema}' ORDER BY 1`,
        ),
      ).toEqual([{ i: 'users_mood' }, { i: 'users_pkey' }]);
      // No trigger, no key to another table; its own sequence goes on.
      expect(
        await query(site.url, `INSERT INTO ${schema}.users (name, team) VALUES ('cem', 99) RETURNING id`),
      ).toEqual([{ id: 3 }]);
      expect(await query(site.url, `UPDATE ${schema}.users SET mood = 'sad' RETURNING 1 AS n`)).toHaveLength(
        3,
      );
      expect(await site.databases()).toEqual([site.name]);
      expect((await listKept(site.parsed)).kept).toEqual([]);

      // Once more: another schema beside the first.
      const again = await restorePostgres(backup, site.options({ tables: ['teams', 'public.users'] }));
      expect(again.tables.map(({ name, rows }) => [name, rows])).toEqual([
        ['teams', 2],
        ['users', 2],
      ]);
      expect(again.tables[0]?.restoredSchema).not.toBe(schema);
    });

    test('a partitioned table comes with its partitions, a partition alone without', async () => {
      const backup = await site.backup();
      await query(site.url, 'TRUNCATE parts');
      const whole = await restorePostgres(backup, site.options({ tables: ['parts'] }));
      expect(whole.tables.map(({ name, rows }) => [name, rows])).toEqual([
        ['parts_1', 2],
        ['parts_2', 1],
      ]);
      const schema = whole.tables[0]?.restoredSchema;
      expect(await query(site.url, `SELECT count(*)::int AS n FROM ${schema}.parts`)).toEqual([{ n: 3 }]);
      const alone = await restorePostgres(backup, site.options({ tables: ['parts_1'] }));
      expect(alone.tables.map(({ name, rows }) => [name, rows])).toEqual([['parts_1', 2]]);
      // The live one has got none of the rows.
      expect(await query(site.url, 'SELECT count(*)::int AS n FROM parts')).toEqual([{ n: 0 }]);
      expect(
        await query(
          site.url,
          "SELECT count(*)::int AS n FROM pg_inherits WHERE inhparent = 'parts'::regclass",
        ),
      ).toEqual([{ n: 2 }]);
    });

    test('a schema with any characters; two schemas stay apart', async () => {
      const backup = await site.backup();
      const odd = await restorePostgres(backup, site.options({ schemas: [ODD] }));
      expect(odd.tables.map(({ name, rows }) => [name, rows])).toEqual([
        ['T é; --\nx', 3],
        ['users', 0],
      ]);
      const both = await restorePostgres(backup, site.options({ schemas: [ODD], tables: ['public.users'] }));
      expect(new Set(both.tables.map(({ restoredSchema }) => restoredSchema)).size).toBe(2);
      expect(both.tables.find(({ schema }) => schema === 'public')?.rows).toBe(2);
    });

    test('what is not there, or not clear, is said, and nothing is left', async () => {
      const backup = await site.backup();
      for (const [change, code] of [
        [{ tables: ['nothing'] }, 'table-unknown'],
        [{ schemas: ['nothing'] }, 'table-unknown'],
        [{ tables: ['users'] }, 'table-ambiguous'],
      ] as const)
        await expect(restorePostgres(backup, site.options(change))).rejects.toThrow(
          expect.objectContaining({ code, exitCode: 2 }),
        );
      // The live database lacks the type that the copy is made of: all or nothing.
      await query(site.url, 'DROP TABLE users CASCADE; DROP TYPE mood');
      await expect(restorePostgres(backup, site.options({ tables: ['public.users'] }))).rejects.toThrow(
        expect.objectContaining({ code: 'restore-failed' }),
      );
      expect(await query(site.url, "SELECT nspname FROM pg_namespace WHERE nspname ~ '^restored_'")).toEqual(
        [],
      );
      expect(await site.databases()).toEqual([site.name]);
    });
  });
}
