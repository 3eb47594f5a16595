import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCatalog } from '../../../src/backup/catalog.js';
import { type CreateOptions, createBackup } from '../../../src/backup/create-backup.js';
import { decryptionWith, encryptionTo } from '../../../src/backup/encryption.js';
import type { BackupEvent } from '../../../src/backup/events.js';
import type { OpenBackup } from '../../../src/backup/open-backup.js';
import { countTables } from '../../../src/backup/sqlite/read-facts.js';
import { sqliteBackup } from '../../../src/backup/sqlite/sqlite-backup.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../src/backup/stored-backup.js';
import { connectSqlite } from '../../../src/database/sqlite-connection.js';
import { type SqliteHandle, sqliteDriver } from '../../../src/database/sqlite-driver.js';
import { migrationEngine } from '../../../src/migrations/engine.js';
import { NO_HISTORY } from '../../../src/migrations/history.js';
import { startChild } from './support/child.js';

const SEED = `
  PRAGMA user_version = 7; PRAGMA application_id = 99;
  CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER, filler TEXT);
  CREATE TABLE b (n INTEGER);
  CREATE TABLE "we""ird é" (k TEXT PRIMARY KEY) WITHOUT ROWID;
  INSERT INTO "we""ird é" VALUES ('x'), ('y');
  CREATE VIRTUAL TABLE words USING fts5(text);
  INSERT INTO words VALUES ('hello');`;

let folder: string;
let file: string;
let root: string;
let options: CreateOptions;
let driver: Awaited<ReturnType<typeof sqliteDriver>>;
beforeEach(async () => {
  driver = await sqliteDriver();
  folder = await mkdtemp(join(tmpdir(), 'tidemark-sqlite-backup-'));
  file = join(folder, 'app.db');
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
    lockTimeoutMs: 2000,
  };
  use((database) => database.exec(SEED));
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

const url = (path: string | undefined = file) => ({ engine: 'sqlite', adapter: 'sqlite', path }) as const;
const engine = () => sqliteBackup(url());
const store = () => new FolderStore('local', root);

async function made(change: Partial<CreateOptions> = {}): Promise<OpenBackup & { path: string }> {
  const { manifest, path } = await createBackup(engine(), { ...options, ...change });
  return { ...storedBackup(store(), manifest, { folder: 'app' }), path };
}

/** What a backup's tables hold, as the manifest and as a restored copy count them. */
async function rowsOf(backup: OpenBackup): Promise<Record<string, number | null>> {
  const restored = await engine().rehearse(backup, {}, (connection) => countTables(connection));
  expect(restored).toEqual(backup.manifest.tables);
  return Object.fromEntries(restored.map(({ name, rows }) => [name, rows]));
}

const refused = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });

/** No backup, nothing half-made, and no lock beside the database. */
async function expectNothingLeft(): Promise<void> {
  expect(await readdir(join(root, 'app')).catch(() => [])).toEqual([]);
  expect(existsSync(`${file}-tidemark`)).toBe(false);
}

