import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backupStatus } from '../../src/backup/backup-status.js';
import type { CatalogEntry } from '../../src/backup/catalog.js';
import { ping, runHook } from '../../src/backup/hooks.js';
import { renderMetrics, writeMetrics } from '../../src/backup/metrics.js';
import { sampleManifest } from './support/sample-manifest.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-20T12:00:00Z');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-watch-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a status', () => {
  const entry = (agoMs: number, change: Partial<CatalogEntry> = {}): CatalogEntry => {
    const createdAt = new Date(NOW.getTime() - agoMs).toISOString();
    const id = `${createdAt.replace(/[-:.]/g, '')}-aaaaaa`;
    return {
      id,
      manifest: sampleManifest({ id, createdAt }),
      places: [
        {
          store: 'local',
          state: 'complete',
          problem: undefined,
          bytes: 1,
          pinned: false,
          verified: undefined,
        },
      ],
      pinned: false,
      verified: undefined,
      ...change,
    };
  };
  const daily = { kind: 'interval', ms: DAY } as const;
  const verdict = (...entries: CatalogEntry[]) => backupStatus(entries, [], daily, NOW).verdict;

  test('is ok, due, overdue, never: by the newest that is complete', () => {
    expect(verdict()).toBe('never');
    expect(verdict(entry(DAY - 1))).toBe('ok');
    expect(verdict(entry(DAY + HOUR / 2))).toBe('due');
    expect(verdict(entry(DAY + 2 * HOUR))).toBe('overdue');
    const broken = {
      store: 'local',
      state: 'incomplete',
      problem: 'x',
      bytes: 1,
      pinned: false,
      verified: undefined,
    } as const;
    expect(verdict(entry(HOUR, { places: [broken] }))).toBe('never');
    expect(verdict(entry(HOUR, { places: [broken] }), entry(2 * DAY))).toBe('overdue');
    expect(backupStatus([entry(HOUR)], [], { kind: 'cron', expression: '30 11 * * *' }, NOW)).toMatchObject({
      verdict: 'due',
      nextDue: '2026-11-20T11:30:00.000Z',
    });
  });

  test('is not soothed by the broken state that a restore put aside', () => {
    const aside = (agoMs: number) => {
      const { id, manifest, ...rest } = entry(agoMs, { verified: { level: 3, at: NOW.toISOString() } });
      return {
        ...rest,
        id,
        manifest: sampleManifest({ ...manifest, trigger: { kind: 'pre-restore', migration: null } }),
      };
    };
    expect(verdict(aside(HOUR))).toBe('never');
    expect(verdict(aside(HOUR), entry(2 * DAY))).toBe('overdue');
    const good = entry(2 * HOUR);
    expect(backupStatus([aside(HOUR), good], [], daily, NOW)).toMatchObject({
      verdict: 'ok',
      last: { id: good.id },
      lastProven: null,
      complete: 2,
    });
  });

  test('is not soothed by a backup that is dated in the future', () => {
    expect(verdict(entry(-DAY))).toBe('never');
    expect(verdict(entry(-DAY), entry(3 * DAY))).toBe('overdue');
    expect(backupStatus([entry(-DAY)], [], daily, NOW).problems).toEqual([
      '1 backup is dated in the future: a clock was wrong',
    ]);
  });

  test('names the last that was proven, what is being made, and what was left', () => {
    const proven = entry(5 * DAY, { verified: { level: 3, at: '2026-11-16T00:00:00.000Z' } });
    const status = backupStatus(
      [entry(HOUR, { verified: { level: 2, at: NOW.toISOString() } }), proven],
      [
        { id: 'a', running: true, touchedAt: NOW },
        { id: 'b', running: false, touchedAt: NOW },
      ],
      daily,
      NOW,
    );
    expect(status).toMatchObject({
      lastProven: { id: proven.id },
      running: ['a'],
      leftovers: ['b'],
      complete: 2,
    });
  });
});

