import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import {
  type FileRestoreOptions,
  recoverSqlite,
  restoreSqlite,
  undoSqlite,
} from '../../../src/backup/sqlite/restore-sqlite.js';
import { sqliteBackup } from '../../../src/backup/sqlite/sqlite-backup.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { type SqliteHandle, sqliteDriver } from '../../../src/database/sqlite-driver.js';
import { startChild } from './support/child.js';

let folder: string;
let file: string;
let root: string;
let driver: Awaited<ReturnType<typeof sqliteDriver>>;
beforeEach(async () => {
  driver = await sqliteDriver();
  folder = await mkdtemp(join(tmpdir(), 'tidemark-sqlite-restore-'));
  file = join(folder, 'data', 'app.db');
  root = join(folder, 'backups');
  await mkdir(join(folder, 'data'));
  use((database) =>
    database.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, filler TEXT); CREATE TABLE b (n INTEGER);
      INSERT INTO b VALUES (1), (2), (3)`),
  );
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function use<T>(work: (database: SqliteHandle) => T, path = file): T {
  const database = driver.open(path);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

const options = (change: Partial<FileRestoreOptions> = {}): FileRestoreOptions => ({
  path: file,
  keepOld: true,
  lockTimeoutMs: 500,
  ...change,
});

async function made(): Promise<OpenBackup & { path: string }> {
  const { manifest, path } = await createBackup(
    sqliteBackup({ engine: 'sqlite', adapter: 'sqlite', path: file }),
    {
      root,
      database: 'app',
      trigger: { kind: 'manual', migration: null },
      tags: [],
      pinned: false,
      encryption: undefined,
      jobs: undefined,
      excludeTableData: [],
      lockTimeoutMs: 2000,
    },
  );
  return { ...storedBackup(new FolderStore('local', root), manifest, { folder: 'app' }), path };
}

const rowsOf = (path = file) =>
  use((database) => database.all('SELECT n FROM b ORDER BY n', []), path).map(({ n }) => Number(n));
const modeOf = (path = file) =>
  use((database) => database.all('PRAGMA journal_mode', []), path)[0]?.journal_mode;
/** But for the lock of migrations, which whoever takes it next takes away. */
const beside = async () =>
  (await readdir(join(folder, 'data'))).filter((name) => !name.startsWith('app.db-tidemark')).sort();
const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const OLD = [1, 2, 3];
const NEW = [1, 2, 3, 4];
const change = () => use((database) => database.exec('INSERT INTO b VALUES (4)'));

for (const mode of ['wal', 'delete']) {
  test(`in ${mode} mode it is swapped in, what was there is kept, and undone it is back`, async () => {
    use((database) => database.exec(`PRAGMA journal_mode = ${mode}`));
    await chmod(file, 0o640);
    const backup = await made();
    change();
    const { id } = backup.manifest;
    const restored = await restoreSqlite(backup, options());
    expect(restored).toEqual({ path: file, old: `${file}.before-restore-${id}`, recovered: 'nothing' });
    expect(await beside()).toEqual(['app.db', `app.db.before-restore-${id}`, 'app.db.tidemark-restore']);
    expect([rowsOf(), modeOf()]).toEqual([OLD, mode]);
    expect((await stat(file)).mode & 0o777).toBe(0o640);
    expect([rowsOf(restored.old), modeOf(restored.old)]).toEqual([NEW, mode]);

    const undone = await undoSqlite(options());
    expect(undone.old).toBe(`${file}.undone-${id}`);
    expect([rowsOf(), modeOf()]).toEqual([NEW, mode]);
    expect([rowsOf(undone.old), modeOf(undone.old)]).toEqual([OLD, mode]);
    await undoSqlite(options());
    expect(rowsOf()).toEqual(OLD);
    expect(await beside()).toEqual(['app.db', `app.db.before-restore-${id}`, 'app.db.tidemark-restore']);
  });
}

test('what was there is removed when it is not to be kept, and nothing can be undone', async () => {
  const backup = await made();
  change();
  expect(await restoreSqlite(backup, options({ keepOld: false }))).toMatchObject({ old: undefined });
  expect(await beside()).toEqual(['app.db']);
  expect(rowsOf()).toEqual(OLD);
  await expect(undoSqlite(options())).rejects.toThrow(refused('undo-impossible', { exitCode: 2 }));
});

test('restored twice, neither of the old ones is written over', async () => {
  const backup = await made();
  change();
  const first = await restoreSqlite(backup, options());
  use((database) => database.exec('INSERT INTO b VALUES (5)'));
  const second = await restoreSqlite(backup, options());
  expect(rowsOf(first.old)).toEqual(NEW);
  expect(rowsOf(second.old)).toEqual([1, 2, 3, 5]);
});

test('a write-ahead log that a killed process left is not read into the restored file', async () => {
  const backup = await made();
  const child = startChild('committed.ts', [file]);
  await child.until((message) => message === 'committed');
  await child.kill();
  expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
  const { old } = await restoreSqlite(backup, options());
  expect(rowsOf()).toEqual(OLD);
  expect(rowsOf(old)).toEqual([1, 2, 3, 4711]);
});

test('a log, or a journal, beside a file that is gone does not come into the restored one', async () => {
  use((database) => database.exec('PRAGMA journal_mode = WAL'));
  const backup = await made();
  for (const [program, said] of [
    ['committed.ts', 'committed'],
    ['unfinished.ts', 'begun'],
  ] as const) {
    use((database) => database.exec('PRAGMA journal_mode = DELETE'));
    const child = startChild(program, [file]);
    await child.until((message) => message === said);
    await child.kill();
    await rm(file);
    const sides = (await beside()).filter((name) => /^app\.db-(wal|journal)$/.test(name));
    await restoreSqlite(backup, options());
    expect(rowsOf()).toEqual(OLD);
    expect(use((database) => database.all('PRAGMA integrity_check', []))).toEqual([
      { integrity_check: 'ok' },
    ]);
    expect((await beside()).filter((name) => sides.includes(name))).toEqual([]);
  }
});

describe('a live database that is damaged', () => {
  test('is replaced all the same, and kept as it is with all that belongs to it', async () => {
    const backup = await made();
    const garbage = 'this was a database once. '.repeat(1000);
    await writeFile(file, garbage);
    await writeFile(`${file}-wal`, 'and this its log');
    const notes: string[] = [];
    const { old } = await restoreSqlite(
      backup,
      options({ onEvent: (event) => event.type === 'note' && notes.push(event.text) }),
    );
    expect(notes).toEqual([expect.stringContaining('cannot be opened')]);
    expect(rowsOf()).toEqual(OLD);
    expect(await readFile(old ?? '', 'utf8')).toBe(garbage);
    expect(await readFile(`${old}-wal`, 'utf8')).toBe('and this its log');
    expect(existsSync(`${file}-wal`)).toBe(false);
    await undoSqlite(options());
    expect(await readFile(file, 'utf8')).toBe(garbage);
    expect(await readFile(`${file}-wal`, 'utf8')).toBe('and this its log');
  });

  test('is one also when the log beside it is of another', async () => {
    const backup = await made();
    const child = startChild('committed.ts', [file]);
    await child.until((message) => message === 'committed');
    await child.kill();
    await copyFile(join(backup.path, 'database.sqlite'), file);
    expect(existsSync(`${file}-wal`)).toBe(true);
    const before = await readFile(file);
    const { old } = await restoreSqlite(backup, options());
    expect(rowsOf()).toEqual(OLD);
    expect(await readFile(old ?? '')).toEqual(before);
  });
});

test('where there is no database yet it is made, with its folder, and there is nothing to undo', async () => {
  const backup = await made();
  const path = join(folder, 'new', 'place', 'app.db');
  expect(await restoreSqlite(backup, options({ path }))).toMatchObject({ old: undefined });
  expect(rowsOf(path)).toEqual(OLD);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(undoSqlite(options({ path }))).rejects.toThrow(refused('undo-impossible'));
  expect(rowsOf(path)).toEqual(OLD);
});

test('a symbolic link goes on leading to the database', async () => {
  const backup = await made();
  change();
  const link = join(folder, 'link.db');
  await symlink(file, link);
  await restoreSqlite(backup, options({ path: link }));
  expect(rowsOf()).toEqual(OLD);
  expect(rowsOf(link)).toEqual(OLD);
});

describe('refused, and nothing is changed', () => {
  async function expectUnchanged(): Promise<void> {
    expect(await beside()).toEqual(['app.db']);
    expect(rowsOf()).toEqual(NEW);
  }

  for (const mode of ['wal', 'delete']) {
    test(`while a process has it open in ${mode} mode, which is named`, async () => {
      use((database) => database.exec(`PRAGMA journal_mode = ${mode}`));
      const backup = await made();
      change();
      const writer = startChild('idle.ts', [file]);
      await writer.until((message) => message === 'open');
      await expect(restoreSqlite(backup, options())).rejects.toThrow(
        refused('locked', { exitCode: 4, message: expect.stringContaining(String(writer.process.pid)) }),
      );
      expect(rowsOf()).toEqual(NEW);
      expect((await beside()).filter((name) => name.includes('restor'))).toEqual([]);
      await writer.kill();
      expect(modeOf()).toBe(mode);
      await restoreSqlite(backup, options());
      expect(rowsOf()).toEqual(OLD);
    });
  }

  test('while this process has it open; beforeSwap may close it', async () => {
    const backup = await made();
    change();
    const own = driver.open(file);
    own.all('SELECT n FROM b', []);
    await expect(restoreSqlite(backup, options())).rejects.toThrow(
      refused('locked', { message: expect.stringContaining('this process') }),
    );
    await expectUnchanged();
    await restoreSqlite(backup, options({ beforeSwap: async () => own.close() }));
    expect(rowsOf()).toEqual(OLD);
  });

  test('a damaged backup, one whose manifest says otherwise, and one that is given up', async () => {
    const backup = await made();
    change();
    const part = join(backup.path, 'database.sqlite');
    const whole = await readFile(part);
    await writeFile(part, whole.subarray(0, 4096));
    await expect(restoreSqlite(backup, options())).rejects.toThrow(refused('backup-damaged'));
    await writeFile(part, whole);
    await expectUnchanged();
    const { manifest } = backup;
    const tables = manifest.tables.map((table) => ({ ...table, rows: 99 }));
    const other = storedBackup(new FolderStore('local', root), { ...manifest, tables }, { folder: 'app' });
    await expect(restoreSqlite(other, options())).rejects.toThrow(
      refused('backup-damaged', { message: expect.stringContaining('should have 99') }),
    );
    await expectUnchanged();
    const controller = new AbortController();
    const given = options({
      signal: controller.signal,
      atStep: (step) => {
        if (step === 'unpacked') controller.abort();
      },
    });
    await expect(restoreSqlite(backup, given)).rejects.toThrow(refused('aborted'));
    await expectUnchanged();
  });

  test('a backup of another kind of database', async () => {
    const { manifest } = await made();
    change();
    const engine = { ...manifest.engine, kind: 'embedded' } as const;
    const other = storedBackup(new FolderStore('local', root), { ...manifest, engine }, { folder: 'app' });
    await expect(restoreSqlite(other, options())).rejects.toThrow(
      refused('backup-other-engine', { exitCode: 2 }),
    );
    await expectUnchanged();
  });

  test('a first restore whose swap fails leaves nothing', async () => {
    const backup = await made();
    const path = join(folder, 'data', 'new.db');
    const atStep = (step: string) => {
      if (step === 'synced') throw new Error('failed');
    };
    await expect(restoreSqlite(backup, options({ path, atStep }))).rejects.toThrow('failed');
    expect(await beside()).toEqual(['app.db']);
  });

  test('a swap that fails half-way is put back', async () => {
    use((database) => database.exec('PRAGMA journal_mode = WAL'));
    const backup = await made();
    change();
    for (const failing of ['held', 'recorded', 'sides moved', 'live kept', 'renamed', 'synced']) {
      const atStep = (step: string) => {
        if (step === failing) throw new Error(`failed when ${step}`);
      };
      await expect(restoreSqlite(backup, options({ atStep }))).rejects.toThrow(`failed when ${failing}`);
      await expectUnchanged();
      expect(modeOf()).toBe('wal');
    }
  });

  test('two at once: one is told that the other is at work', async () => {
    const backup = await made();
    change();
    const other = restoreSqlite(backup, options());
    await expect(restoreSqlite(backup, options())).rejects.toThrow(refused('locked', { exitCode: 4 }));
    await other;
    expect(rowsOf()).toEqual(OLD);
  });

  const mounting = process.platform === 'linux' && process.getuid?.() === 0;
  test.runIf(mounting)('a disk without room for both', async () => {
    const mounted = join(folder, 'mounted');
    await mkdir(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted]);
    try {
      use((database) => database.exec('INSERT INTO a (filler) VALUES (zeroblob(1200000))'));
      const backup = await made();
      const path = join(mounted, 'app.db');
      await copyFile(file, path);
      await expect(restoreSqlite(backup, options({ path }))).rejects.toThrow(refused('disk-full'));
      expect(await readdir(mounted)).toEqual(['app.db']);
      expect(rowsOf(path)).toEqual(OLD);
    } finally {
      execFileSync('umount', [mounted]);
    }
  });

  test('a record that no restore has written', async () => {
    const backup = await made();
    await writeFile(
      `${file}.tidemark-restore`,
      '{"format":1,"kind":"restore","phase":"swapping","incoming":"../x"}',
    );
    await expect(restoreSqlite(backup, options())).rejects.toThrow(refused('restore-record-damaged'));
    expect(rowsOf()).toEqual(OLD);
  });
});

describe('killed at any step, the next run settles it', () => {
  const STEPS = [
    'begun',
    'unpacked',
    'checked',
    'held',
    'recorded',
    'sides moved',
    'live kept',
    'renamed',
    'synced',
    'done',
  ];
  for (const [at, step] of STEPS.entries()) {
    test(step, async () => {
      use((database) => database.exec('PRAGMA journal_mode = WAL'));
      const backup = await made();
      const { id } = backup.manifest;
      change();
      const killed = startChild('restore.ts', ['sqlite', 'restore', file, root, id, step]);
      expect((await killed.ended).outcome).toBe('SIGKILL');
      // Nobody who opens it meanwhile finds half of something, or nothing.
      const swapped = at >= STEPS.indexOf('renamed');
      expect(rowsOf()).toEqual(swapped ? OLD : NEW);
      const recovered = step === 'done' ? 'nothing' : swapped ? 'finished' : 'rolled-back';
      expect(await recoverSqlite(file)).toBe(recovered);
      expect([rowsOf(), modeOf()]).toEqual([swapped ? OLD : NEW, 'wal']);
      expect(await beside()).toEqual(
        swapped ? ['app.db', `app.db.before-restore-${id}`, 'app.db.tidemark-restore'] : ['app.db'],
      );
      if (swapped) expect(rowsOf(`${file}.before-restore-${id}`)).toEqual(NEW);
      expect(await restoreSqlite(backup, options())).toMatchObject({ recovered: 'nothing' });
      expect(rowsOf()).toEqual(OLD);
      expect(existsSync(`${file}-tidemark`)).toBe(false);
    });
  }

  for (const step of ['begun', 'held', 'recorded', 'live kept', 'renamed', 'done']) {
    test(`of an undo: ${step}`, async () => {
      const backup = await made();
      change();
      await restoreSqlite(backup, options());
      const killed = startChild('restore.ts', ['sqlite', 'undo', file, '', '', step]);
      expect((await killed.ended).outcome).toBe('SIGKILL');
      await recoverSqlite(file);
      const undone = step === 'renamed' || step === 'done';
      expect(rowsOf()).toEqual(undone ? NEW : OLD);
      await undoSqlite(options());
      expect(rowsOf()).toEqual(undone ? OLD : NEW);
      expect(await beside()).toHaveLength(3);
    });
  }

  test('a file that was made in the place of the live one meanwhile is kept, and does not stay there', async () => {
    const backup = await made();
    change();
    const killed = startChild('restore.ts', [
      'sqlite',
      'restore',
      file,
      root,
      backup.manifest.id,
      'live kept',
    ]);
    await killed.ended;
    // As where the file system has no second names.
    await rename(file, `${file}.gone`);
    await rm(`${file}.gone`);
    use((database) => database.exec('CREATE TABLE b (n); INSERT INTO b VALUES (77)'));
    expect(await recoverSqlite(file)).toBe('rolled-back');
    expect(rowsOf()).toEqual(NEW);
    expect(rowsOf(`${file}.made-meanwhile`)).toEqual([77]);
  });
});