describe('a backup of SQLite', () => {
  test('is one file that holds what there is, for its owner alone', async () => {
    use((database) => database.exec('PRAGMA journal_mode = WAL'));
    const mask = process.umask(0);
    const backup = await made().finally(() => process.umask(mask));
    expect(await rowsOf(backup)).toMatchObject({ a: 0, b: 0, 'we"ird é': 2, words_content: 1 });
    expect(backup.manifest.engine).toMatchObject({
      kind: 'sqlite',
      version: driver.version,
      encoding: 'UTF-8',
      settings: { user_version: '7', application_id: '99', page_size: '4096', journal_mode: 'wal' },
    });
    expect(backup.manifest.migrations).toBeNull();
    expect((await readdir(backup.path)).sort()).toEqual(['database.sqlite', 'manifest.json']);
    expect((await stat(backup.path)).mode & 0o777).toBe(0o700);
    const copied = join(backup.path, 'database.sqlite');
    expect((await stat(copied)).mode & 0o777).toBe(0o600);
    // Byte 18 of the header: 1 is a rollback journal (fileformat2, 1.3.4).
    expect((await readFile(copied))[18]).toBe(1);
    expect(use((database) => database.all('PRAGMA journal_mode', []))).toEqual([{ journal_mode: 'wal' }]);
    await engine().checkStructure(backup, {});
    expect(existsSync(`${file}-tidemark`)).toBe(false);
  });

  for (const mode of ['wal', 'delete']) {
    test(`writers in ${mode} mode keep on writing, and no transaction is cut in two`, async () => {
      use((database) => {
        database.exec(`PRAGMA journal_mode = ${mode}`);
        database.exec(
          `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000)
           INSERT INTO a (n, filler) SELECT 0, hex(randomblob(500)) FROM c`,
        );
      });
      const writer = startChild('writer.ts', [file]);
      try {
        await writer.until((count) => count === 20);
        const before = Number(writer.sent.at(-1));
        const backup = await made();
        const rows = await rowsOf(backup);
        expect(rows.a).toBe((rows.b ?? 0) + 20000);
        expect(rows.b).toBeGreaterThanOrEqual(before);
        const after = Number(writer.sent.at(-1));
        await writer.until((count) => Number(count) >= after + 50);
        expect(rows.b).toBeLessThan(after + 50);
      } finally {
        await writer.kill();
      }
      expect((await writer.ended).stderr).toBe('');
    });
  }

  test('transactions that others have open do not stand in its way', async () => {
    for (const [mode, begin] of [
      ['delete', 'BEGIN; SELECT * FROM b'],
      ['delete', 'BEGIN IMMEDIATE; INSERT INTO b VALUES (5)'],
      ['wal', 'BEGIN; SELECT * FROM b'],
      ['wal', 'BEGIN IMMEDIATE; INSERT INTO b VALUES (5)'],
    ] as const) {
      use((database) => database.exec(`PRAGMA journal_mode = ${mode}`));
      const other = driver.open(file);
      try {
        other.exec(begin);
        expect(await rowsOf(await made({ lockTimeoutMs: 500 }))).toMatchObject({ b: 0 });
      } finally {
        other.close();
      }
    }
  });

  test('rowids of tables without a key of their own stay', async () => {
    use((database) =>
      database.exec('INSERT INTO b VALUES (1), (2), (3), (4); DELETE FROM b WHERE n IN (1, 3)'),
    );
    const ids = await engine().rehearse(await made(), {}, (connection) =>
      connection.query('SELECT rowid AS id FROM b ORDER BY 1'),
    );
    expect(ids).toEqual([{ id: 2 }, { id: 4 }]);
  });

  test('the migrations that it has are named', async () => {
    const connection = await connectSqlite(url());
    const { history } = await migrationEngine(connection);
    await history.prepare(NO_HISTORY);
    const run = { run: 'r', operation: 'up', by: 'me', host: 'here', pid: 1, toolVersion: '1' } as const;
    const entry = { name: 'n', dependsOn: [], state: 'applied', origin: 'run', down: undefined } as const;
    const more = { transactionMode: 'file', statementsTotal: 1 } as const;
    await connection.executeAll([
      history.insertRevision({ ...entry, ...more, revision: 'r1', parents: [], checksum: 'c1' }, run),
      history.insertRevision({ ...entry, ...more, revision: 'r2', parents: ['r1'], checksum: 'c2' }, run),
    ]);
    await connection.close();
    const backup = await made();
    expect(backup.manifest.migrations).toEqual({
      heads: ['r2'],
      applied: [
        { revision: 'r1', checksum: 'c1' },
        { revision: 'r2', checksum: 'c2' },
      ],
    });
    expect(await rowsOf(backup)).toMatchObject({ tidemark_revision: 2 });
  });

  test('a history that cannot be read ends it: what it says would be missing', async () => {
    use((database) =>
      database.exec(
        `CREATE TABLE tidemark_format (version INTEGER NOT NULL, since TEXT NOT NULL); INSERT INTO tidemark_format VALUES (99, '')`,
      ),
    );
    await expect(made()).rejects.toThrow(refused('history-newer'));
    await expectNothingLeft();
  });

  test('a database without anything in it is one too', async () => {
    await rm(file);
    await writeFile(file, '');
    const backup = await made();
    expect(backup.manifest.tables).toEqual([]);
    await engine().checkStructure(backup, {});
  });
});

