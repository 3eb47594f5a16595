import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findClient } from '../../../src/backup/postgres/find-client.js';
import { restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { runClient } from '../../../src/backup/postgres/run-client.js';
import { formatMarker, newRestoreNames } from '../../../src/backup/postgres/swap-marker.js';
import { listKept, repairRestore, undoRestore } from '../../../src/backup/postgres/swap-undo.js';
import { findPostgres } from '../../support/postgres-binaries.js';
import { type RunningPostgres, startPostgres } from '../../support/postgres-process.js';
import { query, servers, type TestServer } from '../../support/postgres-server.js';
import { dumpableServers, find, liveUsers, openSite, type Site } from './support/restore.js';

const USERS = `
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  INSERT INTO users (name) VALUES ('ada'), ('bob');`;

const able = await dumpableServers();
const newest = able.at(-1);

describe.runIf(newest !== undefined)(`a server of its own for a restore (PostgreSQL ${newest?.name})`, () => {
  let own: RunningPostgres;
  let server: TestServer;
  let site: Site;
  beforeAll(async () => {
    const binaries = findPostgres().find(({ major }) => String(major) === newest?.name);
    if (binaries === undefined || newest === undefined) throw new Error('no server');
    own = await startPostgres(binaries, { wal_level: 'logical', max_prepared_transactions: '5' });
    server = { ...newest, adminUrl: async () => own.url };
  });
  afterAll(() => own?.stop());
  afterEach(async () => {
    for (const { gid } of await query(site.url, 'SELECT gid FROM pg_prepared_xacts'))
      await query(site.url, `ROLLBACK PREPARED '${gid}'`);
    await site.close();
  });

  test('prepared transactions and replication slots stand in the way, each with its way out', async () => {
    site = await openSite(server, USERS);
    const backup = await site.backup();
    await query(site.url, "SELECT pg_create_logical_replication_slot('app_slot', 'pgoutput')");
    await query(site.url, "BEGIN; UPDATE users SET name = 'x'; PREPARE TRANSACTION 'pending one'");
    await expect(restorePostgres(backup, site.options())).rejects.toThrow(
      expect.objectContaining({
        code: 'restore-refused',
        excerpt: expect.stringMatching(/prepared transactions: "pending one"[\s\S]*slots.*"app_slot"/),
      }),
    );
    expect(await site.databases()).toEqual([site.name]);
    await query(site.url, "ROLLBACK PREPARED 'pending one'");
    await query(site.url, "SELECT pg_drop_replication_slot('app_slot')");
    await restorePostgres(backup, site.options());
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
  });

  test('a transaction prepared after the checks: the swap fails, and all is as before', async () => {
    site = await openSite(server, USERS);
    const backup = await site.backup();
    await query(site.url, "DELETE FROM users WHERE name = 'bob'");
    const other = new Client({ connectionString: site.url });
    other.on('error', () => {});
    await other.connect();
    let prepared: Promise<unknown> | undefined;
    const work = restorePostgres(
      backup,
      site.options({
        onEvent: (event) => {
          if (event.type === 'phase' && event.phase === 'analyzing')
            prepared = other.query("BEGIN; UPDATE users SET name = 'x'; PREPARE TRANSACTION 'late'");
        },
      }),
    );
    await expect(work).rejects.toThrow(
      expect.objectContaining({
        code: 'swap-failed',
        exitCode: 4,
        message: expect.stringContaining('prepared'),
      }),
    );
    await prepared;
    await other.end().catch(() => {});
    expect(await liveUsers(site)).toEqual(['ada']);
    expect(await site.databases()).toEqual([site.name]);
    await query(site.url, "ROLLBACK PREPARED 'late'");
  });

  test('the server dies in the middle of a swap: it comes back with one of the two, and a rerun opens it', async () => {
    site = await openSite(server, USERS);
    const backup = await site.backup();
    await query(site.url, "DELETE FROM users WHERE name = 'bob'");
    // A prepared transaction holds the swap in its loop, with connections held off, for as long as we need.
    const other = new Client({ connectionString: site.url });
    other.on('error', () => {});
    await other.connect();
    let prepared: Promise<unknown> | undefined;
    const work = restorePostgres(
      backup,
      site.options({
        lockTimeoutMs: 60_000,
        onEvent: (event) => {
          if (event.type === 'phase' && event.phase === 'analyzing')
            prepared = other.query("BEGIN; UPDATE users SET name = 'x'; PREPARE TRANSACTION 'late'");
        },
      }),
    ).catch((error: unknown) => error);
    const closed = () =>
      query(site.admin, 'SELECT datallowconn AS open FROM pg_database WHERE datname = $1', [site.name]);
    await expect.poll(closed, { timeout: 30_000 }).toEqual([{ open: false }]);
    await prepared;
    const postmaster = Number(
      readFileSync(join(own.folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0],
    );
    // One of its processes killed: it throws all sessions out and recovers, as after a crash.
    const [victim] = await query(
      site.admin,
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'",
    );
    expect(execFileSync('ps', ['-o', 'ppid=', '-p', String(victim?.pid)], { encoding: 'utf8' }).trim()).toBe(
      String(postmaster),
    );
    process.kill(Number(victim?.pid), 'SIGKILL');
    expect(await work).toMatchObject({ code: 'swap-unknown' });
    await expect.poll(() => closed().catch(() => []), { timeout: 30_000 }).toEqual([{ open: false }]);
    await query(site.admin, 'SELECT 1');
    expect((await listKept(site.parsed)).leftovers).toHaveLength(1);
    expect(await repairRestore(site.parsed, { lockTimeoutMs: 5000 })).toHaveLength(2);
    expect(await repairRestore(site.parsed, { lockTimeoutMs: 5000 })).toEqual([]);
    expect(await closed()).toEqual([{ open: true }]);
    expect(await liveUsers(site)).toEqual(['ada']);
    await query(site.url, "ROLLBACK PREPARED 'late'");
    const again = await restorePostgres(backup, site.options());
    expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    expect(await site.databases()).toEqual([site.name, again.kept].sort());
  });
});

for (const server of able) {
  describe(`databases that are hard to restore (PostgreSQL ${server.name})`, () => {
    let site: Site;
    afterEach(() => site.close());

    test('a name with quotes, a semicolon and letters of two bytes', async () => {
      site = await openSite(server, USERS, `we"ird; x'é $$ {database} %I`);
      const backup = await site.backup();
      await query(
        site.url,
        `COMMENT ON DATABASE "${site.name.replaceAll('"', '""')}" IS 'a ''quoted'' \\ comment'`,
      );
      await query(site.url, "INSERT INTO users (name) VALUES ('mallory')");
      const restored = await restorePostgres(backup, site.options());
      expect(restored.notes).toEqual([]);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      expect((await listKept(site.parsed)).kept).toMatchObject([{ name: restored.kept }]);
      await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
      expect(await liveUsers(site)).toEqual(['ada', 'bob', 'mallory']);
      expect(
        await query(
          site.admin,
          "SELECT shobj_description(oid, 'pg_database') AS c FROM pg_database WHERE datname = $1",
          [site.name],
        ),
      ).toEqual([{ c: "a 'quoted' \\ comment" }]);
    });

    test('a name that is as long as names can be', async () => {
      site = await openSite(server, USERS, `${'long_'.repeat(10)}`);
      const backup = await site.backup();
      const { kept } = await restorePostgres(backup, site.options());
      try {
        expect(Buffer.byteLength(String(kept))).toBe(63);
        expect((await listKept(site.parsed)).kept).toHaveLength(1);
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      } finally {
        await query(site.admin, `DROP DATABASE ${kept} WITH (FORCE)`);
      }
    });

    test('keys in a circle, generated columns, row security, event triggers, large objects, settings in the way', async () => {
      site = await openSite(
        server,
        `${USERS}
         CREATE TABLE a (id int PRIMARY KEY, b int, twice int GENERATED ALWAYS AS (id * 2) STORED);
         CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);
         ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
         BEGIN; INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1); COMMIT;
         ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY;
         CREATE POLICY nobody ON users USING (false);
         CREATE FUNCTION noisy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''ddl''; END';
         CREATE EVENT TRIGGER noisy ON ddl_command_end EXECUTE FUNCTION noisy();
         CREATE TABLE pictures (id oid); INSERT INTO pictures SELECT lo_from_bytea(0, 'picture');
         CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SET search_path = public AS 'SELECT count(*) FROM users';
         CREATE MATERIALIZED VIEW totals AS SELECT total() AS n;
         CREATE UNLOGGED TABLE fast AS SELECT 1 AS n;`,
      );
      // What would get in the way of any session that does not mind it.
      for (const setting of [
        "statement_timeout TO '10s'",
        'default_transaction_read_only TO on',
        "search_path TO 'nowhere'",
      ])
        await query(site.admin, `ALTER DATABASE ${site.name} SET ${setting}`);
      const backup = await site.backup();
      const restored = await restorePostgres(backup, site.options({ keepOld: false }));
      expect(restored.notes).toEqual([]);
      expect(
        await query(
          site.url,
          `SELECT (SELECT twice FROM public.a) AS twice, (SELECT n FROM public.totals)::int AS n,
             (SELECT convert_from(lo_get(id), 'UTF8') FROM public.pictures) AS picture,
             (SELECT count(*)::int FROM pg_event_trigger) AS triggers, (SELECT n FROM public.fast) AS fast,
             (SELECT relforcerowsecurity FROM pg_class WHERE oid = 'public.users'::regclass) AS forced,
             current_setting('default_transaction_read_only') AS readonly`,
        ),
      ).toEqual([{ twice: 2, n: 2, picture: 'picture', triggers: 1, fast: 1, forced: true, readonly: 'on' }]);
      await expect(query(site.url, 'INSERT INTO public.users (name) VALUES (1)')).rejects.toThrow(
        'read-only',
      );
    });

    test('encoding and locale are those of the backup, whatever the server prefers', async () => {
      site = await openSite(server, USERS);
      await query(site.admin, `DROP DATABASE ${site.name}`);
      const icu = Number(server.name) >= 15 ? " LOCALE_PROVIDER icu ICU_LOCALE 'de-u-kn-true'" : '';
      const encoding = icu === '' ? "ENCODING 'LATIN1'" : "ENCODING 'UTF8'";
      await query(
        site.admin,
        `CREATE DATABASE ${site.name} TEMPLATE template0 ${encoding} LC_COLLATE 'C' LC_CTYPE 'C'${icu}`,
      );
      await query(site.url, `${USERS} INSERT INTO users (name) VALUES ('zoë')`);
      const facts = () =>
        query(
          site.admin,
          `SELECT (to_jsonb(d) - '{oid,datfrozenxid,datminmxid,dattablespace,datlastsysoid}'::text[])::text AS facts
           FROM pg_database d WHERE datname = $1`,
          [site.name],
        );
      const before = await facts();
      const backup = await site.backup();
      await restorePostgres(backup, site.options({ keepOld: false }));
      expect(await facts()).toEqual(before);
      // And with no live one to take it from.
      await query(site.admin, `DROP DATABASE ${site.name}`);
      await restorePostgres(backup, site.options());
      expect(await facts()).toEqual(before);
      expect(await liveUsers(site)).toEqual(['ada', 'bob', 'zoë']);

      const elsewhere = {
        ...backup,
        manifest: { ...backup.manifest, engine: { ...backup.manifest.engine, collate: 'xx_YY.nonsense' } },
      };
      await expect(restorePostgres(elsewhere, site.options())).rejects.toThrow(
        expect.objectContaining({ code: 'restore-refused', message: expect.stringContaining('locale') }),
      );
      expect(await site.databases()).toEqual([site.name]);
    });

    test('a dump in many files, by several sessions at once', async () => {
      site = await openSite(
        server,
        `${USERS} ${[1, 2, 3, 4].map((n) => `CREATE TABLE t${n} AS SELECT generate_series(1, 2000) AS n;`).join('')}`,
      );
      const backup = await site.backup();
      const folder = join(site.root, 'folder-format');
      const client = await findClient('pg_dump', Number(server.name), find);
      await runClient({
        client,
        args: ['--format=directory', '--jobs=2', `--file=${folder}`],
        url: site.parsed,
        signal: undefined,
      });
      const [part] = backup.manifest.parts;
      if (part === undefined) throw new Error('no part');
      const inFiles = {
        ...backup,
        manifest: {
          ...backup.manifest,
          parts: readdirSync(folder).map((name) => ({ ...part, name })),
          capture: { ...backup.manifest.capture, jobs: 2 },
        },
        files: async () => ({ folder, release: async () => {} }),
      };
      await query(site.url, 'TRUNCATE users, t1, t2, t3, t4');
      await restorePostgres(inFiles, site.options({ keepOld: false }));
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      const tables = await restorePostgres(inFiles, site.options({ tables: ['t1', 't3'], jobs: 3 }));
      expect(tables.tables.map(({ name, rows }) => [name, rows])).toEqual([
        ['t1', 2000],
        ['t3', 2000],
      ]);
    });

    test('on a later server it comes back, on an earlier one it is refused', async () => {
      site = await openSite(server, USERS);
      const backup = await site.backup();
      for (const other of servers()) {
        const target = await openSite(other, USERS);
        try {
          await query(target.url, "INSERT INTO users (name) VALUES ('mallory')");
          const work = restorePostgres(backup, target.options({ keepOld: false }));
          if (Number(other.name) >= Number(server.name)) {
            await work;
            expect(await liveUsers(target)).toEqual(['ada', 'bob']);
          } else {
            await expect(work).rejects.toThrow(`the backup is of PostgreSQL ${server.name}`);
            expect(await liveUsers(target)).toEqual(['ada', 'bob', 'mallory']);
          }
        } finally {
          await target.close();
        }
      }
    });

    test('a manifest that was tampered with runs no statements of its own', async () => {
      site = await openSite(server, USERS);
      const backup = await site.backup();
      await query(site.admin, `DROP DATABASE ${site.name}`);
      const properties = [
        `DROP DATABASE {database}`,
        `ALTER ROLE x; DROP ROLE y IN DATABASE {database} SET a TO b`,
        `GRANT CONNECT ON DATABASE {database} TO PUBLIC; DROP TABLE users`,
        `ALTER DATABASE {database} SET work_mem TO '1MB' /* ' */; DROP TABLE users --'`,
        `COMMENT ON DATABASE {database} IS 'a; b' 'c\\'; DROP TABLE users; --'`,
        // This is one of ours, for a role that only had settings here: no reason to give up a restore at its end.
        `ALTER ROLE no_such_role IN DATABASE {database} SET work_mem TO '1MB'`,
        ...(backup.manifest.globals?.properties ?? []),
        `COMMENT ON DATABASE {database} IS E'it''s; a \\\\ comment -- "quoted'`,
        `ALTER DATABASE {database} SET search_path TO "$user", public`,
        `ALTER DATABASE {database} CONNECTION LIMIT 12`,
      ];
      const globals = backup.manifest.globals;
      if (globals === null) throw new Error('no globals');
      const changed = { ...backup, manifest: { ...backup.manifest, globals: { ...globals, properties } } };
      const restored = await restorePostgres(changed, site.options());
      expect(restored.notes).toEqual([
        expect.stringContaining('DROP DATABASE'),
        expect.stringContaining('DROP ROLE'),
        expect.stringContaining('DROP TABLE'),
        expect.stringContaining('DROP TABLE'),
        expect.stringContaining('DROP TABLE'),
        expect.stringContaining('role "no_such_role" does not exist'),
      ]);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    });

    test('a marker that somebody wrote on a database of theirs opens and removes nothing', async () => {
      site = await openSite(server, USERS);
      const backup = await site.backup();
      const other = `${site.name}_other`;
      await query(site.admin, `CREATE DATABASE ${other}`);
      const marker = { state: 'restoring', of: site.name, backup: null, at: '2026', comment: null } as const;
      await query(site.admin, `COMMENT ON DATABASE ${other} IS '${formatMarker(marker)}'`);
      const foreign = newRestoreNames(other).beside;
      await query(site.admin, `CREATE DATABASE ${foreign} ALLOW_CONNECTIONS false`);
      await restorePostgres(backup, site.options({ keepOld: false }));
      expect(await site.databases()).toEqual([site.name, other, foreign].sort());
    });
  });
}
