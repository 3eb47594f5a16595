import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DueSettings,
  nextAfter,
  requireCron,
  retryDelay,
  type ScheduledBackup,
  type Since,
  TICK_MS,
  whatIsDue,
} from '../../src/backup/due.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
const NOW = new Date('2026-11-20T12:00:00Z');

const settings: DueSettings = { rhythm: { kind: 'interval', ms: DAY }, cleanupMs: DAY, verifyMs: undefined };
const never: Since = { failures: 0, failureMs: undefined, cleanupMs: undefined, verifyMs: undefined };
const backup = (ageMs: number, provenAgoMs?: number): ScheduledBackup => ({
  id: `backup-${ageMs}`,
  createdAt: new Date(NOW.getTime() - ageMs),
  provenAt: provenAgoMs === undefined ? undefined : new Date(NOW.getTime() - provenAgoMs),
});
const at = (ms: number) => new Date(NOW.getTime() + ms);

describe('a backup', () => {
  test('is due at once where there is none', () => {
    expect(whatIsDue([], settings, never, NOW)).toEqual({
      backupAt: NOW,
      backup: true,
      cleanup: false,
      verify: undefined,
      waitMs: 0,
    });
  });

  test('is due one interval after the newest, whoever made it and in whatever order they come', () => {
    const backups = [backup(3 * DAY), backup(DAY - 1), backup(2 * DAY)];
    const since = { ...never, cleanupMs: 0 };
    expect(whatIsDue(backups, settings, since, NOW)).toMatchObject({
      backup: false,
      backupAt: at(1),
      waitMs: 1,
    });
    expect(whatIsDue(backups, settings, since, at(1))).toMatchObject({ backup: true, waitMs: 0 });
  });

  test('is waited for in short sleeps, far below what a timer can hold', () => {
    const century: DueSettings = { ...settings, rhythm: { kind: 'interval', ms: 100 * YEAR } };
    expect(whatIsDue([backup(0)], century, { ...never, cleanupMs: 0 }, NOW).waitMs).toBe(TICK_MS);
  });
});

describe('a clock', () => {
  const since = { ...never, cleanupMs: 0 };

  test('that goes back an hour puts the next one off by an hour, not more', () => {
    const due = whatIsDue([backup(HOUR)], settings, since, at(-HOUR));
    expect(due).toMatchObject({ backup: false, backupAt: at(DAY - HOUR) });
  });

  test('that goes back two years does not wait two years: what is dated in the future is not looked at', () => {
    expect(whatIsDue([backup(HOUR)], settings, since, at(-2 * YEAR))).toMatchObject({ backup: true });
    const older = backup(2 * YEAR + HOUR);
    expect(whatIsDue([backup(HOUR), older], settings, since, at(-2 * YEAR))).toMatchObject({
      backup: false,
      backupAt: at(-2 * YEAR + DAY - HOUR),
    });
  });

  test('that goes forward ten years makes one due, and once it is right again they go on', () => {
    expect(whatIsDue([backup(0)], settings, since, at(10 * YEAR))).toMatchObject({ backup: true });
    const fromThen = backup(-10 * YEAR);
    expect(whatIsDue([fromThen, backup(HOUR)], settings, since, NOW)).toMatchObject({
      backup: false,
      backupAt: at(DAY - HOUR),
    });
    expect(whatIsDue([fromThen, backup(DAY)], settings, since, NOW)).toMatchObject({ backup: true });
  });

  test('that is corrected by a little changes nothing', () => {
    expect(whatIsDue([backup(-60_000)], settings, since, NOW)).toMatchObject({ backup: false });
  });

  test('that sleeps past the time wakes to a backup that is due', () => {
    expect(whatIsDue([backup(5 * DAY)], settings, since, NOW)).toMatchObject({ backup: true, waitMs: 0 });
  });
});

describe('after a failure', () => {
  test('it is tried again later and later, within the hour, and never more seldom than the interval', () => {
    const delays = [1, 2, 3, 6, 7, 50, 5000].map((count) => retryDelay(count, settings.rhythm) / 60_000);
    expect(delays).toEqual([1, 2, 4, 32, 60, 60, 60]);
    expect(retryDelay(1, { kind: 'interval', ms: 5000 })).toBe(5000);
  });

  test('the time goes by the monotonic clock: setting the other neither hurries nor stops it', () => {
    const failed: Since = { ...never, failures: 2, failureMs: 90_000 };
    for (const now of [NOW, at(-2 * YEAR), at(10 * YEAR)]) {
      expect(whatIsDue([], settings, failed, now)).toMatchObject({ backup: false, waitMs: 30_000 });
      expect(whatIsDue([], settings, { ...failed, failureMs: 120_000 }, now)).toMatchObject({ backup: true });
    }
  });

  test('nothing is pruned, and nothing proven', () => {
    const failed: Since = { ...never, failures: 1, failureMs: 0 };
    const due = whatIsDue([backup(2 * DAY)], { ...settings, verifyMs: HOUR }, failed, NOW);
    expect(due).toMatchObject({ backup: false, cleanup: false, verify: undefined });
  });
});