describe('what a killed process left', () => {
  test('a hot journal is rolled back first: what was committed is there and nothing else', async () => {
    use((database) =>
      database.exec(
        `WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 2000)
         INSERT INTO a (n, filler) SELECT n, 'committed' FROM c`,
      ),
    );
    const child = startChild('unfinished.ts', [file]);
    await child.until((message) => message === 'begun');
    await child.kill();
    expect((await stat(`${file}-journal`)).size).toBeGreaterThan(512);
    expect((await readFile(file)).toString('latin1')).toContain('changed');
    const fillers = await engine().rehearse(await made(), {}, (connection) =>
      connection.query('SELECT DISTINCT filler FROM a'),
    );
    expect(fillers).toEqual([{ filler: 'committed' }]);
  });

  test('frames of a write-ahead log that never reached the file are in the backup', async () => {
    const child = startChild('committed.ts', [file]);
    await child.until((message) => message === 'committed');
    await child.kill();
    expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
    expect(await rowsOf(await made())).toMatchObject({ b: 1 });
  });

  test('a write-ahead log of another copy is not read into the database', async () => {
    const child = startChild('committed.ts', [file]);
    await child.until((message) => message === 'committed');
    await child.kill();
    const other = join(folder, 'other.db');
    use((database) => database.exec(SEED), other);
    await copyFile(`${file}-wal`, `${other}-wal`);
    await expect(createBackup(sqliteBackup(url(other)), options)).rejects.toThrow(refused('stray-wal'));
    await expectNothingLeft();
  });
});

