import { createReadStream, existsSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, DatabaseError } from '../../database/connection.js';
import { type SqliteUrl, safeUrl } from '../../database/database-url.js';
import { noDatabase } from '../../database/missing-database.js';
import { connectSqlite, type SqliteConnection } from '../../database/sqlite-connection.js';
import { sqliteDriver } from '../../database/sqlite-driver.js';
import { TidemarkError } from '../../errors.js';
import { aborted, pause, requireStillWanted } from '../../migrations/abort.js';
import { isBusy, lockSqlite } from '../../migrations/sqlite-lock.js';
import { filesBeside } from '../../sqlite/check-database.js';
import type { BackupEngine, Capture, CaptureOptions } from '../engine/backup-engine.js';
import type { BackupRun } from '../events.js';
import type { OpenBackup } from '../open-backup.js';
import type { PartSink } from '../part-sink.js';
import { readMigrations } from '../postgres/read-facts.js';
import { createFile, folderError } from '../safe-files.js';
import { damaged } from '../stored-backup.js';
import { partWithRole, unpackPart } from '../unpack-part.js';
import { type PlainScratch, plainScratch } from './plain-scratch.js';
import { checkHealth, countTables, readPragma, readSettings } from './read-facts.js';

/** The one part: a database in a single file. */
const PART = 'database.sqlite';
/** How long SQLite itself waits for a lock, with the process standing still, before it is asked whether to go on. */
const BUSY_MS = 250;
/** In which a thread has come to life. */
const THREAD_START_MS = 60;
export const SQLITE_ROLE = 'database';

/** Backs an SQLite file up with SQLite's online backup, and tries the copy. */
export function sqliteBackup(url: SqliteUrl): BackupEngine {
  return {
    kind: 'sqlite',
    capture: (sink, options) => capture(url, sink, options),
    checkStructure,
    rehearse,
    countTables: (connection) => countTables(connection),
  };
}

/**
 * Copies the file in one step of the online backup, from a session of its own, while others go on writing; a copy in
 * several steps would begin anew with each of their writes. Everything else is done with the copy: it becomes a single
 * file without a write-ahead log, is checked, and counted.
 *
 * The copy has to be a file. A backup that is to be encrypted makes it in memory (`/dev/shm`) where there is room, and
 * else, for as long as it takes, in a folder of mode 0700 below the temporary folder; a note says so.
 */
async function capture(url: SqliteUrl, sink: PartSink, options: CaptureOptions): Promise<Capture> {
  const { onEvent, signal } = options;
  refuseExclusions(options.excludeTableData, 'SQLite');
  const path = requireFile(url);
  await requireStillWanted(signal);
  const session = await connectSqlite(url);
  let scratch: PlainScratch | undefined;
  try {
    const release = options.lockHolder ? async () => {} : await lock(session, options);
    try {
      const mode = await readPragma(session, 'journal_mode');
      if (sink.encrypted) {
        scratch = await plainScratch(sizeWithLog(path));
        if (!scratch.inMemory) {
          onEvent?.({
            type: 'note',
            text: `There is no room for the copy in memory: until it is encrypted it lies in ${scratch.folder}, readable for its owner alone.`,
          });
        }
      }
      const file = join(scratch?.folder ?? sink.folder, PART);
      onEvent?.({ type: 'phase', phase: 'copying' });
      const createdAt = new Date();
      await copy(session, path, file, options);
      await settle(file, url);
      // From here on it only is read: it is hashed while SQLite looks at it.
      const adopted = scratch === undefined ? await begun(sink.adopt(PART, SQLITE_ROLE)) : undefined;
      let facts: CopyFacts;
      try {
        facts = await inspect(file, url, options);
      } finally {
        await adopted?.settled;
      }
      await requireStillWanted(signal);
      if (adopted !== undefined) await adopted.part;
      else await sink.write(PART, SQLITE_ROLE, createReadStream(file));
      const { name, version } = await sqliteDriver();
      return {
        createdAt,
        engine: {
          kind: 'sqlite',
          version,
          writer: `${name} ${version}`,
          systemId: null,
          encoding: facts.settings.encoding ?? null,
          collate: null,
          ctype: null,
          settings: { ...facts.settings, journal_mode: mode },
        },
        migrations: facts.migrations,
        capture: { method: 'online backup', compression: 'none', jobs: 1, excludedData: [] },
        tables: facts.tables,
        globals: null,
      };
    } finally {
      await release();
    }
  } catch (error) {
    throw explain(path, error);
  } finally {
    await session.close();
    await scratch?.remove();
  }
}

