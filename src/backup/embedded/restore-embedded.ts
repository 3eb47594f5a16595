import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LOCK } from '../../database/embedded-folder.js';
import { openEmbedded } from '../../database/embedded-postgres.js';
import { acquireLock } from '../../database/process-lock.js';
import { TidemarkError } from '../../errors.js';
import { pause, requireStillWanted } from '../../migrations/abort.js';
import type { OpenBackup } from '../open-backup.js';
import { countTables } from '../postgres/read-facts.js';
import {
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
import { folderError } from '../safe-files.js';
import { requireSameRows } from '../same-rows.js';
import {
  type FileRestoreOptions,
  type FileUndoOptions,
  type Recovered,
  type RestoredFile,
  recoveredNote,
  requireRoom,
} from '../sqlite/restore-sqlite.js';
import { damaged } from '../stored-backup.js';
import { requireEngine } from '../unpack-part.js';
import { folderFits, readFolder, runSql } from './embedded-backup.js';
import { syncTree, unpackFolder } from './unpack-folder.js';

const POLL_MS = 100;

/**
 * Restores a backup of the embedded PostgreSQL beside the live folder, from its data folder, or from its SQL where that
 * is of another version of the engine; starts it there, compares it with the manifest, and gives it the live folder's
 * name. Throws TidemarkError: `backup-damaged`, `database-locked` (exit code 4), `locked` (4), `disk-full`,
 * `backup-folder`, `restore-record-damaged`, `aborted`.
 */
export async function restoreEmbedded(
  backup: OpenBackup,
  options: FileRestoreOptions,
): Promise<RestoredFile> {
  const { keepOld, signal, onEvent, beforeSwap, atStep } = options;
  requireEngine(backup, 'embedded');
  await requireStillWanted(signal);
  const live = liveFolder(options.path);
  const swap: Swap = { live, sides: [], atStep };
  const unlock = lockRestores(live);
  try {
    const recovered = await recover(swap);
    if (recovered !== 'nothing') onEvent?.({ type: 'note', text: recoveredNote(recovered, live) });
    await requireRoom(live, backup.manifest.totals.bytes);
    let record = await beginRestore(live, backup.manifest.id);
    try {
      await atStep?.('begun');
      const incoming = beside(live, record.incoming);
      onEvent?.({ type: 'phase', phase: `restoring into ${basename(incoming)}` });
      await fill(backup, incoming, options);
      await atStep?.('checked');
      await requireStillWanted(signal);
      await beforeSwap?.();
      record = await exchange(swap, record, options);
    } catch (error) {
      await settleFailure(swap);
      throw error;
    }
    if (record.inode === null) return { path: live, old: undefined, recovered };
    const old = beside(live, record.outgoing);
    if (keepOld) return { path: live, old, recovered };
    await removeAll(old, []);
    await forgetSwap(live);
    return { path: live, old: undefined, recovered };
  } finally {
    unlock();
  }
}

/**
 * Swaps the folder that the last restore replaced back; the restored one is kept in its turn, and undoing again brings
 * it back. Throws TidemarkError: `undo-impossible` (exit code 2), `database-locked` (4), `locked` (4).
 */
export async function undoEmbedded(options: FileUndoOptions): Promise<RestoredFile> {
  const { signal, beforeSwap, atStep } = options;
  await requireStillWanted(signal);
  const live = liveFolder(options.path);
  const swap: Swap = { live, sides: [], atStep };
  const unlock = lockRestores(live);
  try {
    const recovered = await recover(swap);
    let record = await beginUndo(live);
    await writeSwap(live, record);
    try {
      await atStep?.('begun');
      await beforeSwap?.();
      record = await exchange(swap, record, options);
    } catch (error) {
      await settleFailure(swap);
      throw error;
    }
    return { path: live, old: beside(live, record.outgoing), recovered };
  } finally {
    unlock();
  }
}

/** Finishes or rolls back what a restore or an undo that was killed left. Every restore and undo does so first. */
export async function recoverEmbedded(path: string): Promise<Recovered> {
  const live = liveFolder(path);
  const unlock = lockRestores(live);
  try {
    return await recover({ live, sides: [] });
  } finally {
    unlock();
  }
}

async function recover(swap: Swap): Promise<Recovered> {
  const record = await readSwap(swap.live);
  const state = await recoverSwap(swap);
  if (record === undefined || state !== 'finish') return state === 'finish' ? 'nothing' : state;
  // It was started and compared before it got its name.
  await finishSwap(swap.live, record);
  return 'finished';
}

async function settleFailure(swap: Swap): Promise<void> {
  const left = await readSwap(swap.live);
  if (left !== undefined && left.phase !== 'done') await putBack(swap, left);
}

function liveFolder(path: string): string {
  const absolute = resolve(path);
  try {
    if (existsSync(absolute)) return realpathSync(absolute);
    mkdirSync(dirname(absolute), { recursive: true });
    return join(realpathSync(dirname(absolute)), basename(absolute));
  } catch (error) {
    throw folderError(absolute, error);
  }
}

/** Fills a new folder, looks whether it is what the backup says, and brings it to the disk. */
async function fill(
  backup: OpenBackup,
  incoming: string,
  { signal, onEvent, atStep }: FileRestoreOptions,
): Promise<void> {
  if (folderFits(backup.manifest)) {
    const tar = await readFolder(backup, signal);
    try {
      await unpackFolder(tar, incoming);
    } catch (error) {
      if (error instanceof Error && 'syscall' in error) throw folderError(incoming, error);
      throw damaged(backup.label, `its data folder: ${(error as Error).message}`, error);
    }
  } else {
    onEvent?.({
      type: 'note',
      text: `The data folder is of PostgreSQL ${backup.manifest.engine.version}, so the database is restored from its SQL.`,
    });
  }
  await atStep?.('unpacked');
  // Where there is no folder yet, an empty database is made.
  const restored = await openEmbedded({ path: incoming }).catch((error: unknown) => {
    throw damaged(backup.label, `its data folder does not start: ${(error as Error).message}`, error);
  });
  try {
    if (!folderFits(backup.manifest)) await runSql(backup, restored, signal);
    onEvent?.({ type: 'phase', phase: 'comparing it with the manifest' });
    requireSameRows(backup, await countTables(restored), 'the restored database');
  } finally {
    await restored.close();
  }
  await syncTree(incoming).catch((error: unknown) => {
    throw folderError(incoming, error);
  });
}

/**
 * Both folders are locked, each by the file in it, which goes with it: so nobody opens either while they change names.
 */
async function exchange(
  swap: Swap,
  record: SwapRecord,
  { lockTimeoutMs, signal, onEvent }: FileUndoOptions,
): Promise<SwapRecord> {
  const { live, atStep } = swap;
  onEvent?.({ type: 'phase', phase: 'swapping' });
  const incoming = beside(live, record.incoming);
  const outgoing = beside(live, record.outgoing);
  const releases: (() => void)[] = [];
  let done: SwapRecord | undefined;
  try {
    for (const folder of [incoming, live]) {
      if (existsSync(folder)) releases.push(await lockFolder(folder, lockTimeoutMs, signal));
    }
    await atStep?.('held');
    done = await swapIn(swap, record, async () => {
      if (!existsSync(join(live, 'PG_VERSION'))) throw new Error(`${live} is not the restored folder`);
    });
    return done;
  } finally {
    for (const release of releases) release();
    // After the swap each lock lies where its folder is now.
    if (done !== undefined)
      for (const folder of [live, outgoing]) await rm(join(folder, LOCK), { force: true });
  }
}

async function lockFolder(
  folder: string,
  lockTimeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<() => void> {
  const deadline = Date.now() + lockTimeoutMs;
  for (;;) {
    let attempt: ReturnType<typeof acquireLock>;
    try {
      attempt = acquireLock(join(folder, LOCK));
    } catch (error) {
      throw folderError(folder, error);
    }
    if ('release' in attempt) return attempt.release;
    const { pid, host } = attempt.heldBy;
    if (Date.now() >= deadline) {
      const who = pid === process.pid ? `this process (${pid})` : `process ${pid}`;
      throw new TidemarkError('database-locked', `${folder} is open in ${who} on ${host}`, {
        exitCode: 4,
        hints: [
          'Stop it first: it would go on with the old folder.',
          `If that was another machine or container that is no more, delete ${join(folder, LOCK)}.`,
        ],
        details: { pid, host },
      });
    }
    await pause(POLL_MS, signal);
    await requireStillWanted(signal);
  }
}
