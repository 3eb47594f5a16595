import { Cron } from 'croner';
import { TidemarkError } from '../errors.js';

/** When backups are due: so long after the one before, or at the times of a cron expression in UTC. */
export type Rhythm =
  | { readonly kind: 'interval'; readonly ms: number }
  | { readonly kind: 'cron'; readonly expression: string };

/** What a schedule is asked to do. Milliseconds. */
export interface DueSettings {
  readonly rhythm: Rhythm;
  readonly cleanupMs: number;
  /** Undefined: nothing is restored for proof. */
  readonly verifyMs: number | undefined;
}

/** A backup as the schedule sees it. Incomplete ones never come here. */
export interface ScheduledBackup {
  readonly id: string;
  readonly createdAt: Date;
  /** When it was last restored for proof (level 3 or more). */
  readonly provenAt: Date | undefined;
}

/**
 * What this process did before. Durations of the monotonic clock, which no correction of the wall clock changes;
 * undefined for never. What other processes did is in the catalog.
 */
export interface Since {
  /** Failed backups since the last good one. */
  readonly failures: number;
  readonly failureMs: number | undefined;
  readonly cleanupMs: number | undefined;
  readonly verifyMs: number | undefined;
}

export interface Due {
  /** When the next backup is due; in the past or now when it is due already. */
  readonly backupAt: Date;
  readonly backup: boolean;
  /** Old ones may go: only while the newest backup is not overdue itself and the last attempt was good. */
  readonly cleanup: boolean;
  /** The backup to restore for proof. */
  readonly verify: string | undefined;
  /** How long to sleep at most until something can be due, in milliseconds. */
  readonly waitMs: number;
}

/** A clock may be corrected by a little. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** The last moment that a Date can hold. */
const END_OF_TIME = new Date(8.64e15);
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;
/** Never longer, so that a machine that slept and a clock that was set are noticed soon. */
export const TICK_MS = 60_000;

/**
 * Decides what is due. Pure: restarts and replicas that see the same catalog decide the same. A backup dated in the
 * future, by a clock that was wrong, does not put the next one off.
 */
export function whatIsDue(
  backups: readonly ScheduledBackup[],
  settings: DueSettings,
  since: Since,
  now: Date,
): Due {
  const newest = newestUntil(backups, now);
  const backupAt = newest === undefined ? now : nextAfter(settings.rhythm, newest.createdAt);
  const overdue = backupAt.getTime() <= now.getTime();
  const retryMs =
    since.failures > 0 ? retryDelay(since.failures, settings.rhythm) - (since.failureMs ?? 0) : 0;
  const backup = overdue && retryMs <= 0;
  const settled = newest !== undefined && !overdue && since.failures === 0;
  const cleanup = settled && isPast(since.cleanupMs, settings.cleanupMs);
  const verify =
    settled && settings.verifyMs !== undefined && verifyDue(backups, settings.verifyMs, since, now)
      ? newest.id
      : undefined;
  const untilBackup = overdue ? retryMs : backupAt.getTime() - now.getTime();
  const waitMs = Math.max(0, Math.min(TICK_MS, backup || cleanup || verify !== undefined ? 0 : untilBackup));
  return { backupAt, backup, cleanup, verify, waitMs };
}

/** The newest that is not dated in the future. */
export function newestUntil<T extends { readonly createdAt: Date }>(
  backups: readonly T[],
  now: Date,
): T | undefined {
  const latest = now.getTime() + CLOCK_TOLERANCE_MS;
  return backups
    .filter(({ createdAt }) => createdAt.getTime() <= latest)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
}

/** When the backup after one made at `from` is due. */
export function nextAfter(rhythm: Rhythm, from: Date): Date {
  if (rhythm.kind === 'interval')
    return new Date(Math.min(from.getTime() + rhythm.ms, END_OF_TIME.getTime()));
  if (from.getTime() === END_OF_TIME.getTime()) return END_OF_TIME;
  // An expression that never comes again (a year that is over) leaves nothing due.
  return parseCron(rhythm.expression).nextRun(from) ?? END_OF_TIME;
}

/** How long until the next try after so many failures in a row: doubled each time, an hour or the interval at most. */
export function retryDelay(failures: number, rhythm: Rhythm): number {
  const longest = rhythm.kind === 'interval' ? Math.min(LONGEST_RETRY_MS, rhythm.ms) : LONGEST_RETRY_MS;
  return Math.min(longest, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
}

/** Throws TidemarkError (`cron-invalid`, exit code 2) for what is no cron expression, or one that never comes. */
export function requireCron(expression: string, source: string): void {
  let problem = 'it never comes';
  try {
    if (parseCron(expression).nextRun() !== null) return;
  } catch (error) {
    problem = (error as Error).message.replace(/^CronPattern: /, '');
  }
  throw new TidemarkError('cron-invalid', `${source} is no cron expression that can be used: ${problem}`, {
    exitCode: 2,
    hints: ['Minute, hour, day, month, day of the week, in UTC: "0 3 * * *" is every day at three.'],
  });
}

function parseCron(expression: string): Cron {
  return new Cron(expression, { timezone: 'UTC', paused: true });
}

function verifyDue(
  backups: readonly ScheduledBackup[],
  everyMs: number,
  { verifyMs }: Since,
  now: Date,
): boolean {
  // One that failed is not tried again with every tick.
  if (!isPast(verifyMs, everyMs)) return false;
  const times = backups.flatMap(({ provenAt }) => (provenAt === undefined ? [] : [provenAt.getTime()]));
  const past = times.filter((time) => time <= now.getTime() + CLOCK_TOLERANCE_MS);
  return past.length === 0 || now.getTime() - Math.max(...past) >= everyMs;
}

function isPast(sinceMs: number | undefined, everyMs: number): boolean {
  return sinceMs === undefined || sinceMs >= everyMs;
}
