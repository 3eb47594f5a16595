import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CreateOptions, createBackup } from '../../../src/backup/create-backup.js';
import { embeddedBackup } from '../../../src/backup/embedded/embedded-backup.js';
import { decryptionWith, encryptionTo } from '../../../src/backup/encryption.js';
import type { Manifest } from '../../../src/backup/manifest.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { countTables } from '../../../src/backup/postgres/read-facts.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import type { Connection } from '../../../src/database/connection.js';
import { openEmbedded } from '../../../src/database/embedded-postgres.js';

const SEED = [
  'CREATE ROLE reader',
  'CREATE SCHEMA "we;ird"',
  'CREATE EXTENSION vector',
  `CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)`,
  `INSERT INTO users (name) SELECT 'user ' || n || E'\\n\\\\restrict; "é"' FROM generate_series(1, 300) n`,
  'GRANT SELECT ON users TO reader',
  'CREATE TABLE "we;ird"."T ""able"" é" (v text, e vector(2))',
  `INSERT INTO "we;ird"."T ""able"" é" VALUES ('a', '[1,2]'), (NULL, NULL)`,
  `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$`,
  'CREATE VIEW names AS SELECT name FROM users',
];

let folder: string;
let data: string;
let root: string;
let options: CreateOptions;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-embedded-backup-'));
  data = join(folder, 'data');
  root = join(folder, 'backups');
  options = {
    root,
    database: 'app',
    trigger: { kind: 'manual', migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 0,
  };
  const database = await openEmbedded({ path: data });
  await database.executeAll(SEED);
  await database.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const url = () => ({ engine: 'postgres', adapter: 'embedded', path: data }) as const;
const engine = () => embeddedBackup(url());
const store = () => new FolderStore('local', root);

async function made(change: Partial<CreateOptions> = {}): Promise<OpenBackup & { path: string }> {
  const { manifest, path } = await createBackup(engine(), { ...options, ...change });
  return { ...storedBackup(store(), manifest, { folder: 'app' }), path };
}

/** The same backup with another text in its manifest: what another version would have written. */
function changed(backup: OpenBackup, change: (manifest: Manifest) => Manifest): OpenBackup {
  return storedBackup(store(), change(backup.manifest), { folder: 'app' });
}

const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

async function look(restored: Connection) {
  return {
    tables: await countTables(restored),
    name: await restored.query('SELECT name FROM users WHERE id = 7'),
    vectors: await restored.query('SELECT v, e::text FROM "we;ird"."T ""able"" é" ORDER BY v'),
    calls: await restored.query('SELECT f(), (SELECT count(*)::int FROM names) AS names'),
    next: await restored.query("INSERT INTO users (name) VALUES ('new') RETURNING id"),
    granted: await restored.query("SELECT has_table_privilege('reader', 'users', 'SELECT') AS granted"),
  };
}

test('holds the data folder and SQL, and either restores to what there is', async () => {
  const backup = await made();
  const { manifest } = backup;
  expect(manifest.tables.map(({ schema, name, rows }) => [schema, name, rows])).toEqual([
    ['public', 'users', 300],
    ['we;ird', 'T "able" é', 2],
  ]);
  expect(manifest.parts.map(({ name, role }) => [name, role])).toEqual([
    ['database.sql.gz', 'sql'],
    ['data-folder.tar.gz', 'data-folder'],
  ]);
  expect(manifest.engine).toMatchObject({ kind: 'embedded', encoding: 'UTF8' });
  expect(manifest.globals).toMatchObject({ roles: ['reader'] });
  for (const { name } of manifest.parts) {
    expect((await stat(join(backup.path, name))).mode & 0o777).toBe(0o600);
  }
  await engine().checkStructure(backup, {});
  const fromFolder = await engine().rehearse(backup, {}, look);
  const older = changed(backup, (was) => ({ ...was, engine: { ...was.engine, version: '17.5' } }));
  await engine().checkStructure(older, {});
  const fromSql = await engine().rehearse(older, {}, look);
  expect(fromFolder).toEqual({
    tables: manifest.tables,
    name: [{ name: 'user 7\n\\restrict; "é"' }],
    vectors: [
      { v: 'a', e: '[1,2]' },
      { v: null, e: null },
    ],
    calls: [{ f: 1, names: 300 }],
    next: [{ id: 301 }],
    granted: [{ granted: true }],
  });
  expect(fromSql).toEqual(fromFolder);
  const left = await readdir(data);
  expect(left.filter((name) => name.startsWith('tidemark'))).toEqual([]);
});

test('open in another place, it is refused in time, and waited for when that is allowed', async () => {
  const open = await openEmbedded({ path: data });
  await expect(made()).rejects.toThrow(refused('database-locked', { exitCode: 4 }));
  expect(await readdir(join(root, 'app'))).toEqual([]);
  setTimeout(() => open.close(), 500);
  const phases: string[] = [];
  await made({
    lockTimeoutMs: 20_000,
    onEvent: (event) => event.type === 'phase' && phases.push(event.phase),
  });
  expect(phases).toContain('waiting for the process that has the folder open');
});

test('no backup of what is not there, of memory, without some rows, or given up', async () => {
  const missing = embeddedBackup({ ...url(), path: join(folder, 'nothing') });
  await expect(createBackup(missing, options)).rejects.toThrow(
    refused('cannot-connect', { details: { reason: 'no-database' } }),
  );
  expect(existsSync(join(folder, 'nothing'))).toBe(false);
  await expect(createBackup(embeddedBackup({ ...url(), path: undefined }), options)).rejects.toThrow(
    refused('backup-impossible', { exitCode: 2 }),
  );
  await expect(made({ excludeTableData: ['users'] })).rejects.toThrow(refused('exclude-unsupported'));
  const controller = new AbortController();
  const abort = made({
    signal: controller.signal,
    onEvent: (event) => event.type === 'phase' && event.phase === 'writing SQL' && controller.abort(),
  });
  await expect(abort).rejects.toThrow(refused('aborted'));
  expect(await readdir(join(root, 'app'))).toEqual([]);
  await (await openEmbedded({ path: data })).close();
});

test('encrypted, it opens with the identity alone', async () => {
  const identity = await generateIdentity();
  await writeFile(join(folder, 'identity'), identity);
  const encryption = await encryptionTo([await identityToRecipient(identity)]);
  const { manifest, path } = await createBackup(engine(), { ...options, encryption });
  for (const { name } of manifest.parts) {
    expect((await readFile(join(path, name))).toString('latin1')).toMatch(/^age-encryption.org/);
  }
  const closed = storedBackup(store(), manifest, { folder: 'app' });
  await expect(engine().checkStructure(closed, {})).rejects.toThrow(refused('backup-key-missing'));
  const decrypt = await decryptionWith(join(folder, 'identity'));
  await engine().checkStructure(storedBackup(store(), manifest, { folder: 'app', decrypt }), {});
});

test('parts that were cut or exchanged, and SQL that lacks rows, are found', async () => {
  const backup = await made();
  for (const part of ['database.sql.gz', 'data-folder.tar.gz']) {
    const whole = await readFile(join(backup.path, part));
    await writeFile(join(backup.path, part), whole.subarray(0, whole.length - 100));
    await expect(engine().checkStructure(backup, {})).rejects.toThrow(refused('backup-damaged'));
    await writeFile(join(backup.path, part), whole);
  }
  // A dump that is whole to the eye, with its hash, and has one row less.
  const path = join(backup.path, 'database.sql.gz');
  const sql = gunzipSync(await readFile(path)).toString();
  const line = sql.split('\n').find((text) => text.includes('we;ird') && text.startsWith('INSERT')) ?? '';
  const bytes = gzipSync(sql.replace(`${line}\n`, ''));
  await writeFile(path, bytes);
  const { createHash } = await import('node:crypto');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const lacking = changed(backup, (was) => ({
    ...was,
    parts: was.parts.map((part) =>
      part.role === 'sql'
        ? { ...part, bytes: bytes.length, plainBytes: bytes.length, sha256, plainSha256: sha256 }
        : part,
    ),
  }));
  await expect(engine().rehearse(lacking, {}, async () => {})).rejects.toThrow(
    refused('backup-damaged', { message: expect.stringContaining('and should have 2') }),
  );
});
