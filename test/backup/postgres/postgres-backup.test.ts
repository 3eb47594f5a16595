import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CreateOptions, createBackup } from '../../../src/backup/create-backup.js';
import { decryptionWith, encryptionTo } from '../../../src/backup/encryption.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { findClient } from '../../../src/backup/postgres/find-client.js';
import { postgresBackup } from '../../../src/backup/postgres/postgres-backup.js';
import { countTables } from '../../../src/backup/postgres/read-facts.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../../src/database/database-url.js';
import { Secret } from '../../../src/database/secret.js';
import { describeEachServer, freshDatabase, query } from '../../support/postgres-server.js';

const find = { env: process.env };
const SEED = `
  CREATE SCHEMA "we;ird";
  CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 1000) n;
  CREATE TABLE "we;ird"."T ""able"" é" (v text);
  INSERT INTO "we;ird"."T ""able"" é" VALUES ('a'), ('b');
  CREATE TABLE log (at timestamptz DEFAULT now());
  INSERT INTO log SELECT now() FROM generate_series(1, 50);
  CREATE TABLE parts (id int) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
  INSERT INTO parts VALUES (1), (2), (3);`;

describeEachServer(
  'a backup with pg_dump',
  (server) => {
    let url: string;
    let parsed: PostgresUrl;
    let drop: () => Promise<void>;
    let root: string;
    let options: CreateOptions;
    beforeEach(async () => {
      ({ url, drop } = await freshDatabase(server));
      const read = parseDatabaseUrl(url);
      if (read.adapter !== 'server') throw new Error('not a server');
      parsed = read;
      root = await mkdtemp(join(tmpdir(), 'tidemark-pg-backup-'));
      options = {
        root,
        database: parsed.database ?? '',
        trigger: { kind: 'manual', migration: null },
        tags: [],
        pinned: false,
        encryption: undefined,
        jobs: undefined,
        excludeTableData: [],
        lockTimeoutMs: 2000,
      };
      await query(url, SEED);
    });
    afterEach(async () => {
      await drop();
      await rm(root, { recursive: true, force: true });
    });

    const engine = () => postgresBackup(parsed, find);
    async function made(change: Partial<CreateOptions> = {}): Promise<OpenBackup> {
      const { manifest } = await createBackup(engine(), { ...options, ...change });
      return storedBackup(new FolderStore('local', root), manifest, { folder: parsed.database ?? '' });
    }

    test('holds what there is, counted in the moment of the dump, and restores to it', async () => {
      const { manifest, ...backup } = await made();
      expect(manifest.tables.map(({ schema, name, rows }) => [schema, name, rows])).toEqual([
        ['public', 'log', 50],
        ['public', 'parts_1', 3],
        ['public', 'users', 1000],
        ['we;ird', 'T "able" é', 2],
      ]);
      expect(manifest.engine).toMatchObject({ kind: 'postgres', encoding: 'UTF8' });
      expect(manifest.globals?.sequences).toEqual([
        { schema: 'public', name: 'users_id_seq', value: '1000' },
      ]);
      await engine().checkStructure({ manifest, ...backup }, {});
      const there = await engine().rehearse({ manifest, ...backup }, {}, (restored) => countTables(restored));
      expect(there).toEqual(manifest.tables);
      expect(await query(url, "SELECT datname FROM pg_database WHERE datname ~ '^tidemark_dev_'")).toEqual(
        [],
      );
    });

    test('rows left out are left out, and said to be', async () => {
      const backup = await made({ excludeTableData: ['public.lo*', 'we;ird.*'] });
      expect(backup.manifest.tables.map(({ rows }) => rows)).toEqual([null, 3, 1000, null]);
      const there = await engine().rehearse(backup, {}, (restored) => countTables(restored));
      expect(there.map(({ rows }) => rows)).toEqual([0, 3, 1000, 0]);
    });

    test('what others change meanwhile is neither dumped nor counted', async () => {
      let changed = false;
      const backup = await made({
        onEvent: (event) => {
          // The snapshot is taken by now; what is deleted from here on is in it.
          if (event.type !== 'phase' || event.phase !== 'dumping') return;
          changed = true;
          const sql = `DELETE FROM users; INSERT INTO log SELECT now() FROM generate_series(1, 500)`;
          const script = `const{Client}=require('pg');const c=new Client(process.argv[1]);c.connect().then(()=>c.query(process.argv[2])).then(()=>c.end())`;
          spawnSync(process.execPath, ['-e', script, url, sql], { stdio: 'inherit' });
        },
      });
      expect(changed).toBe(true);
      expect(backup.manifest.tables.map(({ rows }) => rows)).toEqual([50, 3, 1000, 2]);
      expect(await engine().rehearse(backup, {}, (restored) => countTables(restored))).toEqual(
        backup.manifest.tables,
      );
      expect(await query(url, 'SELECT count(*)::int AS n FROM users')).toEqual([{ n: 0 }]);
    });

    test('encrypted, it opens with the identity alone', async () => {
      const identity = await generateIdentity();
      const file = join(root, 'identity');
      await writeFile(file, identity);
      const encryption = await encryptionTo([await identityToRecipient(identity)]);
      const { manifest, path } = await createBackup(engine(), { ...options, encryption });
      expect((await readFile(join(path, 'database.dump'))).toString('latin1')).not.toContain('PGDMP');
      const store = new FolderStore('local', root);
      const folder = parsed.database ?? '';
      await expect(engine().checkStructure(storedBackup(store, manifest, { folder }), {})).rejects.toThrow(
        expect.objectContaining({ code: 'backup-key-missing' }),
      );
      const open = storedBackup(store, manifest, { folder, decrypt: await decryptionWith(file) });
      expect(await engine().rehearse(open, {}, (restored) => countTables(restored))).toEqual(manifest.tables);
    });

    test('a dump that was cut is found by reading it', async () => {
      const { manifest, path } = await createBackup(engine(), options);
      const whole = await readFile(join(path, 'database.dump'));
      await writeFile(join(path, 'database.dump'), whole.subarray(0, whole.length - 200));
      const open = storedBackup(new FolderStore('local', root), manifest, { folder: parsed.database ?? '' });
      await expect(engine().checkStructure(open, {})).rejects.toThrow(
        expect.objectContaining({ code: 'backup-damaged' }),
      );
    });

    test('a locked table ends it in time and in words, and nothing is left', async () => {
      const { Client } = await import('pg');
      const blocker = new Client({ connectionString: url });
      await blocker.connect();
      await blocker.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      try {
        await expect(createBackup(engine(), { ...options, lockTimeoutMs: 500 })).rejects.toThrow(
          expect.objectContaining({ code: expect.stringMatching(/client-failed|locked/) }),
        );
      } finally {
        await blocker.end();
      }
      expect(await readdir(join(root, parsed.database ?? ''))).toEqual([]);
      expect(await sessions(url)).toBe(0);
    });

    test('a role that cannot read everything makes no backup', async () => {
      const role = `reader_${Math.random().toString(36).slice(2, 10)}`;
      const password = String.raw`p:a\ss'`;
      await query(
        url,
        `CREATE ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'; GRANT SELECT ON users, log, parts_1 TO ${role}`,
      );
      try {
        const limited = { ...parsed, user: role, password: new Secret(password) };
        const attempt = () => createBackup(postgresBackup(limited, find), options);
        const refused = expect.objectContaining({ code: expect.stringMatching(/client-failed|dump-failed/) });
        await expect(attempt()).rejects.toThrow(refused);
        await query(
          url,
          `GRANT USAGE ON SCHEMA "we;ird" TO ${role};
           GRANT SELECT ON ALL TABLES IN SCHEMA "we;ird", public TO ${role};
           GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO ${role};
           ALTER TABLE users ENABLE ROW LEVEL SECURITY`,
        );
        // Rows that a policy hides would be missing without a word.
        await expect(attempt()).rejects.toThrow(refused);
        expect(await readdir(join(root, parsed.database ?? ''))).toEqual([]);
        await query(url, 'ALTER TABLE users DISABLE ROW LEVEL SECURITY');
        const { manifest } = await attempt();
        expect(manifest.totals.rows).toBe(1055);
        expect(JSON.stringify(manifest)).not.toContain('p:a');
      } finally {
        await query(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      }
    });

    test('given up, pg_dump and its session are gone', async () => {
      const controller = new AbortController();
      const work = createBackup(engine(), {
        ...options,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.type === 'phase' && event.phase === 'dumping') setTimeout(() => controller.abort(), 20);
        },
      });
      await expect(work).rejects.toThrow(expect.objectContaining({ code: 'aborted' }));
      expect(await readdir(join(root, parsed.database ?? ''))).toEqual([]);
      await expect.poll(() => sessions(url), { timeout: 5000 }).toBe(0);
    });
  },
  { vector: true },
);