/** Throws TidemarkError (`exclude-unsupported`, exit code 2): a whole file is copied, with everything in it. */
export function refuseExclusions(patterns: readonly string[], engine: string): void {
  if (patterns.length === 0) return;
  throw new TidemarkError('exclude-unsupported', `a backup of ${engine} cannot leave rows of tables out`, {
    exitCode: 2,
    hints: ['Leave out --exclude-table-data: the database is copied as a whole.'],
  });
}

/** The address of a file. */
export function sqliteUrlOf(path: string): SqliteUrl {
  return { engine: 'sqlite', adapter: 'sqlite', path };
}

function requireFile(url: SqliteUrl): string {
  const { path } = url;
  if (path === undefined) {
    throw new TidemarkError('backup-impossible', 'a database in memory cannot be backed up', {
      exitCode: 2,
      hints: ['Name the file of a database.'],
    });
  }
  if (!existsSync(path)) throw noDatabase(url);
  // Looking at a file that this process has open would give its locks up.
  if (!isOpenHere(path)) filesBeside(path);
  return path;
}

/** Whether this process has a file open, as far as the system tells (Linux). */
export function isOpenHere(path: string): boolean {
  if (process.platform !== 'linux') return false;
  const real = realpathSync(path);
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === real;
    } catch {
      return false;
    }
  });
}

/** A file system that nobody can write to has no migration under way either, and no place for the lock. */
async function lock(
  session: SqliteConnection,
  { lockTimeoutMs, onEvent, signal }: CaptureOptions,
): Promise<() => Promise<void>> {
  const deadline = Date.now() + lockTimeoutMs;
  const waiting = () =>
    onEvent?.({ type: 'phase', phase: 'waiting for a migration or another backup to end' });
  await session.executeAll([`PRAGMA busy_timeout = ${Math.min(lockTimeoutMs, BUSY_MS)}`]);
  for (;;) {
    try {
      const timeoutMs = Math.max(0, deadline - Date.now());
      return await lockSqlite(session, { timeoutMs, onWait: waiting, writing: false, signal });
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code === 'EROFS') return async () => {};
      // A database that is locked does not even tell its own name.
      if (!isBusy(error) || Date.now() >= deadline) throw error;
      waiting();
      await requireStillWanted(signal);
    }
  }
}