describe('pruning', () => {
  test('comes after a good backup of this interval alone', () => {
    expect(whatIsDue([backup(HOUR)], settings, never, NOW).cleanup).toBe(true);
    expect(whatIsDue([backup(2 * DAY)], settings, never, NOW).cleanup).toBe(false);
    expect(whatIsDue([], settings, never, NOW).cleanup).toBe(false);
    expect(whatIsDue([backup(-YEAR)], settings, never, NOW).cleanup).toBe(false);
  });

  test('comes once in its interval', () => {
    const pruned = (cleanupMs: number) =>
      whatIsDue([backup(HOUR)], settings, { ...never, cleanupMs }, NOW).cleanup;
    expect([pruned(0), pruned(DAY - 1), pruned(DAY)]).toEqual([false, false, true]);
  });
});

describe('a proof', () => {
  const weekly: DueSettings = { ...settings, verifyMs: 7 * DAY };
  const since: Since = { ...never, cleanupMs: 0 };

  test('is due when no backup was restored in its interval, and takes the newest', () => {
    const backups = [backup(HOUR), backup(8 * DAY, 6 * DAY)];
    expect(whatIsDue(backups, weekly, since, NOW).verify).toBeUndefined();
    expect(whatIsDue(backups, weekly, since, at(DAY)).verify).toBeUndefined();
    expect(whatIsDue([backup(HOUR), backup(9 * DAY, 8 * DAY)], weekly, since, NOW).verify).toBe(
      `backup-${HOUR}`,
    );
    expect(whatIsDue([backup(HOUR)], settings, since, NOW).verify).toBeUndefined();
  });

  test('that failed is not tried again with every tick', () => {
    expect(whatIsDue([backup(HOUR)], weekly, { ...since, verifyMs: HOUR }, NOW).verify).toBeUndefined();
    expect(whatIsDue([backup(HOUR)], weekly, { ...since, verifyMs: 7 * DAY }, NOW).verify).toBeDefined();
  });
});

describe('a cron expression', () => {
  const cron = (expression: string, from: string) =>
    nextAfter({ kind: 'cron', expression }, new Date(from)).toISOString();

  test('is of UTC, whatever the zone and its summer time', () => {
    const zone = process.env.TZ;
    try {
      for (const TZ of ['UTC', 'Europe/Berlin', 'Pacific/Kiritimati']) {
        process.env.TZ = TZ;
        // The nights in which Europe's clocks change.
        expect(cron('30 2 * * *', '2026-03-29T00:00:00Z')).toBe('2026-03-29T02:30:00.000Z');
        expect(cron('30 2 * * *', '2026-10-25T02:30:00Z')).toBe('2026-10-26T02:30:00.000Z');
        expect(cron('30 2 * * *', '2026-10-25T02:30:01.5Z')).toBe('2026-10-26T02:30:00.000Z');
      }
    } finally {
      process.env.TZ = zone;
      if (zone === undefined) delete process.env.TZ;
    }
  });

  test('makes one due after each of its times, once', () => {
    const daily: DueSettings = { ...settings, rhythm: { kind: 'cron', expression: '0 3 * * *' } };
    const made = (iso: string): ScheduledBackup => ({
      id: iso,
      createdAt: new Date(iso),
      provenAt: undefined,
    });
    const due = (iso: string, now: string) => whatIsDue([made(iso)], daily, never, new Date(now)).backup;
    expect(due('2026-11-20T03:00:00.200Z', '2026-11-20T12:00:00Z')).toBe(false);
    expect(due('2026-11-20T03:00:00.200Z', '2026-11-21T02:59:59Z')).toBe(false);
    expect(due('2026-11-20T03:00:00.200Z', '2026-11-21T03:00:00Z')).toBe(true);
    expect(due('2026-11-20T11:00:00Z', '2026-11-21T03:00:00Z')).toBe(true);
  });

  test('that is none, or never comes, is refused in words', () => {
    for (const expression of ['', 'daily', '61 * * * *', '0 0 30 2 *'])
      expect(() => requireCron(expression, '--cron'), expression).toThrow(/^--cron is no cron expression/);
    expect(() => requireCron('0 3 * * *', '--cron')).not.toThrow();
  });
});

test('whatever the clock and the catalog: it sleeps a minute at most, and never prunes or proves while a backup is due', () => {
  const age = fc.integer({ min: -20 * YEAR, max: 20 * YEAR });
  const ago = fc.option(fc.integer({ min: 0, max: YEAR }), { nil: undefined });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(age, ago)),
      fc.record({
        failures: fc.integer({ min: 0, max: 100 }),
        failureMs: ago,
        cleanupMs: ago,
        verifyMs: ago,
      }),
      fc.integer({ min: 1000, max: YEAR }),
      (ages, since, ms) => {
        const every: DueSettings = { rhythm: { kind: 'interval', ms }, cleanupMs: DAY, verifyMs: DAY };
        const backups = ages.map(([old, proven]) => backup(old, proven));
        const due = whatIsDue(backups, every, since, NOW);
        expect(due.waitMs).toBeGreaterThanOrEqual(0);
        expect(due.waitMs).toBeLessThanOrEqual(TICK_MS);
        if (due.backupAt <= NOW) expect([due.cleanup, due.verify]).toEqual([false, undefined]);
        expect(whatIsDue(backups.toReversed(), every, since, NOW).backupAt).toEqual(due.backupAt);
      },
    ),
  );
});