describe('a hook', () => {
  const run = (command: readonly string[], timeoutMs = 10_000) =>
    runHook(
      { after: command },
      'after',
      { database: 'a; rm -rf "$HOME"', id: 'x', durationMs: 12 },
      { cwd: folder, env: { PATH: process.env.PATH }, timeoutMs },
    );
  const node = (script: string) => [process.execPath, '-e', script];

  test('finds the facts in variables, runs in its folder, and no shell reads anything', async () => {
    const script = `require('fs').writeFileSync('out', JSON.stringify([process.argv.slice(1), ...['MOMENT', 'DATABASE', 'ID', 'DURATION_MS', 'ERROR'].map((n) => process.env['TIDEMARK_BACKUP_' + n] ?? null)]))`;
    expect(await run([...node(script), '$(touch pwned)', '; touch pwned'])).toBeUndefined();
    expect(JSON.parse(await readFile(join(folder, 'out'), 'utf8'))).toEqual([
      ['$(touch pwned)', '; touch pwned'],
      'after',
      'a; rm -rf "$HOME"',
      'x',
      '12',
      null,
    ]);
    expect(await readdir(folder)).toEqual(['out']);
  });

  test('that fails, is missing or takes too long is a sentence, never a throw', async () => {
    expect(await run(node('console.error("first"); console.error("no disk"); process.exit(3)'))).toMatch(
      /^the hook "after" \(.*\) ended with 3: no disk$/,
    );
    expect(await run(['./no-such-program'])).toMatch(/^the hook "after" \(\.\/no-such-program\) failed: /);
    expect(await run(['\0'])).toMatch(/failed: /);
    expect(await run(node('setTimeout(() => {}, 60000)'), 300)).toMatch(/took too long$/);
    expect(await runHook({}, 'after', { database: 'x' }, { cwd: folder, env: {} })).toBeUndefined();
  });
});

describe('a health check', () => {
  let server: Server;
  let asked: string[];
  let answer: (path: string) => { code: number; location?: string } | undefined;
  beforeEach(async () => {
    asked = [];
    answer = () => ({ code: 200 });
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const what = answer(request.url ?? '');
      if (what === undefined) return request.socket.destroy();
      if (what.location !== undefined) response.setHeader('location', what.location);
      response.statusCode = what.code;
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => server.close());
  const address = (path = '/key0123456789?create=1') =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

  test('is asked itself for a success, and behind its path for the others', async () => {
    for (const moment of ['start', 'success', 'fail'] as const)
      expect(await ping(address(), moment)).toBeUndefined();
    expect(asked).toEqual([
      'GET /key0123456789/start?create=1',
      'GET /key0123456789?create=1',
      'GET /key0123456789/fail?create=1',
    ]);
  });

  test('that leads elsewhere is not followed; what goes wrong names the host alone', async () => {
    answer = () => ({ code: 302, location: address('/elsewhere') });
    const redirected = await ping(address(), 'success');
    expect(redirected).toMatch(/could not be reached/);
    expect(asked).toHaveLength(1);
    answer = () => ({ code: 404 });
    const missing = await ping(address(), 'success');
    expect(missing).toMatch(/answered 404$/);
    answer = () => undefined;
    const cut = await ping(address(), 'fail');
    for (const problem of [redirected, missing, cut]) {
      expect(problem).toContain('127.0.0.1:');
      expect(problem).not.toContain('key0123456789');
    }
    expect(await ping(undefined, 'success')).toBeUndefined();
  });
});

describe('the numbers', () => {
  const numbers = {
    database: 'we"ird\\\n',
    lastSuccess: Date.UTC(2026, 10, 20),
    lastFailure: undefined,
    failures: 2,
    lastProven: undefined,
    bytes: 1234,
    rows: 5,
    durationMs: 1500,
    complete: { local: 3, offsite: 2 },
  };

  test('are as Prometheus reads them: each with help and type, what is unknown left out, names escaped', () => {
    const text = renderMetrics(numbers);
    expect(text).toContain(
      'tidemark_backup_last_success_timestamp_seconds{database="we\\"ird\\\\\\n"} 1795132800\n',
    );
    expect(text).toContain('tidemark_backup_duration_seconds{database="we\\"ird\\\\\\n"} 1.5\n');
    expect(text).toContain('place="offsite"} 2\n');
    expect(text).not.toContain('last_failure');
    const lines = text.trimEnd().split('\n');
    for (const line of lines)
      expect(line).toMatch(
        /^(?:# (?:HELP|TYPE) tidemark_\w+ .+|tidemark_\w+\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\} [\d.]+)$/,
      );
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('replace the file in one step, readable for who collects them, and leave nothing beside it', async () => {
    const file = join(folder, 'backup.prom');
    await writeMetrics(file, numbers);
    await writeMetrics(file, { ...numbers, failures: 0 });
    expect(await readFile(file, 'utf8')).toContain(
      'tidemark_backup_failures{database="we\\"ird\\\\\\n"} 0\n',
    );
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    expect(await readdir(folder)).toEqual(['backup.prom']);
    await expect(writeMetrics(join(folder, 'nowhere', 'x.prom'), numbers)).rejects.toMatchObject({
      code: 'backup-folder',
    });
  });
});
