import { readCatalog } from '../../backup/catalog.js';
import { pruneBackups, sweepPartials } from '../../backup/prune-backups.js';
import type { BackupStore } from '../../backup/store/backup-store.js';
import { backupsInUse } from '../../backup/use-mark.js';
import { openDatabase } from '../../database/open-database.js';
import { TidemarkError } from '../../errors.js';
import { type BackupPlace, LOCAL, storesOf } from './backup-place.js';

export interface PruneBackupsOptions {
  /** Say what would go, delete nothing. */
  readonly dryRun?: boolean | undefined;
  /** Also where more than half of everything, and more than ten, would go at once. */
  readonly force?: boolean | undefined;
  /** The places; default all. */
  readonly places?: readonly string[] | undefined;
  readonly now?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What happened, or would happen, at one place. */
export interface PrunedPlace {
  readonly place: string;
  /** Newest first; every complete backup is here. */
  readonly decisions: readonly {
    readonly id: string;
    readonly createdAt: string;
    readonly keep: boolean;
    readonly reasons: readonly string[];
  }[];
  /** Leftovers of runs that were interrupted. */
  readonly swept: readonly string[];
  /** What should have gone, and the place does not give up (object lock). */
  readonly locked: readonly { readonly id: string; readonly problem: string }[];
}

export interface PrunedBackups {
  readonly dryRun: boolean;
  readonly places: readonly PrunedPlace[];
  /** Places at which nothing was decided; what was wrong is said. */
  readonly failed: readonly { readonly place: string; readonly error: TidemarkError }[];
}

const PARTIAL_AGE_MS = 24 * 3_600_000;

/**
 * Deletes what no rule keeps, place by place; a place that fails does not keep the others. Throws what
 * `retentionPolicy` does; what goes wrong at a place is in the result.
 */
export async function prunePlaces(
  place: BackupPlace,
  options: PruneBackupsOptions = {},
): Promise<PrunedBackups> {
  const { dryRun = false, force = false, signal, now = new Date() } = options;
  const stores = await storesOf(place, options.places);
  // Every policy is looked at before the first backup goes.
  const policies = stores.map(({ name }) => place.settings.retention(name));
  const inUse = await backupsInUse(place.path, now);
  const places: PrunedPlace[] = [];
  const failed: { place: string; error: TidemarkError }[] = [];
  for (const [at, store] of stores.entries()) {
    const policy = policies[at];
    if (policy === undefined) continue;
    try {
      const heads = await headsFor(place, store, signal);
      const run = { policy, now, heads, force, dryRun, inUse, signal };
      const { decisions, swept, locked } = await pruneBackups(store, place.folder, run);
      const before = new Date(now.getTime() - PARTIAL_AGE_MS);
      const partials = store.name === LOCAL && !dryRun ? await sweepPartials(place.path, before, inUse) : [];
      places.push({
        place: store.name,
        decisions: decisions.map(({ createdAt, ...decision }) => ({
          ...decision,
          createdAt: createdAt.toISOString(),
        })),
        swept: [...swept, ...partials],
        locked,
      });
    } catch (error) {
      if (!(error instanceof TidemarkError) || signal?.aborted) throw error;
      failed.push({ place: store.name, error });
    }
  }
  return { dryRun, places, failed };
}

/**
 * The error of a prune that did not go through everywhere; its exit code is the gravest. With `lockedIsFine` what a place
 * does not give up is none: a schedule on a host that may not delete is as it should be, and tells it in its event.
 */
export function pruneFailed(
  { places, failed: thrown }: PrunedBackups,
  { lockedIsFine = false }: { lockedIsFine?: boolean } = {},
): TidemarkError | undefined {
  const failed = [
    ...thrown,
    ...places
      .filter(({ locked }) => locked.length > 0 && !lockedIsFine)
      .map(({ place, locked }) => ({ place, error: pruneLocked(locked) })),
  ];
  const [first] = failed;
  if (first === undefined) return undefined;
  if (failed.length === 1) {
    const { code, message, hints, exitCode, details } = first.error;
    return new TidemarkError(code, `${first.place}: ${message}`, {
      hints,
      exitCode,
      details: { ...details, place: first.place },
      cause: first.error,
    });
  }
  return new TidemarkError(
    'prune-failed',
    failed.map(({ place, error }) => `${place}: ${error.message}`).join('; '),
    {
      hints: [...new Set(failed.flatMap(({ error }) => error.hints))],
      exitCode: failed.every(({ error }) => error.exitCode === 4) ? 4 : 1,
    },
  );
}

/** A prune that leaves what it should have deleted is not done, however rightly the place refuses. */
function pruneLocked(locked: PrunedPlace['locked']): TidemarkError {
  const [first] = locked;
  const ids = locked.map(({ id }) => id);
  return new TidemarkError(
    'prune-locked',
    `${ids.length === 1 ? `${ids[0]} should go and is` : `${ids.length} backups should go and are`} not given up: ${first?.problem}`,
    {
      hints: [
        'What else should go is gone. Let the retention of that destination keep backups as long as the place locks them.',
      ],
      details: { locked: ids },
    },
  );
}

/**
 * Where the database stands, if a backup made before a migration could depend on it. When it cannot be asked, every such
 * migration counts as the head: its backup stays.
 */
async function headsFor(
  { url, folder }: BackupPlace,
  store: BackupStore,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const catalog = await readCatalog([store], folder, signal);
  const before = catalog.flatMap(({ manifest }) =>
    manifest?.trigger.kind === 'pre-migration' && manifest.trigger.migration !== null
      ? [manifest.trigger.migration]
      : [],
  );
  if (before.length === 0) return [];
  try {
    const { readMigrations } = await import('../../backup/postgres/read-facts.js');
    const connection = await openDatabase(url, { missing: 'refuse' });
    try {
      return (await readMigrations(connection))?.heads ?? [];
    } finally {
      await connection.close();
    }
  } catch {
    return before;
  }
}
