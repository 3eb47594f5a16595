import { existsSync, statSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { acquireLock } from '../database/process-lock.js';
import { TidemarkError } from '../errors.js';
import { createFile, folderError, syncFolder } from './safe-files.js';

/*
 * How a database that is a file or a folder is exchanged for another one that lies beside it, complete and checked:
 *
 *   preparing   the new one is being made; the live one is as it was
 *   swapping    the live one gets the name that it is kept under, and the new one its name
 *   done        both have their names; kept, so that it can be undone
 *
 * A record beside the live one says which, before anything of it is done. So a later run finds what one that was killed
 * left: as long as the new one has not got the live name, everything goes back; once it has, it stays.
 */

export interface SwapRecord {
  readonly format: 1;
  readonly kind: 'restore' | 'undo';
  readonly phase: 'preparing' | 'swapping' | 'done';
  /** The backup that the restored one is of. */
  readonly backup: string;
  /** Names in the folder of the live one: the one to come, and where the live one goes. */
  readonly incoming: string;
  readonly outgoing: string;
  /** Tells the live one from one that somebody made in its place; null where there was none. */
  readonly inode: string | null;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** What an engine has to do with the one that was live, once it has its new name. */
  readonly settle: Readonly<Record<string, string>>;
  /** The finished swap before this one, which can be undone again when this one is rolled back. */
  readonly previous: SwapRecord | null;
}

/** Called at each step, by its name; tests end the process there. */
export type AtStep = (step: string) => void | Promise<void>;

export interface Swap {
  /** Absolute, without symbolic links. */
  readonly live: string;
  /** Endings of files that belong to it: `-wal`. */
  readonly sides: readonly string[];
  readonly atStep?: AtStep | undefined;
}

const RECORD = '.tidemark-restore';

/**
 * Keeps other restores of the same database out. Throws TidemarkError (`locked`, exit code 4). A process that is no
 * more holds nothing.
 */
export function lockRestores(live: string): () => void {
  let attempt: ReturnType<typeof acquireLock>;
  try {
    attempt = acquireLock(`${live}${RECORD}-lock`);
  } catch (error) {
    throw folderError(dirname(live), error);
  }
  if ('release' in attempt) return attempt.release;
  const { pid, host } = attempt.heldBy;
  throw new TidemarkError('locked', `process ${pid} on ${host} is restoring ${live}`, {
    exitCode: 4,
    hints: [
      'Wait for it to end.',
      `If that was another machine or container that is no more, delete ${live}${RECORD}-lock.`,
    ],
    details: { pid, host },
  });
}

/** What the last swap of a database was; undefined where there was none. Throws `restore-record-damaged`. */
export async function readSwap(live: string): Promise<SwapRecord | undefined> {
  const path = `${live}${RECORD}`;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw folderError(path, error);
  }
  const record = parseRecord(text, basename(live));
  if (record !== undefined) return record;
  throw new TidemarkError('restore-record-damaged', `${path} is not what a restore has written`, {
    hints: ['Look at the files beside the database, give the right one its name, and delete that file.'],
  });
}

/** Names from a record are used as such, so they must be ones that a swap of this database makes. */
function parseRecord(text: string, live: string): SwapRecord | undefined {
  try {
    const record = JSON.parse(text) as SwapRecord;
    const known =
      record.format === 1 &&
      ['restore', 'undo'].includes(record.kind) &&
      ['preparing', 'swapping', 'done'].includes(record.phase);
    const ours = [record.incoming, record.outgoing].every(
      (name) => typeof name === 'string' && name.startsWith(`${live}.`) && basename(name) === name,
    );
    return known && ours ? record : undefined;
  } catch {
    return undefined;
  }
}