describe('no backup, and a clear error', () => {
  test('of a file that is not there, which is not made', async () => {
    await rm(file);
    await expect(made()).rejects.toThrow(refused('cannot-connect', { details: { reason: 'no-database' } }));
    expect(existsSync(file)).toBe(false);
  });

  test('of memory, of another kind of file, and without some rows', async () => {
    await expect(createBackup(sqliteBackup({ ...url(), path: undefined }), options)).rejects.toThrow(
      refused('backup-impossible', { exitCode: 2 }),
    );
    await expect(made({ excludeTableData: ['b'] })).rejects.toThrow(
      refused('exclude-unsupported', { exitCode: 2 }),
    );
    await writeFile(file, 'not a database, but a text that is long enough to be one, as it seems'.repeat(50));
    await expect(made()).rejects.toThrow(refused('cannot-connect'));
    await expectNothingLeft();
  });

  test('of a damaged database, whose older backups stay', async () => {
    use((database) =>
      database.exec(
        `CREATE INDEX a_n ON a (n);
         WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)
         INSERT INTO a (n, filler) SELECT n, hex(randomblob(50)) FROM c`,
      ),
    );
    const good = await made();
    const size = (await stat(file)).size;
    const handle = await open(file, 'r+');
    for (let at = 40 * 4096; at < size; at += 10 * 4096)
      await handle.write(Buffer.alloc(200, 0x5a), 0, 200, at);
    await handle.close();
    await expect(made()).rejects.toThrow(refused('database-damaged'));
    expect(await readdir(join(root, 'app'))).toEqual([good.manifest.id]);
    await engine().checkStructure(good, {});
  });

  test('while somebody keeps it locked: in time, naming the file', async () => {
    const database = driver.open(file);
    database.exec('BEGIN EXCLUSIVE');
    const began = Date.now();
    await expect(made({ lockTimeoutMs: 300 })).rejects.toThrow(
      refused('locked', { exitCode: 4, message: expect.stringContaining(file) }),
    );
    expect(Date.now() - began).toBeLessThan(7000);
    database.close();
    await expectNothingLeft();
    await made();
  });

  test('while somebody takes it just as it is copied; freed in time, it is copied whole', async () => {
    use((database) => database.exec('INSERT INTO b VALUES (1), (2)'));
    const copy = join(folder, 'copy.db');
    const connection = await connectSqlite(url());
    const other = driver.open(file);
    try {
      other.exec('BEGIN EXCLUSIVE');
      let asked = 0;
      const giveUp = () => {
        if (++asked === 3) throw new Error('enough');
      };
      await expect(connection.copyTo(copy, giveUp)).rejects.toThrow('enough');
      asked = 0;
      await connection.copyTo(copy, () => {
        if (++asked === 3) other.exec('COMMIT');
      });
      expect(asked).toBeGreaterThanOrEqual(3);
      expect(use((database) => database.all('SELECT n FROM b', []), copy)).toHaveLength(2);
    } finally {
      other.close();
      await connection.close();
    }
  });

  test('during another run of tidemark, and none of two at once fails', async () => {
    const both = await Promise.all([made(), made()]);
    expect(new Set(both.map(({ manifest }) => manifest.id)).size).toBe(2);
    for (const backup of both) await rowsOf(backup);
  });

  test('given up, nothing stays', async () => {
    const controller = new AbortController();
    const onEvent = (event: BackupEvent) => {
      if (event.type === 'phase' && event.phase === 'copying') controller.abort(new Error('enough'));
    };
    await expect(made({ signal: controller.signal, onEvent })).rejects.toThrow(refused('aborted'));
    await expectNothingLeft();
  });
});

test('rows that break rules of their tables are backed up, and said to be', async () => {
  use((database) =>
    database.exec(
      `PRAGMA foreign_keys = OFF; CREATE TABLE c (a_id INTEGER REFERENCES a (id)); INSERT INTO c VALUES (1), (2)`,
    ),
  );
  const notes: string[] = [];
  const backup = await made({ onEvent: (event) => event.type === 'note' && notes.push(event.text) });
  expect(notes).toEqual(['2 rows of c refer to rows of a that are not there.']);
  expect(await rowsOf(backup)).toMatchObject({ c: 2 });
});

describe('encrypted', () => {
  const places = [tmpdir(), '/dev/shm'];
  /** Other tests run beside this one: only what was there neither before nor is theirs, who are alive, counts. */
  async function plainFolders(): Promise<string[]> {
    const found = await Promise.all(places.map((place) => readdir(place).catch(() => [])));
    return found.flat().filter((name) => {
      const pid = Number(/^tidemark-scratch-(\d+)-/.exec(name)?.[1] ?? 0);
      return pid === process.pid || (pid > 0 && !existsSync(`/proc/${pid}`));
    });
  }

  test('it opens with the identity alone, and no plain copy stays', async () => {
    const identity = await generateIdentity();
    await writeFile(join(folder, 'identity'), identity);
    const encryption = await encryptionTo([await identityToRecipient(identity)]);
    const seen: string[][] = [];
    const onEvent = (event: BackupEvent) => {
      if (event.type === 'phase' && event.phase === 'counting rows') {
        seen.push([execFileSync('find', [root, '-name', '*.sqlite*'], { encoding: 'utf8' })]);
      }
    };
    const { manifest, path } = await createBackup(engine(), { ...options, encryption, onEvent });
    expect(seen).toEqual([['']]);
    expect((await readFile(join(path, 'database.sqlite'))).toString('latin1')).not.toContain('SQLite format');
    await expect(
      engine().checkStructure(storedBackup(store(), manifest, { folder: 'app' }), {}),
    ).rejects.toThrow(refused('backup-key-missing'));
    const decrypt = await decryptionWith(join(folder, 'identity'));
    const open = storedBackup(store(), manifest, { folder: 'app', decrypt });
    await engine().checkStructure(open, {});
    expect(await rowsOf(open)).toMatchObject({ 'we"ird é': 2 });
    expect(await plainFolders()).toEqual([]);
  });

  test('what a killed run left of it is removed by the next', async () => {
    const recipient = await identityToRecipient(await generateIdentity());
    const child = startChild('backup.ts', [file, root, 'counting rows', recipient]);
    await child.until((phase) => phase === 'counting rows');
    await child.kill();
    expect(await plainFolders()).toHaveLength(1);
    await made({ encryption: await encryptionTo([recipient]) });
    expect(await plainFolders()).toEqual([]);
  });
});

