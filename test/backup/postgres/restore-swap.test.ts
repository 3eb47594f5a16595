import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { dropKept, listKept, undoRestore } from '../../../src/backup/postgres/swap-undo.js';
import { query } from '../../support/postgres-server.js';
import { dumpableServers, liveUsers, openSite, type Site } from './support/restore.js';

const SEED = `
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);
  INSERT INTO users (name) VALUES ('ada'), ('bob');`;
const BROKEN = `DELETE FROM users; INSERT INTO users (name) VALUES ('mallory'); CREATE TABLE later (id int)`;

for (const server of await dumpableServers()) {
  describe(`restore beside and swap (PostgreSQL ${server.name})`, () => {
    let site: Site;
    beforeEach(async () => {
      site = await openSite(server, SEED);
    });
    afterEach(() => site.close());

    test('what was backed up is live again, what was live is kept, and undo brings it back', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      const phases: string[] = [];
      const restored = await restorePostgres(
        backup,
        site.options({
          createBefore: async () => (await site.backup()).manifest.id,
          onEvent: (event) => event.type === 'phase' && phases.push(event.phase.replace(/site_\S+/, 'X')),
        }),
      );
      expect(restored).toMatchObject({ mode: 'swap', database: site.name, recovered: [], notes: [] });
      expect(restored.before).toMatch(/^\d{8}T/);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      expect(await query(site.url, "SELECT to_regclass('later') AS t")).toEqual([{ t: null }]);
      // The sequence goes on where it was, and statistics are there.
      expect(await query(site.url, "INSERT INTO users (name) VALUES ('cem') RETURNING id")).toEqual([
        { id: 3 },
      ]);
      expect(await query(site.url, "SELECT reltuples FROM pg_class WHERE relname = 'users'")).toEqual([
        { reltuples: 2 },
      ]);
      expect(phases).toEqual([
        'checking the backup',
        'backing up what is there',
        'creating X',
        'restoring into X',
        'comparing with the manifest',
        'analyzing',
        'taking over owner, grants and settings',
        'swapping',
      ]);

      const kept = String(restored.kept);
      expect(await site.databases()).toEqual([site.name, kept].sort());
      expect(await query(site.at(kept), 'SELECT name FROM users')).toEqual([{ name: 'mallory' }]);
      const list = await listKept(site.parsed);
      expect(list).toMatchObject({ leftovers: [], kept: [{ name: kept, backup: backup.manifest.id }] });
      expect(list.kept[0]?.bytes).toBeGreaterThan(1_000_000);

      const undone = await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
      expect(undone).toMatchObject({ database: site.name, restored: kept });
      expect(await liveUsers(site)).toEqual(['mallory']);
      await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
      expect(await liveUsers(site)).toEqual(['ada', 'bob', 'cem']);

      const [last] = (await listKept(site.parsed)).kept;
      await expect(dropKept(site.parsed, site.name, { lockTimeoutMs: 1000 })).rejects.toThrow(
        expect.objectContaining({ code: 'kept-unknown', exitCode: 2 }),
      );
      await dropKept(site.parsed, String(last?.name), { lockTimeoutMs: 1000 });
      expect(await site.databases()).toEqual([site.name]);
      await expect(undoRestore(site.parsed, { lockTimeoutMs: 1000 })).rejects.toThrow(
        expect.objectContaining({ code: 'kept-unknown' }),
      );
      expect(await liveUsers(site)).toEqual(['ada', 'bob', 'cem']);
    });

    test('without keeping the old one, nothing else is left', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      const restored = await restorePostgres(backup, site.options({ keepOld: false }));
      expect(restored.kept).toBeUndefined();
      expect(await site.databases()).toEqual([site.name]);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    });

    test('owner, limit, comment, grants and settings stay with the name', async () => {
      const role = `${site.name}_r`;
      const alter = [
        `CREATE ROLE ${role} NOLOGIN`,
        `ALTER DATABASE ${site.name} OWNER TO ${role}`,
        `ALTER DATABASE ${site.name} CONNECTION LIMIT 42`,
        `COMMENT ON DATABASE ${site.name} IS 'it''s {database} \\ mine'`,
        `REVOKE ALL ON DATABASE ${site.name} FROM PUBLIC`,
        `GRANT TEMPORARY ON DATABASE ${site.name} TO pg_monitor WITH GRANT OPTION`,
        `ALTER DATABASE ${site.name} SET search_path TO public, "odd,name"`,
        `ALTER ROLE ${role} IN DATABASE ${site.name} SET statement_timeout TO '7s'`,
      ];
      try {
        const backup = await site.backup();
        // Set after the backup: the live database's hold, not those of the backup.
        for (const sql of alter) await query(site.admin, sql);
        const before = await properties(site);
        const restored = await restorePostgres(backup, site.options());
        expect(restored.notes).toEqual([]);
        expect(await properties(site)).toEqual(before);
        await undoRestore(site.parsed, { lockTimeoutMs: 5000 });
        expect(await properties(site)).toEqual(before);
        // With none live, the backup's own hold.
        const later = await site.backup();
        for (const name of await site.databases())
          await query(site.admin, `DROP DATABASE ${name} WITH (FORCE)`);
        const again = await restorePostgres(later, site.options());
        expect(again).toMatchObject({ kept: undefined, before: undefined });
        expect(await properties(site)).toEqual(before);
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      } finally {
        await site.close();
        await query(site.admin, `DROP ROLE ${role}`);
      }
    });

    test('clients that connect without end meet one of the two, and few of them a closed door', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      // One that never lets go by itself, in a transaction.
      const idle = new Client({ connectionString: site.url });
      idle.on('error', () => {});
      await idle.connect();
      await idle.query('BEGIN; SELECT * FROM users');
      let over = false;
      const seen: string[] = [];
      const failures: string[] = [];
      const hammer = async () => {
        while (!over) {
          const client = new Client({ connectionString: site.url });
          client.on('error', () => {});
          try {
            await client.connect();
            const { rows } = await client.query('SELECT string_agg(name, $1 ORDER BY id) AS all FROM users', [
              ',',
            ]);
            seen.push(String(rows[0]?.all));
          } catch (error) {
            failures.push((error as Error).message);
          } finally {
            await client.end().catch(() => {});
          }
          await sleep(50);
        }
      };
      const hammering = [hammer(), hammer()];
      const restored = await restorePostgres(backup, site.options());
      await sleep(300);
      over = true;
      await Promise.all(hammering);
      expect(new Set(seen)).toEqual(new Set(['mallory', 'ada,bob']));
      // Once the new one was seen, the old one never is again.
      expect(seen.lastIndexOf('mallory')).toBeLessThan(seen.indexOf('ada,bob'));
      expect(failures.length).toBeLessThanOrEqual(10);
      for (const message of failures)
        expect(message).toMatch(/not currently accepting connections|terminat|does not exist|Connection/);
      expect(restored.endedSessions).toBeGreaterThanOrEqual(1);
      expect(restored.notes.join()).toMatch(/The swap ends .*in a transaction since/);
      expect(restored.swapMs).toBeLessThan(5000);
      await idle.end().catch(() => {});
    });

    test('a session with the lock of migrations stops the swap, and nothing has changed', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      const { connectPostgres } = await import('../../../src/database/postgres-server.js');
      const { migrationEngine } = await import('../../../src/migrations/engine.js');
      const runner = await connectPostgres(site.parsed);
      try {
        const release = await (await migrationEngine(runner)).lock(1000, () => {});
        await expect(restorePostgres(backup, site.options({ lockTimeoutMs: 300 }))).rejects.toThrow(
          expect.objectContaining({ code: 'locked', exitCode: 4 }),
        );
        expect(await site.databases()).toEqual([site.name]);
        expect(await liveUsers(site)).toEqual(['mallory']);
        await release();
      } finally {
        await runner.close();
      }
      await restorePostgres(backup, site.options());
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    });

    test('two restores at once: one works, the other waits or is told', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      const first = restorePostgres(backup, site.options());
      await sleep(100);
      await expect(restorePostgres(backup, site.options({ lockTimeoutMs: 0 }))).rejects.toThrow(
        expect.objectContaining({ code: 'locked' }),
      );
      await first;
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    });

    test('given up in the middle, nothing is left and nothing has changed', async () => {
      const backup = await site.backup();
      await query(site.url, BROKEN);
      for (const phase of ['creating', 'restoring', 'comparing', 'analyzing', 'taking']) {
        const controller = new AbortController();
        const work = restorePostgres(
          backup,
          site.options({
            signal: controller.signal,
            onEvent: (event) => {
              if (event.type === 'phase' && event.phase.startsWith(phase)) controller.abort();
            },
          }),
        );
        await expect(work, phase).rejects.toThrow(expect.objectContaining({ code: 'aborted' }));
        expect(await site.databases()).toEqual([site.name]);
      }
      expect(await liveUsers(site)).toEqual(['mallory']);
    });
  });
}

async function properties(site: Site): Promise<unknown> {
  return query(
    site.admin,
    `SELECT pg_get_userbyid(datdba)::text AS owner, datconnlimit, datacl::text, datallowconn,
       shobj_description(oid, 'pg_database') AS comment,
       (SELECT json_agg(json_build_array(setrole::regrole, setconfig) ORDER BY setrole)
        FROM pg_db_role_setting WHERE setdatabase = d.oid) AS settings
     FROM pg_database d WHERE datname = $1`,
    [site.name],
  );
}