export async function writeSwap(live: string, record: SwapRecord): Promise<void> {
  const path = `${live}${RECORD}`;
  const prepared = `${path}-new`;
  try {
    await rm(prepared, { force: true });
    const file = await createFile(prepared);
    try {
      await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(prepared, path);
  } catch (error) {
    throw folderError(path, error);
  }
  await syncFolder(dirname(live));
}

/** Forgets the swap: then it cannot be undone. */
export async function forgetSwap(live: string): Promise<void> {
  await rm(`${live}${RECORD}`, { force: true });
  await syncFolder(dirname(live));
}

/**
 * Begins a restore: says where the new one will lie, which is made then. Throws where the folder cannot be written.
 */
export async function beginRestore(live: string, backup: string): Promise<SwapRecord> {
  const name = basename(live);
  const record: SwapRecord = {
    format: 1,
    kind: 'restore',
    phase: 'preparing',
    backup,
    incoming: freeName(live, `${name}.restoring-${backup}`),
    outgoing: freeName(live, `${name}.before-restore-${backup}`),
    inode: inodeOf(live),
    at: new Date().toISOString(),
    settle: {},
    previous: withoutPrevious(await readSwap(live)),
  };
  await writeSwap(live, record);
  return record;
}

/** What swaps the two again. Throws TidemarkError (`undo-impossible`, exit code 2). */
export async function beginUndo(live: string): Promise<SwapRecord> {
  const last = await readSwap(live);
  const impossible = (why: string) =>
    new TidemarkError('undo-impossible', `there is no restore of ${live} to undo: ${why}`, {
      exitCode: 2,
      hints: ['Restore a backup instead: "tidemark backup list" shows them.'],
    });
  if (last === undefined) throw impossible('none was made, or what was there before it was not kept');
  if (last.inode === null) throw impossible('there was no database before it');
  if (!existsSync(beside(live, last.outgoing))) throw impossible(`${last.outgoing} is gone`);
  const name = basename(live);
  const suffix = last.kind === 'restore' ? 'undone' : 'before-restore';
  return {
    ...last,
    kind: last.kind === 'restore' ? 'undo' : 'restore',
    phase: 'preparing',
    incoming: last.outgoing,
    outgoing: freeName(live, `${name}.${suffix}-${last.backup}`),
    inode: inodeOf(live),
    at: new Date().toISOString(),
    settle: {},
    previous: withoutPrevious(last),
  };
}

function withoutPrevious(record: SwapRecord | undefined): SwapRecord | null {
  return record === undefined ? null : { ...record, previous: null };
}

/** A name that nothing beside the live one has. */
function freeName(live: string, name: string): string {
  for (let count = 1; ; count++) {
    const tried = count === 1 ? name : `${name}-${count}`;
    if (!existsSync(beside(live, tried))) return tried;
  }
}

export function beside(live: string, name: string): string {
  return join(dirname(live), name);
}

export function inodeOf(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : String(found.ino);
}

/**
 * Exchanges the two, while nobody uses the live one: the caller sees to that. A file is replaced in one step, so that
 * its name is never without one. What fails is put back. `check` looks at the one that has become live.
 */
export async function swapIn(
  swap: Swap,
  record: SwapRecord,
  check: () => Promise<void>,
): Promise<SwapRecord> {
  const { live, sides, atStep } = swap;
  const swapping: SwapRecord = { ...record, phase: 'swapping', inode: inodeOf(live) };
  const incoming = beside(live, record.incoming);
  const outgoing = beside(live, record.outgoing);
  await writeSwap(live, swapping);
  await atStep?.('recorded');
  try {
    // A write-ahead log that stayed beside another file would be read into it.
    await moveSides(live, outgoing, sides);
    await atStep?.('sides moved');
    if (swapping.inode !== null) await keep(live, outgoing);
    await atStep?.('live kept');
    await rename(incoming, live);
    await atStep?.('renamed');
    await moveSides(incoming, live, sides);
    await syncFolder(dirname(live));
    await atStep?.('synced');
    await check();
  } catch (error) {
    await putBack(swap, swapping);
    throw error instanceof Error && 'syscall' in error ? folderError(live, error) : error;
  }
  const done: SwapRecord = { ...swapping, phase: 'done' };
  await writeSwap(live, done);
  await atStep?.('done');
  return done;
}

/** Gives the live one its second name; where that cannot be, or for a folder, instead of the first. */
async function keep(live: string, outgoing: string): Promise<void> {
  if (!statSync(live).isDirectory()) {
    try {
      await link(live, outgoing);
      return;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'].includes(code)) throw error;
    }
  }
  await rename(live, outgoing);
}

/** Moves what belongs to a file to another name. What is there under that name is never written over. */
async function moveSides(from: string, to: string, sides: readonly string[]): Promise<void> {
  for (const side of sides) {
    if (!existsSync(`${from}${side}`)) continue;
    const target = freeName(to, `${basename(to)}${side}`);
    await rename(`${from}${side}`, beside(to, target));
  }
}

/**
 * Settles what a run that was killed left. `rolled-back`: the database is as before that run. `finish`: the new one is
 * live; what remains is to check it and to call `finishSwap`.
 */
export async function recoverSwap(swap: Swap): Promise<'nothing' | 'rolled-back' | 'finish'> {
  const { live, sides } = swap;
  const record = await readSwap(live);
  if (record === undefined || record.phase === 'done') return 'nothing';
  if (record.phase === 'swapping' && isSwapped(live, record)) {
    await moveSides(beside(live, record.incoming), live, sides);
    await syncFolder(dirname(live));
    return 'finish';
  }
  await putBack(swap, record);
  return 'rolled-back';
}

/** Whether the new one has the live name already. */
function isSwapped(live: string, record: SwapRecord): boolean {
  const now = inodeOf(live);
  return now !== null && now !== record.inode && !existsSync(beside(live, record.incoming));
}

/** Says that a swap which `recoverSwap` found is done. */
export async function finishSwap(live: string, record: SwapRecord): Promise<SwapRecord> {
  const done: SwapRecord = { ...record, phase: 'done' };
  await writeSwap(live, done);
  return done;
}

/** Makes everything as it was before the swap; from any place in it, and as often as one likes. */
export async function putBack({ live, sides }: Swap, record: SwapRecord): Promise<void> {
  const incoming = beside(live, record.incoming);
  const outgoing = beside(live, record.outgoing);
  if (record.phase === 'swapping') {
    const swapped = isSwapped(live, record);
    const now = inodeOf(live);
    if (swapped) {
      await moveSides(live, incoming, sides);
      await keep(live, incoming);
    } else if (now !== null && now !== record.inode && now !== inodeOf(incoming) && existsSync(outgoing)) {
      // Somebody found nothing under the name, and made a new one.
      await rename(live, beside(live, freeName(live, `${basename(live)}.made-meanwhile`)));
    }
    if (existsSync(outgoing)) {
      if (inodeOf(live) === inodeOf(outgoing)) await rm(outgoing);
      else await rename(outgoing, live);
    } else if (record.inode === null && inodeOf(live) !== null && inodeOf(live) === inodeOf(incoming)) {
      await rm(live);
    }
    await moveSides(outgoing, live, sides);
    await syncFolder(dirname(live));
  }
  if (record.kind === 'restore' && record.incoming.includes('.restoring-')) await removeAll(incoming, sides);
  if (record.previous === null) await forgetSwap(live);
  else await writeSwap(live, record.previous);
}

/** Removes a file or folder and what belongs to it. */
export async function removeAll(path: string, sides: readonly string[]): Promise<void> {
  for (const side of ['', ...sides]) await rm(`${path}${side}`, { recursive: true, force: true });
}