function sizeWithLog(path: string): number {
  return [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

async function copy(
  session: SqliteConnection,
  path: string,
  file: string,
  { lockTimeoutMs, signal }: CaptureOptions,
): Promise<void> {
  // SQLite would make it readable for others.
  await (await createFile(file)).close();
  const deadline = Date.now() + lockTimeoutMs;
  await session.copyTo(file, () => {
    if (signal?.aborted) throw aborted(signal, 'aborted while copying; nothing was kept');
    if (Date.now() < deadline) return;
    throw databaseLocked(path);
  });
}

export function databaseLocked(path: string, hints: readonly string[] = []): TidemarkError {
  return new TidemarkError('locked', `another process keeps ${path} locked`, {
    exitCode: 4,
    hints: ['Wait for its transaction to end, or allow more time with --lock-timeout.', ...hints],
    details: { file: path },
  });
}

/** Work that goes on by itself while this thread stands still: it has been given time to begin, and nobody else waits. */
async function begun<T>(part: Promise<T>): Promise<{ part: Promise<T>; settled: Promise<unknown> }> {
  const settled = Promise.allSettled([part]);
  await Promise.race([settled, pause(THREAD_START_MS, undefined)]);
  return { part, settled };
}

/** Makes the copy a single file. */
async function settle(file: string, url: SqliteUrl): Promise<void> {
  const connection = await openCopy(file, url);
  try {
    await connection.query('PRAGMA journal_mode = DELETE');
    // A database without anything in it has no byte; with a header it is a file like every other.
    if ((await readPragma(connection, 'page_count')) === '0') {
      await connection.executeAll(['PRAGMA user_version = 1', 'PRAGMA user_version = 0']);
    }
  } finally {
    await connection.close();
  }
}

type CopyFacts = Awaited<ReturnType<typeof inspect>>;

/** Checks the copy, and reads from it what the manifest says. Writes nothing. */
async function inspect(file: string, url: SqliteUrl, { onEvent }: BackupRun) {
  const connection = await openCopy(file, url);
  try {
    await connection.executeAll(['PRAGMA query_only = ON']);
    onEvent?.({ type: 'phase', phase: 'checking the copy' });
    const { damage, notes } = await checkHealth(connection);
    if (damage.length > 0) throw databaseDamaged(url, damage);
    for (const text of notes) onEvent?.({ type: 'note', text });
    onEvent?.({ type: 'phase', phase: 'counting rows' });
    return {
      settings: await readSettings(connection),
      tables: await countTables(connection, onEvent),
      migrations: await readMigrations(connection),
    };
  } finally {
    await connection.close();
  }
}

function openCopy(file: string, url: SqliteUrl): Promise<SqliteConnection> {
  return connectSqlite({ ...url, path: file }, undefined, `the copy of ${safeUrl(url)}`);
}

function databaseDamaged(url: SqliteUrl, damage: readonly string[]): TidemarkError {
  return new TidemarkError('database-damaged', `${safeUrl(url)} is damaged: ${damage[0]}`, {
    hints: [
      'No backup was kept of it. Older backups are untouched: restore one with "tidemark backup restore".',
      'Save what can be read before that: sqlite3 FILE .recover',
    ],
    details: { damage: damage.slice(0, 20) },
  });
}

/** What SQLite says of a file, a lock or a full disk, in words. */
function explain(path: string, error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  const { sqlstate, message } = error;
  if (isBusy(error)) return databaseLocked(path);
  if (/^SQLITE_FULL/.test(sqlstate)) {
    return folderError(path, Object.assign(new Error(message), { code: 'ENOSPC' }));
  }
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(sqlstate)) {
    return databaseDamaged(sqliteUrlOf(path), [message]);
  }
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR)/.test(sqlstate)) {
    return new TidemarkError('dump-failed', `cannot read ${path}: ${message}`, {
      hints: [
        'In WAL mode SQLite needs to write files beside the database even to read it, and so it does to settle what a killed process left. Check that you may write in its folder.',
      ],
      cause: error,
    });
  }
  return error;
}

/** Reads every page of the copy. */
async function checkStructure(backup: OpenBackup, run: BackupRun): Promise<void> {
  await unpacked(backup, run, async (path) => {
    run.onEvent?.({ type: 'phase', phase: 'checking every page' });
    await checkUnpacked(backup, path);
  });
}

async function rehearse<T>(
  backup: OpenBackup,
  run: BackupRun,
  work: (restored: Connection) => Promise<T>,
): Promise<T> {
  run.onEvent?.({ type: 'phase', phase: 'restoring into a temporary folder' });
  return unpacked(backup, run, async (path) => {
    const connection = await openUnpacked(backup, path);
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  });
}

/** Works with a copy that is gone afterwards. */
async function unpacked<T>(
  backup: OpenBackup,
  run: BackupRun,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { name, plainBytes } = partWithRole(backup, SQLITE_ROLE);
  const scratch = await plainScratch(
    backup.manifest.encryption === null ? Number.POSITIVE_INFINITY : plainBytes,
  );
  try {
    const path = join(scratch.folder, PART);
    await unpackPart(backup, name, path, run);
    return await work(path);
  } finally {
    await scratch.remove();
  }
}

async function openUnpacked(backup: OpenBackup, path: string): Promise<SqliteConnection> {
  try {
    return await connectSqlite(sqliteUrlOf(path), undefined, `the copy of ${backup.label}`);
  } catch (error) {
    throw damaged(backup.label, (error as Error).message, error);
  }
}

/** Throws `backup-damaged` unless an unpacked copy is a whole database. */
export async function checkUnpacked(backup: OpenBackup, path: string): Promise<void> {
  const connection = await openUnpacked(backup, path);
  try {
    const { damage } = await checkHealth(connection);
    if (damage.length > 0) throw damaged(backup.label, `SQLite says: ${damage[0]}`);
  } catch (error) {
    if (error instanceof DatabaseError) throw damaged(backup.label, `SQLite says: ${error.message}`, error);
    throw error;
  } finally {
    await connection.close();
  }
}
