import type { CatalogEntry } from '../../backup/catalog.js';
import type { BackupNumbers } from '../../backup/metrics.js';
import { isComplete, isPreRestore, readReachable } from '../../backup/reachable-catalog.js';
import type { BackupPlace } from './backup-place.js';

/** What this run adds to what the catalog says. */
export interface RunNumbers {
  readonly failures: number;
  readonly failedAt?: Date | undefined;
  readonly durationMs?: number | undefined;
}

/** Writes the numbers where the configuration wants them. Gives what went wrong; never throws: no backup fails for it. */
export async function writeNumbers(place: BackupPlace, run: RunNumbers): Promise<string | undefined> {
  const file = place.settings.metricsFile;
  if (file === undefined) return undefined;
  try {
    const { entries } = await readReachable([place.local], place.folder);
    const { writeMetrics } = await import('../../backup/metrics.js');
    await writeMetrics(file, backupNumbers(place.database, entries, run));
    return undefined;
  } catch (error) {
    return `the numbers could not be written: ${(error as Error).message}`;
  }
}

/** The numbers of a catalog. */
export function backupNumbers(
  database: string,
  entries: readonly CatalogEntry[],
  { failures, failedAt, durationMs }: RunNumbers,
): BackupNumbers {
  const complete = entries.filter(isComplete);
  const good = complete.filter((entry) => !isPreRestore(entry));
  const newest = good[0]?.manifest;
  const proven = good.flatMap(({ verified }) =>
    verified !== undefined && verified.level >= 3 ? [Date.parse(verified.at)] : [],
  );
  const places: Record<string, number> = {};
  for (const { places: there } of complete) {
    for (const { store, state } of there) if (state === 'complete') places[store] = (places[store] ?? 0) + 1;
  }
  return {
    database,
    lastSuccess: newest === undefined ? undefined : Date.parse(newest.createdAt),
    lastFailure: failedAt?.getTime(),
    failures,
    lastProven: proven.length === 0 ? undefined : Math.max(...proven),
    bytes: newest?.totals.bytes,
    rows: newest?.totals.rows,
    durationMs:
      durationMs ??
      (newest === undefined ? undefined : Date.parse(newest.finishedAt) - Date.parse(newest.startedAt)),
    complete: places,
  };
}
