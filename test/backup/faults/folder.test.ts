import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupsInUse, useBackup } from '../../../src/backup/use-mark.js';
import { sqliteDriver } from '../../../src/database/sqlite-driver.js';
import { Place } from './support/place.js';

/*
 * The folder of backups goes wrong: F21 (missing, read-only, a link, exchanged, another file system), F22 (umask), F23
 * (several at once), F24 (marks of those that are gone), F25 (clocks), F36 (files that are damaged), F52 (pruning while
 * somebody reads).
 */

let place: Place;
beforeEach(async () => {
  place = new Place('sqlite:app.db');
  const database = (await sqliteDriver()).open(join(place.folder, 'app.db'));
  database.exec('CREATE TABLE a (b); INSERT INTO a VALUES (randomblob(200000))');
  database.close();
});
afterEach(() => place.close());

const root = process.getuid?.() === 0 && process.platform === 'linux';

describe('the folder', () => {
  test.each(['000', '022', '077'])(
    'is its owner’s alone, and so is all in it, under umask %s',
    async (umask) => {
      const shell = ['/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh'];
      const { code } = await place.start('backup create --pin', {}, shell).ended;
      expect(code).toBe(0);
      const seen: string[] = [];
      const look = (path: string) => {
        const { mode } = statSync(path);
        const folder = statSync(path).isDirectory();
        seen.push(`${(mode & 0o777).toString(8)} ${folder ? 'folder' : 'file'}`);
        if (folder) for (const name of readdirSync(path)) look(join(path, name));
      };
      look(join(place.folder, 'backups'));
      expect(new Set(seen)).toEqual(new Set(['700 folder', '600 file']));
    },
  );

  test('a link in its place is not followed', async () => {
    const elsewhere = join(place.folder, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(place.folder, 'backups'));
    expect(await place.run('backup create')).toMatchObject({ code: 1, error: { code: 'backup-folder' } });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test.runIf(root)('that may not be written to', async () => {
    const disk = join(place.folder, 'backups');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,ro', 'none', disk]);
    try {
      expect(await place.run('backup create')).toMatchObject({ code: 1, error: { code: 'backup-folder' } });
    } finally {
      execFileSync('umount', [disk]);
    }
    await place.holds();
  });

  test.runIf(root)('on another file system than the database and the temporary files', async () => {
    const disk = join(place.folder, 'backups');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'none', disk]);
    try {
      await place.good();
      await place.holds();
      const restored = join(place.folder, 'restored.db');
      expect(await place.run(`backup restore latest --to-database ${restored}`)).toMatchObject({ code: 0 });
      expect(await place.run('backup restore latest --yes --force app.db')).toMatchObject({ code: 0 });
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

  test('exchanged for a link while a backup is made: nothing is written through it', async () => {
    await place.good();
    const elsewhere = join(place.folder, 'elsewhere');
    mkdirSync(elsewhere);
    const { createBackup } = await import('../../../src/backup/create-backup.js');
    const { sqliteBackup } = await import('../../../src/backup/sqlite/sqlite-backup.js');
    const work = createBackup(
      sqliteBackup({ engine: 'sqlite', adapter: 'sqlite', path: join(place.folder, 'app.db') }),
      {
        root: join(place.folder, 'backups'),
        database: 'app.db',
        trigger: { kind: 'manual', migration: null },
        tags: [],
        pinned: false,
        encryption: undefined,
        jobs: undefined,
        excludeTableData: [],
        lockTimeoutMs: 2000,
        onEvent: (event) => {
          if (event.type !== 'phase' || event.phase !== 'committing') return;
          const [partial = ''] = place.entries().filter((name) => name.startsWith('.partial-'));
          renameSync(join(place.backups, partial), join(place.folder, 'moved'));
          symlinkSync(elsewhere, join(place.backups, partial));
        },
      },
    );
    await work.catch(() => undefined);
    const links = readdirSync(place.backups, { withFileTypes: true }).filter((entry) =>
      entry.isSymbolicLink(),
    );
    for (const { name } of links) rmSync(join(place.backups, name));
    rmSync(join(place.folder, 'moved'), { recursive: true, force: true });
    // At most the manifest came there: no byte of the database, and the catalog does not follow the link.
    expect(readdirSync(elsewhere).filter((name) => !name.includes('manifest'))).toEqual([]);
    await place.holds();
  });
});

describe('marks', () => {
  test('of a process that was killed lapse by time, whoever has its id now', async () => {
    const id = await place.good();
    const use = await useBackup(place.backups, id);
    expect(await backupsInUse(place.backups)).toEqual(new Set([id]));
    const [mark = ''] = place.entries().filter((name) => name.startsWith('.use-'));
    // No process id stands in it: none can be taken for another's.
    expect(mark).toMatch(/^\.use-[\dTZ]+-\w{6}-[0-9a-f]{16}$/);
    const old = new Date(Date.now() - 3 * 60_000);
    utimesSync(join(place.backups, mark), old, old);
    expect(await backupsInUse(place.backups)).toEqual(new Set());
    expect(place.entries()).not.toContain(mark);
    await use.release();
  });

  test('of a clock that was ahead hold until the clock gets there, and lose nothing', async () => {
    const id = await place.good();
    const mark = join(place.backups, `.use-${id}-0123456789abcdef`);
    writeFileSync(mark, '');
    const ahead = new Date(Date.now() + 3_600_000);
    utimesSync(mark, ahead, ahead);
    expect(await backupsInUse(place.backups)).toEqual(new Set([id]));
    expect(await place.run('backup create')).toMatchObject({ code: 0 });
  });
});

describe('several at once', () => {
  test('backups of two processes, a listing and a pruning: all end well, all is whole', async () => {
    const made = await Promise.all([
      place.start('backup create --lock-timeout 60s --json').ended,
      place.start('backup create --lock-timeout 60s --json').ended,
      place.run('backup list'),
      place.run('backup prune'),
    ]);
    for (const { code } of made) expect(code).toBe(0);
    expect(place.complete()).toHaveLength(2);
    for (const id of place.complete()) {
      expect(await place.run(`backup verify ${id} --level 3`)).toMatchObject({ code: 0 });
    }
  });

  test('what is being read is not pruned; read to its end, it goes', async () => {
    for (let n = 0; n < 3; n++) await place.run('backup create');
    const [oldest = ''] = place.complete();
    const use = await useBackup(place.backups, oldest);
    const prune = 'backup prune --keep-days off --keep-last 1 --min-keep 1';
    expect(await place.run(prune)).toMatchObject({ code: 0 });
    expect(place.complete()).toContain(oldest);
    expect(await place.run(`backup verify ${oldest} --level 1`)).toMatchObject({ code: 0 });
    await use.release();
    expect(await place.run(prune)).toMatchObject({ code: 0 });
    expect(place.complete()).not.toContain(oldest);
    expect(place.complete()).toHaveLength(1);
  });
});

describe('files', () => {
  test.each<[string, (folder: string) => void]>([
    ['a bit of the data', (folder) => flip(join(folder, part(folder)))],
    ['the end of the data', (folder) => cut(join(folder, part(folder)))],
    ['a part', (folder) => rmSync(join(folder, part(folder)))],
    ['the end of the manifest', (folder) => cut(join(folder, 'manifest.json'))],
    ['the manifest', (folder) => rmSync(join(folder, 'manifest.json'))],
  ])('%s is gone: said, never restored, and the other one still is', async (_, damage) => {
    const good = await place.good();
    const { result } = await place.run('backup create');
    damage(join(place.backups, result.id));
    const verified = await place.run(`backup verify ${result.id} --level 1`);
    expect(verified.code).not.toBe(0);
    const out = join(place.folder, 'out.db');
    expect((await place.run(`backup restore ${result.id} --to-database ${out}`)).code).not.toBe(0);
    expect(readdirSync(place.folder)).not.toContain('out.db');
    expect(await place.run(`backup verify ${good} --level 3`)).toMatchObject({ code: 0 });
    expect(await place.run(`backup restore ${good} --to-database ${out}`)).toMatchObject({ code: 0 });
  });

  test('manifests of two backups exchanged', async () => {
    const ids = [await place.good(), (await place.run('backup create')).result.id];
    const [one = '', two = ''] = ids.map((id) => join(place.backups, id, 'manifest.json'));
    const text = readFileSync(one);
    writeFileSync(one, readFileSync(two));
    writeFileSync(two, text);
    for (const id of ids) expect((await place.run(`backup verify ${id} --level 1`)).code).not.toBe(0);
  });
});

function part(folder: string): string {
  return readdirSync(folder).find((name) => name !== 'manifest.json') ?? '';
}

function flip(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

function cut(file: string): void {
  writeFileSync(file, readFileSync(file).subarray(0, -100));
}
