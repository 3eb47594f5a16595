import { existsSync, realpathSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, open, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { connectSqlite } from '../../database/sqlite-connection.js';
import { TidemarkError } from '../../errors.js';
import { requireStillWanted } from '../../migrations/abort.js';
import type { BackupRun } from '../events.js';
import type { OpenBackup } from '../open-backup.js';
import {
  type AtStep,
  beginRestore,
  beginUndo,
  beside,
  finishSwap,
  forgetSwap,
  lockRestores,
  putBack,
  readSwap,
  recoverSwap,
  removeAll,
  type Swap,
  type SwapRecord,
  swapIn,
  writeSwap,
} from '../restore-file.js';
import { FILE_MODE, folderError } from '../safe-files.js';
import { requireSameRows } from '../same-rows.js';
import { damaged } from '../stored-backup.js';
import { partWithRole, requireEngine, unpackPart } from '../unpack-part.js';
import { holdLive } from './hold-live.js';
import { countTables, readPragma } from './read-facts.js';
import { checkUnpacked, SQLITE_ROLE, sqliteUrlOf } from './sqlite-backup.js';

const SIDES = ['-wal', '-shm', '-journal'] as const;

export interface FileRestoreOptions extends BackupRun {
  /** The live database: a file, or for the embedded PostgreSQL a folder. Made where there is none. */
  readonly path: string;
  /** False: what was there is removed once the restored one is live. */
  readonly keepOld: boolean;
  /** How long to wait for a migration and for other sessions to end, in milliseconds. */
  readonly lockTimeoutMs: number;
  /** Closes the sessions that this process has with the database, right before the swap. */
  readonly beforeSwap?: (() => Promise<void>) | undefined;
  /** For tests. */
  readonly atStep?: AtStep | undefined;
}

export interface RestoredFile {
  readonly path: string;
  /** Where what was there before is kept; undefined: nothing was, or it was not to be kept. */
  readonly old: string | undefined;
  /** What became of a run before this one that was killed. */
  readonly recovered: Recovered;
}

export type Recovered = 'nothing' | 'rolled-back' | 'finished';

/**
 * Restores a backup beside the live file, checks it, and gives it the live file's name. Until then the live file is as
 * it was, and what fails after it is put back. Throws TidemarkError: `backup-damaged`, `locked` (exit code 4),
 * `disk-full`, `backup-folder`, `restore-record-damaged`, `aborted`.
 */
export async function restoreSqlite(backup: OpenBackup, options: FileRestoreOptions): Promise<RestoredFile> {
  const { keepOld, lockTimeoutMs, signal, onEvent, beforeSwap, atStep } = options;
  requireEngine(backup, 'sqlite');
  await requireStillWanted(signal);
  const live = await liveFile(options.path);
  const swap: Swap = { live, sides: SIDES, atStep };
  const unlock = lockRestores(live);
  try {
    const recovered = await recover(swap);
    if (recovered !== 'nothing') onEvent?.({ type: 'note', text: recoveredNote(recovered, live) });
    const part = partWithRole(backup, SQLITE_ROLE);
    await requireRoom(live, part.plainBytes);
    let record = await beginRestore(live, backup.manifest.id);
    try {
      await atStep?.('begun');
      const incoming = beside(live, record.incoming);
      onEvent?.({ type: 'phase', phase: `restoring into ${basename(incoming)}` });
      await unpackPart(backup, part.name, incoming, options);
      await atStep?.('unpacked');
      onEvent?.({ type: 'phase', phase: 'comparing it with the manifest' });
      await checkUnpacked(backup, incoming);
      await compare(backup, incoming);
      await likeLive(live, incoming);
      await atStep?.('checked');
      await requireStillWanted(signal);
      await beforeSwap?.();
      onEvent?.({ type: 'phase', phase: 'swapping' });
      const held = await holdLive(live, lockTimeoutMs, signal, async (mode) => {
        record = { ...record, settle: { journal_mode: mode } };
        await writeSwap(live, record);
      });
      if (held.damage !== undefined) {
        onEvent?.({ type: 'note', text: `The database that is there cannot be opened: ${held.damage}.` });
      }
      try {
        await atStep?.('held');
        record = await swapIn(swap, record, () => requireOpens(live));
      } finally {
        await held.release();
      }
    } catch (error) {
      await settleFailure(swap, record);
      throw error;
    }
    const old = await settleOld(swap, record, keepOld);
    return { path: live, old, recovered };
  } finally {
    unlock();
  }
}

export type FileUndoOptions = Omit<FileRestoreOptions, 'keepOld'>;

/**
 * Swaps the database that the last restore replaced back; the restored one is kept in its turn, and undoing again
 * brings it back. Throws TidemarkError: `undo-impossible` (exit code 2), `locked` (4).
 */
export async function undoSqlite(options: FileUndoOptions): Promise<RestoredFile> {
  const { lockTimeoutMs, signal, onEvent, beforeSwap, atStep } = options;
  await requireStillWanted(signal);
  const live = await liveFile(options.path);
  const swap: Swap = { live, sides: SIDES, atStep };
  const unlock = lockRestores(live);
  try {
    const recovered = await recover(swap);
    let record = await beginUndo(live);
    await atStep?.('begun');
    await beforeSwap?.();
    onEvent?.({ type: 'phase', phase: 'swapping' });
    try {
      const held = await holdLive(live, lockTimeoutMs, signal, async (mode) => {
        record = { ...record, settle: { journal_mode: mode } };
        await writeSwap(live, record);
      });
      try {
        await atStep?.('held');
        // What was there before may have been damaged: it is given back as it was.
        record = await swapIn(swap, record, async () => {});
      } finally {
        await held.release();
      }
    } catch (error) {
      await settleFailure(swap, record);
      throw error;
    }
    return { path: live, old: await settleOld(swap, record, true), recovered };
  } finally {
    unlock();
  }
}

/** Finishes or rolls back what a restore or an undo that was killed left. Every restore and undo does so first. */
export async function recoverSqlite(path: string): Promise<Recovered> {
  const live = await liveFile(path);
  const unlock = lockRestores(live);
  try {
    return await recover({ live, sides: SIDES });
  } finally {
    unlock();
  }
}

async function recover(swap: Swap): Promise<Recovered> {
  const { live } = swap;
  const record = await readSwap(live);
  const state = await recoverSwap(swap);
  if (record === undefined || state === 'nothing') return 'nothing';
  if (state === 'rolled-back') {
    await setJournalMode(live, record.settle.journal_mode).catch(() => {});
    return 'rolled-back';
  }
  try {
    if (record.kind === 'restore') await requireOpens(live);
  } catch {
    await settleFailure(swap, record);
    return 'rolled-back';
  }
  await settleOld(swap, await finishSwap(live, record), true);
  return 'finished';
}

export function recoveredNote(recovered: Recovered, live: string): string {
  return recovered === 'finished'
    ? `An earlier run was stopped after it had swapped ${live}; that is finished now, and what was there before is kept.`
    : `An earlier run was stopped before it had swapped ${live}; what it left is removed.`;
}

/** The file itself, wherever a symbolic link to it leads; its folder is made. */
async function liveFile(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    if (existsSync(absolute)) return realpathSync(absolute);
    await mkdir(dirname(absolute), { recursive: true });
    return join(realpathSync(dirname(absolute)), basename(absolute));
  } catch (error) {
    throw folderError(absolute, error);
  }
}