describe('faults', () => {
  for (const phase of ['copying', 'checking the copy', 'committing']) {
    test(`killed while ${phase}: no backup, and the next run makes one`, async () => {
      const child = startChild('backup.ts', [file, root, phase]);
      await child.until((message) => message === phase);
      await child.kill();
      const left = await readCatalog([store()], 'app');
      expect(left.filter(({ places }) => places[0]?.state === 'complete')).toEqual([]);
      const backup = await made();
      const complete = (await readCatalog([store()], 'app')).filter(
        ({ places }) => places[0]?.state === 'complete',
      );
      expect(complete.map(({ id }) => id)).toEqual([backup.manifest.id]);
      await rowsOf(backup);
    });
  }

  /** Only root may mount. */
  const mounting = process.platform === 'linux' && process.getuid?.() === 0;

  test.runIf(mounting)('a full disk: no backup, nothing left, and the older one whole', async () => {
    await mkdir(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', root]);
    try {
      const small = await made();
      for (const megabytes of [1, 2, 3, 5]) {
        use((database) =>
          database.exec(`INSERT INTO a (filler) VALUES (zeroblob(${megabytes * 1_000_000}))`),
        );
      }
      await expect(made()).rejects.toThrow(refused('disk-full'));
      expect(await readdir(join(root, 'app'))).toEqual([small.manifest.id]);
      await engine().checkStructure(small, {});
    } finally {
      execFileSync('umount', [root]);
    }
  });

  test.runIf(mounting)(
    'on a file system that is read-only it is read; in WAL mode it cannot be',
    async () => {
      const mounted = join(folder, 'mounted');
      await mkdir(mounted);
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mounted]);
      try {
        const there = join(mounted, 'app.db');
        const logged = join(mounted, 'logged.db');
        await copyFile(file, there);
        await copyFile(file, logged);
        const connection = await connectSqlite(url(logged));
        await connection.query('PRAGMA journal_mode = WAL');
        await connection.close();
        execFileSync('mount', ['-o', 'remount,ro', mounted]);
        const { manifest } = await createBackup(sqliteBackup(url(there)), options);
        expect(manifest.totals.rows).toBeGreaterThan(2);
        await expect(createBackup(sqliteBackup(url(logged)), options)).rejects.toThrow(
          expect.objectContaining({ message: expect.stringContaining(logged), hints: [expect.any(String)] }),
        );
      } finally {
        execFileSync('umount', [mounted]);
      }
    },
  );

  test('a cut, changed or exchanged copy is found', async () => {
    const backup = await made();
    const part = join(backup.path, 'database.sqlite');
    const whole = await readFile(part);
    const { manifest } = backup;
    for (const bytes of [whole.subarray(0, 4096), Buffer.concat([whole, whole]), Buffer.from('x')]) {
      await chmod(part, 0o600);
      await writeFile(part, bytes);
      await expect(
        engine().checkStructure(storedBackup(store(), manifest, { folder: 'app' }), {}),
      ).rejects.toThrow(refused('backup-damaged'));
    }
  });
});
