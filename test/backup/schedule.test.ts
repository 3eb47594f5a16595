import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimTurn } from '../../src/backup/claim.js';
import type { DueSettings, ScheduledBackup } from '../../src/backup/due.js';
import { type Clock, runSchedule, type ScheduleWork, systemClock } from '../../src/backup/schedule.js';
import { describeProcess } from '../../src/database/process-lock.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = new Date('2026-11-20T12:00:00Z').getTime();

/** A day passes in no time; whoever sleeps moves it on, and the end comes when it is over. */
class FastClock implements Clock {
  wall = START;
  ticks = 0;
  readonly slept: number[] = [];
  readonly #end: AbortController;
  readonly #until: number;

  constructor(end: AbortController, until: number) {
    this.#end = end;
    this.#until = until;
  }

  now = () => new Date(this.wall);
  monotonic = () => this.ticks;

  sleep = async (ms: number) => {
    this.slept.push(ms);
    const passed = Math.max(1, ms);
    this.wall += passed;
    this.ticks += passed;
    if (this.ticks >= this.#until) this.#end.abort(new Error('the test is over'));
    await Promise.resolve();
  };
}

type Work = ScheduleWork<string, string, string>;

function setting(until: number, change: Partial<Work> = {}) {
  const end = new AbortController();
  const clock = new FastClock(end, until);
  const catalog: ScheduledBackup[] = [];
  const told: string[] = [];
  let atWork = 0;
  const work: Work = {
    look: async () => [...catalog],
    backUp: async () => {
      atWork += 1;
      expect(atWork, 'two at a time').toBe(1);
      await Promise.resolve();
      atWork -= 1;
      const id = `b${catalog.length + 1}`;
      catalog.push({ id, createdAt: clock.now(), provenAt: undefined });
      return id;
    },
    prune: async () => 'pruned',
    verify: async (id) => id,
    claim: async () => ({ release: async () => {} }),
    ...change,
  };
  const settings: DueSettings = {
    rhythm: { kind: 'interval', ms: 6 * HOUR },
    cleanupMs: DAY,
    verifyMs: undefined,
  };
  const run = (options: { once?: boolean; settings?: DueSettings } = {}) =>
    runSchedule(work, {
      settings,
      signal: end.signal,
      clock,
      onEvent: (event) => {
        if (event.type === 'failed')
          told.push(`${event.part} failed: ${event.error.message}, ${event.retryMs}`);
        else if (event.type === 'backup-made') told.push(`made ${event.backup}`);
        else if (event.type !== 'waiting') told.push(event.type);
      },
      ...options,
    });
  return { end, clock, catalog, told, work, settings, run };
}

test('a day at six hours: five backups, one pruning after the first, and no sleep above a minute', async () => {
  const { run, told, clock } = setting(DAY + MINUTE);
  expect(await run()).toEqual({ backups: 5, failures: 0 });
  expect(told).toEqual(['made b1', 'pruned', 'made b2', 'made b3', 'made b4', 'made b5', 'pruned']);
  expect(Math.max(...clock.slept)).toBeLessThanOrEqual(MINUTE);
});

test('started again and again, it makes none that is not due', async () => {
  const first = setting(HOUR);
  await first.run();
  const second = setting(HOUR);
  second.catalog.push(...first.catalog);
  second.clock.wall = first.clock.wall;
  expect(await second.run()).toEqual({ backups: 0, failures: 0 });
});

test('what fails is tried again later and later; nothing is pruned meanwhile; then all goes on', async () => {
  let tries = 0;
  const setup = setting(HOUR, { prune: async () => 'pruned' });
  const { backUp } = setup.work;
  setup.work.backUp = async (signal, failures) => {
    expect(failures).toBe(tries);
    tries += 1;
    if (tries <= 4) throw new Error(`no luck ${tries}`);
    return backUp(signal, failures);
  };
  expect(await setup.run()).toEqual({ backups: 1, failures: 4 });
  expect(setup.told).toEqual([
    'backup failed: no luck 1, 60000',
    'backup failed: no luck 2, 120000',
    'backup failed: no luck 3, 240000',
    'backup failed: no luck 4, 480000',
    'made b1',
    'pruned',
  ]);
  expect(setup.catalog[0]?.createdAt.getTime()).toBe(START + 15 * MINUTE);
});

test('a catalog that cannot be read makes no backup and no end: it is looked at again', async () => {
  let looks = 0;
  const setup = setting(10 * MINUTE);
  const { look } = setup.work;
  setup.work.look = async (signal) => {
    looks += 1;
    if (looks <= 3) throw new Error('away');
    return look(signal);
  };
  expect(await setup.run()).toEqual({ backups: 1, failures: 3 });
  expect(setup.told.slice(0, 4)).toEqual([...Array(3).fill('look failed: away, 60000'), 'made b1']);
});

test('what another made between looking and the turn counts', async () => {
  const setup = setting(10 * MINUTE);
  setup.work.claim = async () => {
    if (setup.catalog.length === 0)
      setup.catalog.push({ id: 'other', createdAt: setup.clock.now(), provenAt: undefined });
    return { release: async () => {} };
  };
  expect(await setup.run()).toMatchObject({ backups: 0, failures: 0 });
  expect(setup.told).toEqual(['pruned']);
});

test('a listener that throws, and a turn that cannot be given back, end nothing', async () => {
  const setup = setting(DAY, {
    claim: async () => ({ release: () => Promise.reject(new Error('gone')) }),
  });
  const ended = runSchedule(setup.work, {
    settings: setup.settings,
    signal: setup.end.signal,
    clock: setup.clock,
    onEvent: () => {
      throw new Error('a host that is badly written');
    },
  });
  expect(await ended).toMatchObject({ backups: 4, failures: 0 });
});

test('a proof that fails is told, and is due again with its next interval only', async () => {
  const setup = setting(3 * DAY, { verify: () => Promise.reject(new Error('two rows are missing')) });
  await setup.run({ settings: { ...setup.settings, verifyMs: DAY } });
  expect(setup.told.filter((line) => line.startsWith('verify'))).toEqual(
    Array(3).fill('verify failed: two rows are missing, undefined'),
  );
});

describe('once', () => {
  test('does all that is due and ends', async () => {
    const setup = setting(DAY);
    expect(await setup.run({ once: true, settings: { ...setup.settings, verifyMs: DAY } })).toEqual({
      backups: 1,
      failures: 0,
    });
    expect(setup.told).toEqual(['made b1', 'pruned', 'verified']);
    expect(setup.clock.slept).toEqual([]);
  });

  test('ends when something failed, or somebody else is at work', async () => {
    const failing = setting(DAY, { backUp: () => Promise.reject(new Error('no')) });
    expect(await failing.run({ once: true })).toEqual({ backups: 0, failures: 1 });
    const busy = setting(DAY, { claim: async () => undefined });
    expect(await busy.run({ once: true })).toEqual({ backups: 0, failures: 0 });
    expect(busy.told).toEqual(['busy']);
  });
});

test('a signal that comes during a backup ends it without a complaint', async () => {
  const setup = setting(DAY);
  setup.work.backUp = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('killed')), { once: true });
      setImmediate(() => setup.end.abort(new Error('SIGTERM')));
    });
  expect(await setup.run()).toEqual({ backups: 0, failures: 0 });
  expect(setup.told).toEqual([]);
});

