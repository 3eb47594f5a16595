import type { CatalogEntry, Verified } from './catalog.js';
import { newestUntil, nextAfter, type Rhythm } from './due.js';
import type { UnfinishedBackup } from './leftovers.js';
import { isComplete, isPreRestore } from './reachable-catalog.js';

/** One backup in a status. */
export interface StatusBackup {
  readonly id: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly rows: number;
  /** The names of the places where it is whole. */
  readonly places: readonly string[];
  readonly verified: Verified | null;
}

/**
 * - `ok`: the newest backup is younger than the interval promises
 * - `due`: it is a little older: the next one is being made, or about to be
 * - `overdue`: the promise is broken
 * - `never`: there is no backup at all
 */
export type BackupVerdict = 'ok' | 'due' | 'overdue' | 'never';

export interface BackupStatus {
  readonly verdict: BackupVerdict;
  /** The newest complete one that no restore made of what it was about to replace. */
  readonly last: StatusBackup | null;
  /** The newest that was restored for proof. */
  readonly lastProven: StatusBackup | null;
  readonly nextDue: string;
  /** How long the next one is overdue, in milliseconds; 0 when it is not. */
  readonly overdueMs: number;
  readonly complete: number;
  /** Those that lie somewhere without being whole anywhere. */
  readonly incomplete: readonly string[];
  /** Being made right now. */
  readonly running: readonly string[];
  /** Begun by processes that are gone; pruning sweeps them. */
  readonly leftovers: readonly string[];
  /** What somebody should look at, as sentences without a full stop. */
  readonly problems: readonly string[];
}

/** A backup takes a while, and a watcher may look just then: a tenth of the interval, an hour at most. */
const GRACE_SHARE = 0.1;
const LONGEST_GRACE_MS = 3_600_000;

/** Judges the backups of a database by the interval that they are promised at. Pure. */
export function backupStatus(
  entries: readonly CatalogEntry[],
  unfinished: readonly UnfinishedBackup[],
  rhythm: Rhythm,
  now: Date,
): BackupStatus {
  const complete = entries
    .filter(isComplete)
    .map((entry) => ({ entry, createdAt: new Date(entry.manifest?.createdAt ?? 0) }));
  // A broken state that a restore put aside keeps no promise.
  const good = complete.filter(({ entry }) => !isPreRestore(entry));
  const last = newestUntil(good, now);
  const proven = newestUntil(
    good.filter(({ entry }) => (entry.verified?.level ?? 0) >= 3),
    now,
  );
  const nextDue = last === undefined ? now : nextAfter(rhythm, last.createdAt);
  const overdueMs = last === undefined ? 0 : Math.max(0, now.getTime() - nextDue.getTime());
  // Not from the last one on: one made by hand may lie right before a time of a cron expression.
  const interval = nextAfter(rhythm, nextDue).getTime() - nextDue.getTime();
  const grace = Math.min(LONGEST_GRACE_MS, interval * GRACE_SHARE);
  const future =
    complete.length - complete.filter(({ createdAt }) => newestUntil([{ createdAt }], now)).length;
  const incomplete = entries.filter((entry) => !isComplete(entry)).map(({ id }) => id);
  const leftovers = unfinished.filter(({ running }) => !running).map(({ id }) => id);
  return {
    verdict: last === undefined ? 'never' : overdueMs > grace ? 'overdue' : overdueMs > 0 ? 'due' : 'ok',
    last: last === undefined ? null : statusBackup(last.entry),
    lastProven: proven === undefined ? null : statusBackup(proven.entry),
    nextDue: nextDue.toISOString(),
    overdueMs,
    complete: complete.length,
    incomplete,
    running: unfinished.filter(({ running }) => running).map(({ id }) => id),
    leftovers,
    problems: [
      ...(future === 0
        ? []
        : [`${future} backup${future === 1 ? ' is' : 's are'} dated in the future: a clock was wrong`]),
      ...entries.flatMap(({ id, places }) =>
        places
          .filter(({ problem }) => problem !== undefined)
          .map(({ store, problem }) => `${id} at ${store}: ${problem}`),
      ),
    ],
  };
}

function statusBackup({ id, manifest, places, verified }: CatalogEntry): StatusBackup {
  return {
    id,
    createdAt: manifest?.createdAt ?? '',
    bytes: manifest?.totals.bytes ?? 0,
    rows: manifest?.totals.rows ?? 0,
    places: places.filter(({ state }) => state === 'complete').map(({ store }) => store),
    verified: verified ?? null,
  };
}
