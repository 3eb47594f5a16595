import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../../src/backup/retention/buckets.js';
import { planPrune, type RetentionEntry } from '../../../src/backup/retention/plan-prune.js';
import {
  DEFAULT_RETENTION,
  type RetentionPolicy,
  type RetentionSettings,
  retentionPolicy,
} from '../../../src/backup/retention/policy.js';

const NOW = new Date('2026-11-20T14:00:00.000Z');
const DAY = 86_400_000;

function entry(age: number, more: Partial<RetentionEntry> = {}): RetentionEntry {
  return {
    id: `b${age}`,
    createdAt: new Date(NOW.getTime() - age * DAY),
    pinned: false,
    verified: undefined,
    inUse: false,
    beforeMigration: undefined,
    ...more,
  };
}

const NOTHING: RetentionSettings = { keepDays: 'off', minKeep: 1, preMigrationKeepDays: 0 };
const kept = (
  entries: readonly RetentionEntry[],
  settings: RetentionSettings,
  heads: string[] = [],
): string =>
  planPrune(entries, { policy: retentionPolicy(settings, 'test'), now: NOW, heads, force: true })
    .filter(({ keep }) => keep)
    .map(({ id }) => id)
    .join(' ');
const ages = (...list: number[]) => list.map((age) => entry(age));

describe('what stays', () => {
  test.each<[string, RetentionEntry[], RetentionSettings, string]>([
    ['by age', ages(1, 29, 30, 31, 90), { minKeep: 1 }, 'b1 b29 b30'],
    ['the newest, whatever its age', ages(400, 500), NOTHING, 'b400'],
    ['a least number, whatever their age', ages(100, 200, 300, 400), { minKeep: 3 }, 'b100 b200 b300'],
    ['the last few', ages(1, 2, 3, 4), { ...NOTHING, keepLast: 2 }, 'b1 b2'],
    ['one a day', ages(0, 0.1, 1, 1.1, 2, 9), { ...NOTHING, keepDaily: 3 }, 'b0 b1 b2'],
    ['days without a backup do not count', ages(0, 40, 80, 120), { ...NOTHING, keepDaily: 3 }, 'b0 b40 b80'],
    ['one a week', ages(0, 1, 7, 8, 14), { ...NOTHING, keepWeekly: 2 }, 'b0 b7'],
    ['one a month', ages(0, 19, 20, 25, 51), { ...NOTHING, keepMonthly: 2 }, 'b0 b20'],
    ['one a year', ages(0, 300, 330, 700), { ...NOTHING, keepYearly: 2 }, 'b0 b330'],
    ['one an hour', ages(0, 0.01, 0.05, 1), { ...NOTHING, keepHourly: 2 }, 'b0 b0.01'],
    ['what is pinned', [...ages(1), entry(900, { pinned: true })], NOTHING, 'b1 b900'],
    ['what is in use', [...ages(1), entry(900, { inUse: true })], NOTHING, 'b1 b900'],
    [
      'the newest proven one',
      [...ages(1), entry(50, { verified: 2 }), entry(60, { verified: 3 }), entry(70, { verified: 4 })],
      NOTHING,
      'b1 b60',
    ],
  ])('%s', (_, entries, settings, expected) => {
    expect(kept(entries, settings)).toBe(expected);
  });

  test('one made before a migration stays for days, and for as long as that migration is the head', () => {
    const entries = [...ages(1), entry(5, { beforeMigration: 'r5' }), entry(50, { beforeMigration: 'r1' })];
    expect(kept(entries, { ...NOTHING, preMigrationKeepDays: 7 })).toBe('b1 b5');
    expect(kept(entries, NOTHING, ['r1'])).toBe('b1 b50');
  });

  test('what restores put aside counts, and pushes no good one out', () => {
    const aside = [0, 0.1, 0.2].map((age) => entry(age, { beforeRestore: true, verified: 3 }));
    const good = [entry(1), entry(1.1), entry(60, { verified: 3 })];
    const entries = [...aside, ...good];
    expect(kept(entries, NOTHING)).toBe('b0 b1 b60');
    expect(kept(entries, { ...NOTHING, minKeep: 2 })).toBe('b0 b0.1 b1 b1.1 b60');
    expect(kept(entries, { ...NOTHING, keepLast: 2 })).toBe('b0 b0.1 b1 b1.1 b60');
    expect(kept([...aside, entry(0.3), entry(1)], { ...NOTHING, keepDaily: 1 })).toBe('b0 b0.3');
    const [newest, , , first] = planPrune(entries, { policy: retentionPolicy(NOTHING, 'test'), now: NOW });
    expect(newest?.reasons[0]).toBe('the newest');
    expect(first?.reasons[0]).toBe('the newest that no restore made');
  });

  test('every decision has its reasons', () => {
    const [first, second] = planPrune(ages(1, 400), {
      policy: retentionPolicy({ minKeep: 1 }, 'test'),
      now: NOW,
    });
    expect(first).toMatchObject({
      keep: true,
      reasons: ['the newest', 'younger than 30 days', 'one of the 1 that always stay'],
    });
    expect(second).toMatchObject({ keep: false, reasons: ['no rule keeps it'] });
  });
});