async function sessions(url: string): Promise<number> {
  const rows = await query(
    url,
    `SELECT count(*)::int AS n FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
  return Number(rows[0]?.n);
}

describe('finding the client', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-clients-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function fake(name: string, version: string): Promise<string> {
    const bin = join(folder, name);
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'pg_dump'), `#!/bin/sh\necho "pg_dump (PostgreSQL) ${version}"\n`);
    await chmod(join(bin, 'pg_dump'), 0o755);
    return bin;
  }

  test('the same version, else the next newer one, wherever it stands on PATH', async () => {
    const PATH = [await fake('a', '99.1'), await fake('b', '97.2 (Debian)'), await fake('c', '98beta1')].join(
      ':',
    );
    expect(await findClient('pg_dump', 98, { env: { PATH } })).toMatchObject({
      major: 98,
      version: '98beta1',
    });
    expect(await findClient('pg_dump', 96, { env: { PATH } })).toMatchObject({ major: 97 });
  });

  test('older ones are refused before anything is begun, with the package to install', async () => {
    const bin = await fake('a', '12.1');
    await expect(findClient('pg_dump', 15, { folder: bin, env: {} })).rejects.toThrow(
      expect.objectContaining({
        code: 'client-too-old',
        hints: expect.arrayContaining([expect.stringContaining('postgresql-client-15')]),
      }),
    );
  });

  test('none, or one that does not run', async () => {
    await expect(findClient('pg_dump', 15, { folder, env: {} })).rejects.toThrow(
      expect.objectContaining({ code: 'client-missing' }),
    );
    await writeFile(join(folder, 'pg_dump'), 'not a program');
    await chmod(join(folder, 'pg_dump'), 0o755);
    await expect(findClient('pg_dump', 15, { folder, env: {} })).rejects.toThrow('no pg_dump');
  });
});