/** Throws `disk-full` before anything is written, where the system tells how much room there is. */
export async function requireRoom(live: string, bytes: number): Promise<void> {
  const space = await statfs(dirname(live)).catch(() => undefined);
  if (space === undefined || space.bavail * space.bsize >= bytes) return;
  throw new TidemarkError('disk-full', `there is no room for ${bytes} bytes beside ${live}`, {
    hints: ['The database is restored beside the live one, so that nothing is lost: make room for both.'],
    details: { needed: bytes, free: space.bavail * space.bsize },
  });
}

/** Throws `backup-damaged` unless the restored file holds what the manifest says; brings it to the disk. */
async function compare(backup: OpenBackup, path: string): Promise<void> {
  const { settings } = backup.manifest.engine;
  const connection = await connectSqlite(sqliteUrlOf(path));
  try {
    requireSameRows(backup, await countTables(connection), 'the restored database');
    for (const name of ['user_version', 'application_id']) {
      const value = await readPragma(connection, name);
      if (settings[name] !== undefined && value !== settings[name])
        throw damaged(backup.label, `${name} is ${value}, and should be ${settings[name]}`);
    }
    if (settings.journal_mode === 'wal') await connection.query('PRAGMA journal_mode = WAL');
  } finally {
    await connection.close();
  }
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the restored file the rights of the live one. */
async function likeLive(live: string, incoming: string): Promise<void> {
  const there = statSync(live, { throwIfNoEntry: false });
  await chmod(incoming, there === undefined ? FILE_MODE : there.mode & 0o777);
  if (there === undefined || process.getuid?.() !== 0) return;
  await chown(incoming, there.uid, there.gid);
}

async function requireOpens(path: string): Promise<void> {
  const connection = await connectSqlite(sqliteUrlOf(path));
  try {
    await connection.query('SELECT count(*) FROM sqlite_schema');
  } finally {
    await connection.close();
  }
}

async function settleFailure(swap: Swap, record: SwapRecord): Promise<void> {
  const left = await readSwap(swap.live);
  // A swap that failed has been put back already.
  if (left !== undefined && left.phase !== 'done') await putBack(swap, left);
  // Whoever has it open keeps it in the mode that it is in.
  await setJournalMode(swap.live, record.settle.journal_mode).catch(() => {});
}

/** Gives the one that was live its journal mode back, or removes it. */
async function settleOld(swap: Swap, record: SwapRecord, keepOld: boolean): Promise<string | undefined> {
  const old = beside(swap.live, record.outgoing);
  if (record.inode === null) return undefined;
  if (keepOld) {
    await setJournalMode(old, record.settle.journal_mode);
    return old;
  }
  await removeAll(old, SIDES);
  await forgetSwap(swap.live);
  return undefined;
}

/** Only WAL is kept in the file, and only it has to be given back. */
async function setJournalMode(path: string, mode: string | undefined): Promise<void> {
  if (mode !== 'wal' || !existsSync(path)) return;
  const connection = await connectSqlite(sqliteUrlOf(path));
  try {
    await connection.query('PRAGMA journal_mode = WAL');
  } finally {
    await connection.close();
  }
}