test('the system’s clock wakes with the signal, and its timers are let go', async () => {
  const end = new AbortController();
  const began = performance.now();
  const sleeping = systemClock({ unref: true }).sleep(50_000, end.signal);
  end.abort();
  await sleeping;
  await systemClock({ unref: false }).sleep(50_000, end.signal);
  expect(performance.now() - began).toBeLessThan(5000);
});

describe('the turn of a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-turn-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('is one’s alone until it is given back', async () => {
    const mine = await claimTurn(folder);
    expect(mine).toBeDefined();
    expect(await claimTurn(folder)).toBeUndefined();
    await mine?.release();
    const next = await claimTurn(folder);
    expect(next).toBeDefined();
    await next?.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is never taken by two at once, however many ask', async () => {
    for (let round = 0; round < 20; round += 1) {
      const turns = (await Promise.all(Array.from({ length: 8 }, () => claimTurn(folder)))).filter(
        (turn) => turn !== undefined,
      );
      expect(turns.length).toBeLessThanOrEqual(1);
      for (const turn of turns) await turn.release();
    }
  });

  test('of a process of this machine that was killed is free at once', async () => {
    const holder = spawnSync(process.execPath, [
      '-e',
      `const { readFileSync, readlinkSync } = require('node:fs');
       const began = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() + ' ' +
         readFileSync('/proc/self/stat', 'utf8').replace(/^.*\\) /s, '').split(' ')[19];
       console.log(JSON.stringify({ pid: process.pid, host: require('node:os').hostname(), began, token: '',
         space: readlinkSync('/proc/self/ns/pid') }));`,
    ]);
    const left = join(folder, '.use-schedule-0123456789abcdef');
    const text = holder.stdout.toString();
    if (process.platform === 'linux') {
      await writeFile(left, text);
      const turn = await claimTurn(folder);
      expect(turn).toBeDefined();
      await turn?.release();
    }
    // Of another machine, of another container, of one that is alive, and of nobody who says so: it is waited for.
    const dead = text === '' ? {} : JSON.parse(text);
    for (const other of [
      JSON.stringify({ ...dead, host: 'elsewhere' }),
      JSON.stringify({ ...dead, space: 'pid:[1]' }),
      describeProcess(),
      '',
    ]) {
      await writeFile(left, other);
      expect(await claimTurn(folder)).toBeUndefined();
    }
  });

  test('of somebody who was killed lapses', async () => {
    const left = join(folder, '.use-schedule-0123456789abcdef');
    await writeFile(left, '');
    expect(await claimTurn(folder)).toBeUndefined();
    const old = new Date(Date.now() - 10 * MINUTE);
    await utimes(left, old, old);
    expect(await claimTurn(folder)).toBeDefined();
  });
});
