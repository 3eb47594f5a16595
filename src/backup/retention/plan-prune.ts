import { TidemarkError } from '../../errors.js';
import { bucketOf, type Period } from './buckets.js';
import type { RetentionPolicy } from './policy.js';

/** A complete backup as retention sees it. Incomplete ones never come here: they neither count nor are kept. */
export interface RetentionEntry {
  readonly id: string;
  /** From its manifest, never from the file system. */
  readonly createdAt: Date;
  readonly pinned: boolean;
  /** The highest level that it was verified at and passed. */
  readonly verified: 0 | 1 | 2 | 3 | 4 | undefined;
  /** Being restored, verified or uploaded right now. */
  readonly inUse: boolean;
  /** The migration it was made before. */
  readonly beforeMigration: string | undefined;
  /** Made of what a restore was about to replace: it may be broken, and must not push good ones out. */
  readonly beforeRestore?: boolean | undefined;
}

/** What happens to one backup, and why. */
export interface PruneDecision {
  readonly id: string;
  readonly createdAt: Date;
  readonly keep: boolean;
  /** Plain words; of a backup that goes: one. */
  readonly reasons: readonly string[];
}

export interface PruneOptions {
  readonly policy: RetentionPolicy;
  readonly now: Date;
  /** The revisions that the database is at now. */
  readonly heads?: readonly string[] | undefined;
  /** Also deletes more than half of everything at once. */
  readonly force?: boolean | undefined;
}

const DAY_MS = 86_400_000;
/** A clock may be corrected by a little. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
const MANY = 10;

const PERIODS: readonly (readonly [keyof RetentionPolicy, Period, string])[] = [
  ['keepHourly', 'hour', 'hourly'],
  ['keepDaily', 'day', 'daily'],
  ['keepWeekly', 'week', 'weekly'],
  ['keepMonthly', 'month', 'monthly'],
  ['keepYearly', 'year', 'yearly'],
];

/**
 * Decides which backups of one database at one destination go. Pure. Gives the decisions newest first. Throws
 * TidemarkError with exit code 4: `clock-behind` when the clock stands before the newest backup, `prune-too-much`
 * when more than half, and more than ten, would go at once without `force`.
 */
export function planPrune(entries: readonly RetentionEntry[], options: PruneOptions): PruneDecision[] {
  const { policy, now } = options;
  const newestFirst = [...entries].sort(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1),
  );
  requireClock(newestFirst, now);
  const reasons = new Map<string, string[]>(newestFirst.map(({ id }) => [id, []]));
  const keep = (entry: RetentionEntry | undefined, reason: string) => {
    const known = entry === undefined ? undefined : reasons.get(entry.id);
    if (known?.includes(reason) === false) known.push(reason);
  };
  // What counts is counted twice: among all, and among those that no restore made.
  const good = newestFirst.filter(({ beforeRestore }) => beforeRestore !== true);
  keep(newestFirst[0], 'the newest');
  if (good[0] !== newestFirst[0]) keep(good[0], 'the newest that no restore made');
  keep(
    good.find(({ verified = 0 }) => verified >= 3),
    'the newest that was restored for proof',
  );
  for (const entry of newestFirst) {
    const age = (now.getTime() - entry.createdAt.getTime()) / DAY_MS;
    if (entry.pinned) keep(entry, 'pinned');
    if (entry.inUse) keep(entry, 'in use');
    if (age < 0) keep(entry, 'dated in the future');
    if (policy.keepDays !== 'off' && age <= policy.keepDays)
      keep(entry, `younger than ${policy.keepDays} days`);
    if (entry.beforeMigration === undefined) continue;
    if (age <= policy.preMigrationKeepDays)
      keep(entry, `made before a migration, ${policy.preMigrationKeepDays} days`);
    if (options.heads?.includes(entry.beforeMigration))
      keep(entry, `made before ${entry.beforeMigration}, which is the head`);
  }
  for (const list of [newestFirst, good]) {
    for (const entry of list.slice(0, policy.keepLast)) keep(entry, `one of the last ${policy.keepLast}`);
    const past = list.filter(({ createdAt }) => createdAt <= now);
    for (const [key, period, word] of PERIODS) {
      for (const [bucket, entry] of newestOfBuckets(past, period, Number(policy[key])))
        keep(entry, `${word}: ${bucket}`);
    }
    // Always the newest, not only as many as the other rules leave missing: a rule that keeps more must not let one go.
    for (const entry of list.slice(0, policy.minKeep))
      keep(entry, `one of the ${policy.minKeep} that always stay`);
  }
  const kept = newestFirst.filter(({ id }) => reasons.get(id)!.length > 0).length;
  const going = newestFirst.length - kept;
  if (options.force !== true && going > MANY && going * 2 > newestFirst.length)
    throw tooMuch(going, newestFirst.length);
  return newestFirst.map(({ id, createdAt }) => {
    const why = reasons.get(id)!;
    return why.length > 0
      ? { id, createdAt, keep: true, reasons: why }
      : { id, createdAt, keep: false, reasons: ['no rule keeps it'] };
  });
}

/** The newest of each of the last `count` buckets that have any. */
function newestOfBuckets(
  newestFirst: readonly RetentionEntry[],
  period: Period,
  count: number,
): [string, RetentionEntry][] {
  const buckets = new Map<string, RetentionEntry>();
  for (const entry of newestFirst) {
    const bucket = bucketOf(entry.createdAt, period);
    if (buckets.has(bucket)) continue;
    if (buckets.size === count) break;
    buckets.set(bucket, entry);
  }
  return [...buckets];
}

/** With a clock that fell back, everything looks young or everything old: nothing can be decided. */
function requireClock([newest]: readonly RetentionEntry[], now: Date): void {
  if (newest === undefined || newest.createdAt.getTime() - now.getTime() <= CLOCK_TOLERANCE_MS) return;
  throw new TidemarkError(
    'clock-behind',
    `the clock says ${now.toISOString()}, but the newest backup was made at ${newest.createdAt.toISOString()}`,
    { exitCode: 4, hints: ["Correct this machine's clock. Nothing was deleted."] },
  );
}

function tooMuch(going: number, all: number): TidemarkError {
  return new TidemarkError('prune-too-much', `${going} of ${all} backups would be deleted at once`, {
    exitCode: 4,
    hints: [
      'Look at "tidemark backup prune --dry-run"; if that is what you want, add --force. Nothing was deleted.',
    ],
  });
}
