import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '../../../src/backup/manifest.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import type { PostgresRestoreOptions } from '../../../src/backup/postgres/restore-options.js';
import { checkRestore, restorePostgres } from '../../../src/backup/postgres/restore-postgres.js';
import { listKept, undoRestore } from '../../../src/backup/postgres/swap-undo.js';
import { Secret } from '../../../src/database/secret.js';
import { TidemarkError } from '../../../src/errors.js';
import { query } from '../../support/postgres-server.js';
import { dumpableServers, liveUsers, openSite, type Site } from './support/restore.js';

const SEED = `
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  INSERT INTO users (name) VALUES ('ada'), ('bob');`;

/** The same backup with another manifest. */
function changed(backup: OpenBackup, change: (manifest: Manifest) => Partial<Manifest>): OpenBackup {
  return { ...backup, manifest: { ...backup.manifest, ...change(backup.manifest) } };
}

for (const server of await dumpableServers()) {
  describe(`what is in the way of a restore (PostgreSQL ${server.name})`, () => {
    let site: Site;
    beforeEach(async () => {
      site = await openSite(server, SEED);
    });
    afterEach(() => site.close());

    /** Refused, with nothing made and nothing changed; gives the error. */
    async function refusal(
      backup: OpenBackup,
      change: Partial<PostgresRestoreOptions> = {},
    ): Promise<TidemarkError> {
      const before = await site.databases();
      let backedUp = false;
      const createBefore = async () => {
        backedUp = true;
        return 'none';
      };
      const error = await restorePostgres(backup, site.options({ createBefore, ...change })).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof TidemarkError)) throw error ?? new Error('it was not refused');
      expect(backedUp).toBe(false);
      expect(await site.databases()).toEqual(before);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      return error;
    }

    test('all that is in the way is said at once, each with its way out', async () => {
      const backup = changed(await site.backup(), (manifest) => ({
        engine: { ...manifest.engine, version: '99.1' },
        globals: {
          roles: ['nobody one', 'nobody_two'],
          extensions: [
            { name: 'no_such_extension', version: '1' },
            { name: 'timescaledb', version: '2' },
          ],
          tablespaces: [],
          sequences: [],
          properties: [],
        },
      }));
      const error = await refusal(backup);
      expect(error).toMatchObject({ code: 'restore-refused', exitCode: 4 });
      expect(error.excerpt).toContain('PostgreSQL 99');
      expect(error.excerpt).toContain('lacks the roles "nobody one", "nobody_two"');
      expect(error.excerpt).toContain('lacks the extension "no_such_extension"');
      expect(error.excerpt).toContain('TimescaleDB');
      expect(error.hints.join('\n')).toContain(
        'CREATE ROLE "nobody one" NOLOGIN; CREATE ROLE nobody_two NOLOGIN;',
      );
      expect(error.details.problems).toHaveLength(5);
      // The same, asked beforehand.
      await expect(checkRestore(backup, site.options())).rejects.toThrow(
        expect.objectContaining({ code: 'restore-refused' }),
      );
    });

    test('an extension of another version comes in the one that is here, and that is said', async () => {
      if ((await query(site.url, "SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'")).length === 0)
        return;
      await query(site.url, 'CREATE EXTENSION pg_trgm');
      const backup = changed(await site.backup(), ({ globals }) => ({
        globals: globals && {
          ...globals,
          extensions: globals.extensions.map((one) =>
            one.name === 'pg_trgm' ? { ...one, version: '0.9' } : one,
          ),
        },
      }));
      const { notes } = await restorePostgres(backup, site.options());
      expect(notes.join()).toMatch(/The extension "pg_trgm" is \S+ here, and was 0\.9 in the backup\./);
    });

    test('missing roles are made on request, without the right to log in', async () => {
      const role = `${site.name} "owner"`;
      const quoted = `"${role.replaceAll('"', '""')}"`;
      await query(site.admin, `CREATE ROLE ${quoted}`);
      await query(site.url, `ALTER TABLE users OWNER TO ${quoted}`);
      const backup = await site.backup();
      expect(backup.manifest.globals?.roles).toContain(role);
      await query(site.url, `REASSIGN OWNED BY ${quoted} TO CURRENT_USER; DROP ROLE ${quoted}`);
      expect((await refusal(backup)).message).toContain(`lacks the role "${role}"`);
      try {
        const restored = await restorePostgres(backup, site.options({ createRoles: true }));
        expect(restored.notes).toEqual([expect.stringContaining(role)]);
        expect(
          await query(site.url, "SELECT tableowner::text AS o FROM pg_tables WHERE tablename = 'users'"),
        ).toEqual([{ o: role }]);
        expect(
          await query(site.admin, 'SELECT rolcanlogin FROM pg_roles WHERE rolname = $1', [role]),
        ).toEqual([{ rolcanlogin: false }]);
      } finally {
        await site.close();
        await query(site.admin, `DROP ROLE ${quoted}`);
      }
    });

    test('a disk that is too small, options that exclude each other', async () => {
      const backup = changed(await site.backup(), ({ totals }) => ({ totals: { ...totals, bytes: 1e17 } }));
      expect((await refusal(backup)).message).toContain("the server's disk has");
      expect((await refusal(backup, { inPlace: true, toDatabase: 'x' })).code).toBe('restore-options');
      expect((await refusal(backup, { inPlace: true, tables: ['users'] })).exitCode).toBe(2);
    });

    test('a tablespace that is not here is left out, and said', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tidemark-space-'));
      const space = `${site.name} space`;
      // The server may run as another user than we do.
      const { uid, gid } = await stat(await dataFolder());
      await chown(folder, uid, gid);
      await query(site.admin, `CREATE TABLESPACE "${space}" LOCATION '${folder}'`);
      try {
        await query(site.url, `ALTER TABLE users SET TABLESPACE "${space}"`);
        const backup = await site.backup();
        expect(backup.manifest.globals?.tablespaces).toContain(space);
        await query(site.url, 'ALTER TABLE users SET TABLESPACE pg_default');
        await query(site.admin, `DROP TABLESPACE "${space}"`);
        const restored = await restorePostgres(backup, site.options());
        expect(restored.notes).toEqual([expect.stringContaining(`"${space}"`)]);
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      } finally {
        await query(site.admin, `DROP TABLESPACE IF EXISTS "${space}"`);
        await rm(folder, { recursive: true, force: true });
      }
    });

    async function dataFolder(): Promise<string> {
      const [row] = await query(site.admin, 'SHOW data_directory');
      return String(row?.data_directory);
    }

    test('a damaged part, the wrong client, a client that poisons the session', async () => {
      const backup = await site.backup();
      const [part] = backup.manifest.parts;
      const path = join(site.root, site.name, backup.manifest.id, String(part?.name));
      const whole = await readFile(path);
      const bent = Buffer.from(whole);
      bent[Math.floor(bent.length / 2)] = (bent[Math.floor(bent.length / 2)] ?? 0) ^ 1;
      await writeFile(path, bent);
      expect((await refusal(backup)).code).toBe('backup-damaged');
      await writeFile(path, whole);

      const folder = join(site.root, 'clients');
      const none = await refusal(backup, { find: { folder, env: {} } });
      expect(none.code).toBe('client-missing');
      await fake(folder, '12.9');
      expect((await refusal(backup, { find: { folder, env: {} } })).code).toBe('client-too-old');
      await fake(folder, '99.0');
      if (Number(server.name) < 17)
        expect((await refusal(backup, { find: { folder, env: {} } })).message).toContain(
          'sends settings that PostgreSQL',
        );
    });

    async function fake(folder: string, version: string): Promise<void> {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'pg_restore'), `#!/bin/sh\necho "pg_restore (PostgreSQL) ${version}"\n`);
      await chmod(join(folder, 'pg_restore'), 0o755);
    }

    test('a database that somebody closed on purpose is not opened', async () => {
      const backup = await site.backup();
      await query(site.admin, `ALTER DATABASE ${site.name} ALLOW_CONNECTIONS false`);
      const work = restorePostgres(backup, site.options());
      await expect(work).rejects.toThrow('takes no connections');
      expect(
        await query(site.admin, 'SELECT datallowconn AS a FROM pg_database WHERE datname = $1', [site.name]),
      ).toEqual([{ a: false }]);
    });

    test('subscriptions would go on writing into the old database', async () => {
      const backup = await site.backup();
      await query(
        site.url,
        `CREATE SUBSCRIPTION sub_${site.name} CONNECTION 'host=/nowhere dbname=x' PUBLICATION p
         WITH (connect = false, slot_name = NONE)`,
      );
      expect((await refusal(backup)).message).toContain(`"sub_${site.name}"`);
      // Beside it, it is no hindrance; the copy's is switched off, and that is said.
      const withSub = await site.backup();
      const restored = await restorePostgres(withSub, site.options({ toDatabase: `${site.name}_copy` }));
      expect(restored.notes.join()).toContain(`ALTER SUBSCRIPTION sub_${site.name} ENABLE`);
      await query(site.at(`${site.name}_copy`), `DROP SUBSCRIPTION sub_${site.name}`);
      await query(site.url, `DROP SUBSCRIPTION sub_${site.name}`);
      await restorePostgres(backup, site.options({ keepOld: false }));
    });

    test('to another database: only to a free name, and the live one is not touched', async () => {
      const backup = await site.backup();
      const name = `${site.name}_copy; "x"`;
      const restored = await restorePostgres(backup, site.options({ toDatabase: name }));
      expect(restored).toMatchObject({ mode: 'new-database', database: name, kept: undefined });
      expect(await query(site.at(name), 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 2 }]);
      expect(await site.databases()).toEqual([site.name, name].sort());
      expect((await refusal(backup, { toDatabase: name })).message).toContain('already');
      expect((await refusal(backup, { toDatabase: 'x'.repeat(64) })).message).toContain('63 bytes');
      expect((await listKept(site.parsed)).kept).toEqual([]);
    });

    test('what does not restore, or is not what the manifest says, never becomes live', async () => {
      const backup = await site.backup();
      const more = changed(backup, ({ tables }) => ({
        tables: [
          ...tables.map((table) => ({ ...table, rows: 3 })),
          { schema: 'public', name: 'gone', rows: 1 },
        ],
      }));
      const differs = await restorePostgres(more, site.options()).catch((thrown: TidemarkError) => thrown);
      expect(differs).toMatchObject({ code: 'restore-differs' });
      expect((differs as TidemarkError).excerpt).toContain('table public.users has 2 rows, not 3');
      expect((differs as TidemarkError).excerpt).toContain('table public.gone is missing');
      expect(await site.databases()).toEqual([site.name]);

      // A view that only works with the search_path of the session that made it: pg_dump writes it, nothing reads it.
      await query(
        site.url,
        `CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM users';
         CREATE MATERIALIZED VIEW totals AS SELECT total() AS n`,
      );
      const broken = await restorePostgres(await site.backup(), site.options()).catch(
        (thrown: TidemarkError) => thrown,
      );
      expect(broken).toMatchObject({ code: 'restore-failed' });
      expect((broken as TidemarkError).hints.join()).toContain('search_path');
      expect(await site.databases()).toEqual([site.name]);
      expect(await liveUsers(site)).toEqual(['ada', 'bob']);
    });

    test('who may not create databases is told of the way in place; a stranger may not rename', async () => {
      const backup = await site.backup();
      const role = `${site.name}_app`;
      await query(site.admin, `CREATE ROLE ${role} LOGIN PASSWORD 'p''w\\:@/?#% x'`);
      const parsed = { ...site.parsed, user: role, password: new Secret("p'w\\:@/?#% x") };
      try {
        const error = await refusal(backup, { url: parsed });
        expect(error.excerpt).toContain('may not create databases');
        expect(error.excerpt).toContain('may not rename it');
        expect(error.hints.join()).toContain('--in-place');
        expect(JSON.stringify([error.message, error.hints, error.excerpt, error.details])).not.toContain(
          "p'w",
        );

        // As owner with the right to create: all of it works without a superuser.
        await query(site.admin, `ALTER ROLE ${role} CREATEDB; ALTER DATABASE ${site.name} OWNER TO ${role}`);
        await query(site.url, `ALTER TABLE users OWNER TO ${role}`);
        await query(site.url, `REVOKE ALL ON DATABASE ${site.name} FROM PUBLIC`);
        const own = await site.backup();
        await query(site.url, "INSERT INTO users (name) VALUES ('mallory')");
        const restored = await restorePostgres(own, site.options({ url: parsed }));
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
        expect(
          await query(
            site.admin,
            `SELECT pg_get_userbyid(datdba)::text AS o, datacl::text NOT LIKE '%{=%' AS closed
             FROM pg_database WHERE datname = $1`,
            [site.name],
          ),
        ).toEqual([{ o: role, closed: true }]);
        expect(restored.kept).toBeDefined();

        // A superuser's session is in the way of who is none.
        const superuser = new Client({ connectionString: site.url });
        superuser.on('error', () => {});
        await superuser.connect();
        const held = await refusal(own, { url: parsed }).finally(() => superuser.end());
        expect(held.message).toContain('may not end');

        // A database of somebody else under a kept one's name is not brought back.
        await query(site.admin, `ALTER DATABASE ${restored.kept} OWNER TO CURRENT_USER`);
        await expect(undoRestore(parsed, { lockTimeoutMs: 1000 })).rejects.toThrow(
          expect.objectContaining({ code: 'restore-refused' }),
        );
        expect(await liveUsers(site)).toEqual(['ada', 'bob']);
      } finally {
        await site.close();
        await query(site.admin, `DROP ROLE ${role}`);
      }
    });

    test('who cannot act for the owners restores all as his own, and that is said', async () => {
      const [role, other] = [`${site.name}_app`, `${site.name}_other`];
      await query(site.admin, `CREATE ROLE ${role} LOGIN CREATEDB PASSWORD 'x'; CREATE ROLE ${other}`);
      try {
        await query(site.admin, `ALTER DATABASE ${site.name} OWNER TO ${role}`);
        await query(site.url, `ALTER TABLE users OWNER TO ${other}; GRANT SELECT ON users TO ${role}`);
        const backup = await site.backup();
        const parsed = { ...site.parsed, user: role, password: new Secret('x') };
        const restored = await restorePostgres(backup, site.options({ url: parsed }));
        expect(restored.notes.join()).toContain(`cannot act for "${other}"`);
        expect(
          await query(site.url, "SELECT tableowner::text AS o FROM pg_tables WHERE tablename = 'users'"),
        ).toEqual([{ o: role }]);
      } finally {
        await site.close();
        await query(site.admin, `DROP ROLE ${role}; DROP ROLE ${other}`);
      }
    });
  });
}
