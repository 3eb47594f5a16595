import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogEntry, readCatalog } from './catalog.js';
import { MANIFEST, markKey, partKey, readKey } from './layout.js';
import { type PruneDecision, type PruneOptions, planPrune } from './retention/plan-prune.js';
import { folderError } from './safe-files.js';
import type { BackupStore } from './store/backup-store.js';
import { isLocked } from './store/store-fault.js';

/** Leftovers younger than this may belong to somebody who is at work on another host. */
const LEFTOVER_AGE_MS = 24 * 3_600_000;

export interface PruneRun extends PruneOptions {
  readonly dryRun: boolean;
  /** Ids that somebody is working with. */
  readonly inUse: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

export interface PruneResult {
  readonly store: string;
  readonly decisions: readonly PruneDecision[];
  /** Incomplete backups, half-sent objects and forgotten marks that went, or would go. */
  readonly swept: readonly string[];
  /** What should have gone and did not: the place does not give it up (object lock). The others went. */
  readonly locked: readonly LockedBackup[];
}

export interface LockedBackup {
  readonly id: string;
  /** What the place said, in words. */
  readonly problem: string;
}

/**
 * Deletes the backups of a database at one place that no rule keeps, and what failed runs left behind. A backup stops
 * being one before its parts go: its manifest is deleted first, so that whatever interrupts it leaves no backup that
 * looks whole. Throws what `planPrune` and the store throw; then nothing was deleted that its decision does not name.
 */
export async function pruneBackups(store: BackupStore, folder: string, run: PruneRun): Promise<PruneResult> {
  const catalog = await readCatalog([store], folder, run.signal);
  const complete = catalog.filter((entry) => entry.places[0]?.state === 'complete');
  const decisions = planPrune(
    complete.map((entry) => retentionEntry(entry, run.inUse)),
    run,
  );
  const before = new Date(run.now.getTime() - LEFTOVER_AGE_MS);
  const isOld = ({ id }: CatalogEntry) => timeOfId(id) < before;
  const leftovers = catalog.filter(
    (entry) =>
      !complete.includes(entry) &&
      entry.places[0]?.newer !== true &&
      !run.inUse.has(entry.id) &&
      isOld(entry),
  );
  const going = decisions.filter(({ keep }) => !keep);
  if (run.dryRun) return { store: store.name, decisions, swept: leftovers.map(({ id }) => id), locked: [] };
  const locked: LockedBackup[] = [];
  for (const { id } of [...going, ...leftovers]) {
    run.signal?.throwIfAborted();
    try {
      await removeBackup(store, folder, id, run.signal);
    } catch (error) {
      if (!isLocked(error)) throw error;
      locked.push({ id, problem: error.message });
    }
  }
  const gone = leftovers.map(({ id }) => id).filter((id) => !locked.some((kept) => kept.id === id));
  const swept = await store.sweep(before, run.signal);
  return { store: store.name, decisions, swept: [...gone, ...swept], locked };
}

/** Deletes one backup, its manifest first and its marks last. Done again, it finishes. */
export async function removeBackup(
  store: BackupStore,
  folder: string,
  id: string,
  signal?: AbortSignal,
): Promise<void> {
  await store.remove(partKey(folder, id, MANIFEST), signal);
  for (const { key } of await store.list(partKey(folder, id, ''), signal)) {
    if (readKey(folder, key)?.part !== undefined) await store.remove(key, signal);
  }
  for (const { key } of await store.list(markKey(folder, id, ''), signal)) {
    if (readKey(folder, key)?.mark !== undefined) await store.remove(key, signal);
  }
}

/** Folders in which a backup was being made when its process ended; those older than `before`. */
export async function sweepPartials(
  databaseFolder: string,
  before: Date,
  inUse: ReadonlySet<string>,
): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const name of await readdir(databaseFolder).catch(() => [])) {
    const id = /^\.partial-(.+)$/.exec(name)?.[1];
    if (id === undefined || inUse.has(id)) continue;
    const path = join(databaseFolder, name);
    if ((await stat(path)).mtime >= before) continue;
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      throw folderError(path, error);
    });
    swept.push(name);
  }
  return swept;
}

function retentionEntry({ id, manifest, pinned, verified }: CatalogEntry, inUse: ReadonlySet<string>) {
  const before = manifest?.trigger.kind === 'pre-migration' ? manifest.trigger.migration : null;
  return {
    id,
    createdAt: manifest === undefined ? timeOfId(id) : new Date(manifest.createdAt),
    pinned,
    verified: verified?.level,
    inUse: inUse.has(id),
    beforeMigration: before ?? undefined,
    beforeRestore: manifest?.trigger.kind === 'pre-restore',
  };
}

/** The time that an id begins with. */
function timeOfId(id: string): Date {
  return new Date(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-.*$/, '$1-$2-$3T$4:$5:$6.$7Z'));
}