describe('what is refused', () => {
  test('a clock that fell back', () => {
    expect(() => planPrune(ages(-1, 400), { policy: DEFAULT_RETENTION, now: NOW })).toThrow(
      expect.objectContaining({ code: 'clock-behind', exitCode: 4 }),
    );
    expect(kept([entry(-0.001), ...ages(400)], NOTHING)).toBe('b-0.001');
  });

  test('deleting most of everything without being told to', () => {
    const policy = retentionPolicy(NOTHING, 'test');
    const many = ages(...Array.from({ length: 12 }, (_, at) => at + 100));
    expect(() => planPrune(many, { policy, now: NOW })).toThrow(
      expect.objectContaining({ code: 'prune-too-much', exitCode: 4 }),
    );
    expect(planPrune(many, { policy, now: NOW, force: true }).filter(({ keep }) => !keep)).toHaveLength(11);
    expect(planPrune(many.slice(0, 11), { policy, now: NOW }).filter(({ keep }) => !keep)).toHaveLength(10);
  });

  test.each<[RetentionSettings]>([
    [{ keepDays: 0 }],
    [{ keepDays: -1 }],
    [{ keepDays: Number.NaN }],
    [{ minKeep: 0 }],
    [{ minKeep: 1.5 }],
    [{ keepDaily: -1 }],
    [{ keepLast: Number.POSITIVE_INFINITY }],
  ])('%j', (settings) => {
    expect(() => retentionPolicy(settings, '--keep')).toThrow(
      expect.objectContaining({
        code: 'retention-invalid',
        exitCode: 2,
        message: expect.stringContaining('--keep'),
      }),
    );
  });
});

describe('weeks', () => {
  test.each([
    ['2026-11-20', '2026-W47'],
    ['2027-01-01', '2026-W53'],
    ['2024-12-30', '2025-W01'],
    ['2023-01-01', '2022-W52'],
  ])('%s is in %s', (day, week) => {
    expect(bucketOf(new Date(`${day}T23:59:59.999Z`), 'week')).toBe(week);
  });
});

const entries: fc.Arbitrary<RetentionEntry[]> = fc
  .uniqueArray(fc.integer({ min: 0, max: 3_000 }), { maxLength: 40 })
  .chain((hours) =>
    fc.tuple(
      ...hours.map((hour) =>
        fc.record({
          id: fc.constant(`b${hour}`),
          createdAt: fc.constant(new Date(NOW.getTime() - hour * 3_600_000)),
          pinned: fc.integer({ min: 0, max: 9 }).map((at) => at === 0),
          verified: fc.constantFrom(undefined, undefined, 1 as const, 3 as const),
          inUse: fc.integer({ min: 0, max: 9 }).map((at) => at === 0),
          beforeMigration: fc.constantFrom(undefined, undefined, 'r1', 'r2'),
        }),
      ),
    ),
  );
const small = fc.integer({ min: 0, max: 6 });
const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  keepDays: fc.oneof(fc.constant('off' as const), fc.integer({ min: 1, max: 120 })),
  minKeep: fc.integer({ min: 1, max: 8 }),
  keepLast: small,
  keepHourly: small,
  keepDaily: small,
  keepWeekly: small,
  keepMonthly: small,
  keepYearly: small,
  preMigrationKeepDays: small,
});
const goes = (list: readonly RetentionEntry[], policy: RetentionPolicy, now = NOW): Set<string> =>
  new Set(
    planPrune(list, { policy, now, heads: ['r1'], force: true })
      .filter(({ keep }) => !keep)
      .map(({ id }) => id),
  );

describe('whatever the policy', () => {
  test('the newest stays, and enough stay', () => {
    fc.assert(
      fc.property(entries, policies, (list, policy) => {
        const gone = goes(list, policy);
        const newest = [...list].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
        if (newest !== undefined) expect(gone.has(newest.id)).toBe(false);
        expect(list.length - gone.size).toBeGreaterThanOrEqual(Math.min(policy.minKeep, list.length));
        for (const { id, pinned, inUse } of list) if (pinned || inUse) expect(gone.has(id)).toBe(false);
      }),
    );
  });

  test('keeping more never deletes one more', () => {
    const knobs = Object.keys(DEFAULT_RETENTION) as (keyof RetentionPolicy)[];
    fc.assert(
      fc.property(entries, policies, fc.constantFrom(...knobs), (list, policy, knob) => {
        const value = policy[knob];
        const more = { ...policy, [knob]: value === 'off' ? 1 : value + 1 };
        const before = goes(list, policy);
        for (const id of goes(list, more)) expect(before.has(id)).toBe(true);
      }),
    );
  });

  test('the order of the list does not matter, and a second run finds nothing', () => {
    fc.assert(
      fc.property(entries, policies, (list, policy) => {
        const gone = goes(list, policy);
        expect(goes([...list].reverse(), policy)).toEqual(gone);
        expect(
          goes(
            list.filter(({ id }) => !gone.has(id)),
            policy,
          ).size,
        ).toBe(0);
      }),
    );
  });
});
