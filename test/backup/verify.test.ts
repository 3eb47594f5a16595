import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCatalog } from '../../src/backup/catalog.js';
import { createBackup } from '../../src/backup/create-backup.js';
import type { BackupEngine } from '../../src/backup/engine/backup-engine.js';
import type { Manifest } from '../../src/backup/manifest.js';
import { postgresBackup } from '../../src/backup/postgres/postgres-backup.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { storedBackup } from '../../src/backup/stored-backup.js';
import { type VerifyLevel, type VerifyResult, verifyBackup } from '../../src/backup/verify-backup.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { query, withDatabase } from '../support/postgres-server.js';
import { dumpableServers } from './postgres/support/restore.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-verify-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const SCHEMA = `CREATE EXTENSION pg_trgm; CREATE SCHEMA app;
  CREATE TABLE app.users (id integer PRIMARY KEY, name text NOT NULL);
  CREATE TABLE app.notes (id integer PRIMARY KEY, owner integer REFERENCES app.users);
  INSERT INTO app.users SELECT n, 'user ' || n FROM generate_series(1, 500) n;
  INSERT INTO app.notes SELECT n, 1 + n % 500 FROM generate_series(1, 2000) n`;

async function backUp(url: string): Promise<{ engine: BackupEngine; manifest: Manifest; path: string }> {
  const parsed = parseDatabaseUrl(url);
  if (parsed.adapter !== 'server') throw new Error('not a server');
  const engine = postgresBackup(parsed, { env: process.env });
  const { manifest, path } = await createBackup(engine, {
    root,
    database: 'app',
    trigger: { kind: 'manual', migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 5000,
  });
  return { engine, manifest, path };
}

/** @param claim what the manifest is made to say */
async function verify(
  engine: BackupEngine,
  manifest: Manifest,
  level: VerifyLevel,
  assertions: readonly string[] = [],
): Promise<VerifyResult> {
  const store = new FolderStore('local', root);
  const [entry] = await readCatalog([store], 'app');
  const stored = entry?.places[0];
  if (stored === undefined) throw new Error('there is no backup');
  return verifyBackup(
    engine,
    storedBackup(store, manifest, { folder: 'app' }),
    { store, folder: 'app', stored },
    {
      level,
      assertions: [{ file: 'a.sql', statements: assertions.map((sql, at) => ({ sql, line: at + 1 })) }],
    },
  );
}

for (const server of (await dumpableServers()).slice(-1)) {
  describe(`verifying (PostgreSQL ${server.name})`, () => {
    test('a good one passes every level; what it took to restore is told', () =>
      withDatabase(server, async (url) => {
        await query(url, SCHEMA);
        const { engine, manifest } = await backUp(url);
        for (const level of [0, 1, 2] as const)
          expect(await verify(engine, manifest, level)).toMatchObject({
            ok: true,
            passed: level,
            restoreMs: null,
          });
        expect(await verify(engine, manifest, 4, ['SELECT FROM app.users WHERE id > 500'])).toMatchObject({
          ok: true,
          passed: 4,
          rows: 2500,
          restoreMs: expect.any(Number),
        });
        const scratch = await query(
          url,
          `SELECT datname FROM pg_database WHERE datname LIKE 'tidemark_dev%'`,
        );
        expect(scratch).toEqual([]);
      }));

    test('what restores differs from what the manifest says: rows, tables, extensions, migrations', () =>
      withDatabase(server, async (url) => {
        await query(url, SCHEMA);
        const { engine, manifest } = await backUp(url);
        const [notes, users] = manifest.tables;
        if (notes === undefined || users === undefined || manifest.globals === null)
          throw new Error('no tables');
        const wrong: Manifest = {
          ...manifest,
          tables: [
            { ...notes, rows: 2001 },
            { ...users, rows: null },
            { schema: 'app', name: 'gone', rows: 0 },
          ],
          globals: { ...manifest.globals, extensions: [{ name: 'vector', version: '1' }] },
          migrations: { heads: ['1000'], applied: [{ revision: '1000', checksum: 'x' }] },
        };
        expect(await verify(engine, wrong, 3)).toMatchObject({
          ok: false,
          passed: 2,
          damaged: false,
          problems: [
            'table app.notes has 2000 rows, not 2001',
            'table app.gone is missing',
            'extension "vector" is missing',
            'its migrations are at nothing, not at 1000',
          ],
        });
        const fewer: Manifest = { ...manifest, tables: [users] };
        expect((await verify(engine, fewer, 3)).problems).toEqual([
          'table app.notes is there, but not in the manifest',
        ]);
      }));

    test('a bit that flipped, a part cut short and a part that is gone are told apart, and stop at once', () =>
      withDatabase(server, async (url) => {
        await query(url, SCHEMA);
        const { engine, manifest, path } = await backUp(url);
        const [part = ''] = (await readdir(path)).filter((name) => name !== 'manifest.json');
        const bytes = await readFile(join(path, part));
        const flipped = Buffer.from(bytes);
        flipped[bytes.length >> 1] = (flipped[bytes.length >> 1] ?? 0) ^ 4;
        await writeFile(join(path, part), flipped);
        expect(await verify(engine, manifest, 0)).toMatchObject({ ok: true });
        expect(await verify(engine, manifest, 3)).toMatchObject({
          ok: false,
          passed: 0,
          damaged: true,
          problems: [`its part ${part} is not the one that was written`],
          restoreMs: null,
        });
        await writeFile(join(path, part), bytes.subarray(0, -100));
        expect(await verify(engine, manifest, 3)).toMatchObject({ ok: false, passed: null, damaged: true });
        await rm(join(path, part));
        expect((await verify(engine, manifest, 1)).problems).toEqual([`its part ${part} is missing`]);
      }));

    test('a dump that was broken before it was hashed is found by reading it through', () =>
      withDatabase(server, async (url) => {
        await query(url, SCHEMA);
        const { engine, manifest, path } = await backUp(url);
        const [part] = manifest.parts;
        if (part === undefined) throw new Error('no part');
        const { createHash } = await import('node:crypto');
        const bytes = (await readFile(join(path, part.name))).subarray(0, -300);
        await writeFile(join(path, part.name), bytes);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        const size = { bytes: bytes.length, plainBytes: bytes.length, sha256, plainSha256: sha256 };
        const lying: Manifest = { ...manifest, parts: [{ ...part, ...size }] };
        await writeFile(join(path, 'manifest.json'), JSON.stringify(lying));
        expect(await verify(engine, lying, 1)).toMatchObject({ ok: true });
        expect(await verify(engine, lying, 2)).toMatchObject({ ok: false, passed: 1, damaged: true });
      }));

    test('given up, it ends with aborted and leaves no scratch database', () =>
      withDatabase(server, async (url) => {
        await query(url, SCHEMA);
        const { engine, manifest } = await backUp(url);
        const store = new FolderStore('local', root);
        const [entry] = await readCatalog([store], 'app');
        const stored = entry?.places[0];
        if (stored === undefined) throw new Error('there is no backup');
        const stop = new AbortController();
        const running = verifyBackup(
          engine,
          storedBackup(store, manifest, { folder: 'app' }),
          { store, folder: 'app', stored },
          {
            level: 3,
            assertions: [],
            signal: stop.signal,
            onEvent: (event) => {
              if (event.type === 'phase' && event.phase.startsWith('restoring'))
                stop.abort(new Error('enough'));
            },
          },
        );
        await expect(running).rejects.toMatchObject({ code: 'aborted' });
        const scratch = await query(
          url,
          `SELECT datname FROM pg_database WHERE datname LIKE 'tidemark_dev%'`,
        );
        expect(scratch).toEqual([]);
      }));
  });
}
