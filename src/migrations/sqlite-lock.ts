import { closeSync, openSync, realpathSync, rmSync, statSync } from 'node:fs';
import { type Connection, DatabaseError } from '../database/connection.js';
import { sqliteDriver } from '../database/sqlite-driver.js';
import { toSqliteError } from '../database/sqlite-error.js';
import { TidemarkError } from '../errors.js';
import { aborted, pause } from './abort.js';
import type { LockHolder } from './history.js';
import { describeHolder, holderOfFiles } from './sqlite-lock-holder.js';

/** Polls start here and slow down to `SLOWEST_POLL_MS`. The driver would block the whole process meanwhile. */
const FIRST_POLL_MS = 10;
const SLOWEST_POLL_MS = 250;
/** How long each attempt waits for readers to end, with the process standing still. */
const READERS_MS = 100;

const WAITING = 'aborted while waiting for another run to end; nothing was changed';

export interface LockOptions {
  /** How long to wait, in milliseconds. */
  readonly timeoutMs: number;
  /** Called once when somebody else holds it. */
  readonly onWait?: (holder: LockHolder | undefined) => void;
  /** False: nothing will be written, so others may be in the middle of a transaction. */
  readonly writing?: boolean;
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the migration lock of a database and gives what releases it. Each migration commits on its own, so
 * the database's own write lock cannot span a run; an empty file beside the database, locked by the same
 * engine, does. The system gives that lock back when its process ends, however it ends. Then the database
 * itself must be free for writing, unless nothing will be written. Memory needs no lock.
 * Throws TidemarkError (`locked`, exit code 4) that names the file and, where the system tells, the process;
 * and `aborted`.
 */
export async function lockSqlite(connection: Connection, options: LockOptions): Promise<() => Promise<void>> {
  const path = await mainFile(connection);
  if (path === undefined) return async () => {};
  const deadline = Date.now() + options.timeoutMs;
  let waited = false;
  const waiting = async (what: string, files: readonly string[], delay: number): Promise<void> => {
    const left = deadline - Date.now();
    if (left <= 0 || !waited) {
      const holder = await holderOfFiles(files);
      if (left <= 0) throw locked(path, what, holder, options.timeoutMs);
      options.onWait?.(holder);
      waited = true;
    }
    // Runners that began to wait together must not go on asking together: one of them would get it each time.
    await pause(Math.min(delay * (0.5 + Math.random()), left), options.signal);
    if (options.signal?.aborted) throw aborted(options.signal, WAITING);
  };

  const release = await lockBeside(path, (delay) =>
    waiting('another run of tidemark is at work on', [lockFile(path)], delay),
  );
  if (options.writing === false) return release;
  try {
    for (let delay = FIRST_POLL_MS; !(await canWrite(connection)); delay = slower(delay)) {
      await waiting('another process is using', databaseFiles(path), delay);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** Who runs migrations on the database, or writes to it, as far as the system tells. */
export async function currentHolder(connection: Connection): Promise<LockHolder | undefined> {
  const path = await mainFile(connection);
  return path === undefined || inodeOf(lockFile(path)) === undefined
    ? undefined
    : holderOfFiles([lockFile(path)]);
}

/** Who has the database locked, as a sentence. */
export async function describeBlocker(connection: Connection): Promise<string | undefined> {
  const path = await mainFile(connection);
  if (path === undefined) return undefined;
  const holder = await holderOfFiles(databaseFiles(path));
  const who = holder === undefined ? 'Another process' : `P${describeHolder(holder).slice(1)}`;
  return `${who} has ${path} locked; let it end its transaction, then run this again.`;
}

/** The file of a connection, with symbolic links resolved; undefined for memory. */
export async function mainFile(connection: Connection): Promise<string | undefined> {
  const [row] = await connection.query<{ file: string }>(
    "SELECT file FROM pragma_database_list WHERE name = 'main'",
  );
  return row === undefined || row.file === '' ? undefined : realpathSync(row.file);
}

/** The files in which a database's locks may be: in WAL mode they are in the shared-memory file. */
export function databaseFiles(path: string): string[] {
  return [path, `${path}-shm`];
}

function lockFile(path: string): string {
  return `${path}-tidemark`;
}

/** The file goes when the lock is released; whoever then holds a lock on a file without a name tries again. */
async function lockBeside(
  path: string,
  wait: (delay: number) => Promise<void>,
): Promise<() => Promise<void>> {
  const beside = lockFile(path);
  const { open } = await sqliteDriver();
  for (let delay = FIRST_POLL_MS; ; delay = slower(delay)) {
    const made = makeFile(beside);
    const lock = open(beside);
    const isInPlace = () => made !== undefined && made === inodeOf(beside);
    let failure: unknown;
    try {
      lock.exec('PRAGMA busy_timeout = 0');
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      failure = toSqliteError(error, { statement: 0, sql: '', compile: () => {} });
    }
    if (failure === undefined && isInPlace()) {
      return async () => {
        takeAway(beside);
        lock.close();
      };
    }
    lock.close();
    // Whatever the engine says of a file that was taken away meanwhile does not matter.
    if (failure === undefined || !isInPlace()) continue;
    if (!isBusy(failure)) throw failure;
    await wait(delay);
  }
}

/** While it is locked, so that nobody can lock it in between. Windows keeps open files; there it stays, empty. */
function takeAway(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  }
}

/** The inode of the file, which is made where there is none; undefined when it is just being taken away. */
function makeFile(path: string): bigint | undefined {
  const there = inodeOf(path);
  if (there !== undefined) return there;
  try {
    closeSync(openSync(path, 'wx'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') {
      throw new TidemarkError('cannot-lock', `cannot make the lock file ${path}: ${message}`, {
        hints: ['SQLite writes files beside the database, so its folder must be writable too.'],
        cause: error,
      });
    }
  }
  return inodeOf(path);
}

function inodeOf(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/**
 * A commit needs a moment without readers too, unless the journal is a WAL. While SQLite waits for them it lets
 * no new ones in, so it is given some time.
 */
async function canWrite(connection: Connection): Promise<boolean> {
  const [row] = await connection.query<{ timeout: number }>('PRAGMA busy_timeout');
  try {
    await connection.executeAll([`PRAGMA busy_timeout = ${READERS_MS}`, 'BEGIN EXCLUSIVE', 'ROLLBACK']);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  } finally {
    await connection.executeAll([`PRAGMA busy_timeout = ${row!.timeout}`]);
  }
}

/** SQLITE_BUSY and its variants. */
export function isBusy(error: unknown): boolean {
  return error instanceof DatabaseError && /^SQLITE_(BUSY|LOCKED)/.test(error.sqlstate);
}

function slower(delay: number): number {
  return Math.min(delay * 1.5, SLOWEST_POLL_MS);
}

function locked(
  path: string,
  what: string,
  holder: LockHolder | undefined,
  timeoutMs: number,
): TidemarkError {
  const waited = timeoutMs === 0 ? '' : ` (waited ${timeoutMs / 1000} s)`;
  const who = holder === undefined ? '' : `: ${describeHolder(holder)}`;
  return new TidemarkError('locked', `${what} ${path}${who}${waited}`, {
    exitCode: 4,
    hints: [
      'Wait for it to end, or allow more time with --lock-timeout.',
      holder === undefined
        ? `See who has it open: fuser -v ${JSON.stringify(path)} (or lsof).`
        : `If it hangs, end process ${holder.pid}: what it has not committed is rolled back.`,
    ],
    details: { file: path, holder: holder ?? null },
  });
}
