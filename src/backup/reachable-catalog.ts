import { TidemarkError } from '../errors.js';
import { isAborted } from '../migrations/abort.js';
import { bestOf, type CatalogEntry, readCatalog } from './catalog.js';
import type { BackupStore } from './store/backup-store.js';

/** The catalog as far as it could be read. Enough to look at; never enough to delete by. */
export interface ReachableCatalog {
  /** Newest first. */
  readonly entries: readonly CatalogEntry[];
  readonly unreachable: readonly { readonly store: string; readonly message: string }[];
}

/** Reads what each place has, and says which could not be asked: a bucket that is away must not hide the folder. */
export async function readReachable(
  stores: readonly BackupStore[],
  folder: string,
  signal?: AbortSignal,
): Promise<ReachableCatalog> {
  const found = new Map<string, CatalogEntry>();
  const unreachable: { store: string; message: string }[] = [];
  for (const store of stores) {
    try {
      for (const entry of await readCatalog([store], folder, signal)) {
        const known = found.get(entry.id);
        found.set(entry.id, known === undefined ? entry : merged(known, entry));
      }
    } catch (error) {
      if (!(error instanceof TidemarkError) || isAborted(error) || signal?.aborted) throw error;
      unreachable.push({ store: store.name, message: error.message });
    }
  }
  return { entries: [...found.values()].sort((a, b) => (a.id < b.id ? 1 : -1)), unreachable };
}

function merged(a: CatalogEntry, b: CatalogEntry): CatalogEntry {
  return {
    id: a.id,
    manifest: a.manifest ?? b.manifest,
    places: [...a.places, ...b.places],
    pinned: a.pinned || b.pinned,
    verified: bestOf([a.verified, b.verified]),
  };
}

/**
 * True for what a restore backed up before it replaced it: most likely the broken state. It is kept and can be restored
 * by its id, and is never taken for a good backup.
 */
export function isPreRestore({ manifest }: Pick<CatalogEntry, 'manifest'>): boolean {
  return manifest?.trigger.kind === 'pre-restore';
}

/** True when it is whole somewhere. */
export function isComplete({ places }: CatalogEntry): boolean {
  return places.some(({ state }) => state === 'complete');
}
