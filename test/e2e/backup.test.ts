import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { main, tidemark } from '../support/cli.js';

// The built command in processes of its own: signals, kills and restarts.

let cwd: string;
let running: ChildProcess[] = [];
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-backup-e2e-'));
  writeFileSync(join(cwd, 'schema.sql'), 'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n');
  writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify({ url: 'sqlite:app.db' }));
  for (const line of ['db create', 'schema apply --yes']) expect((await run(line)).code, line).toBe(0);
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running = [];
  rmSync(cwd, { recursive: true, force: true });
});

const run = (line: string) => tidemark(line.split(' '), { cwd });

interface Started {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  text(): string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  says(words: RegExp): Promise<void>;
}

function start(line: string): Started {
  const child = spawn(process.execPath, [main, ...line.split(' ')], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let text = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const look of waiting) look();
    });
  }
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return {
    child,
    text: () => text,
    ended,
    says: (words) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!words.test(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        void ended.then(() => reject(new Error(`it ended without saying ${words}: ${text}`)));
        look();
      }),
  };
}

const backups = async (): Promise<{ id: string; state: string }[]> =>
  JSON.parse((await run('backup list --limit all --json')).stdout).result.backups;
const leftovers = () =>
  existsSync(join(cwd, 'backups'))
    ? readdirSync(join(cwd, 'backups'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        /\.(?:partial|use|put)-/.test(name),
      )
    : [];

test('a schedule backs up, ends with 0 and a line on SIGTERM, and goes on where it was', async () => {
  const first = start('backup schedule --interval 1h');
  await first.says(/the next backup is due at/);
  first.child.kill('SIGTERM');
  expect(await first.ended).toEqual({ code: 0, signal: null });
  expect(first.text()).toContain('ended by SIGTERM: 1 backup made');
  expect(leftovers()).toEqual([]);
  const second = start('backup schedule --interval 1h');
  await second.says(/the next backup is due at/);
  second.child.kill('SIGTERM');
  expect(await second.ended).toEqual({ code: 0, signal: null });
  expect(second.text()).toContain('ended by SIGTERM: no backup made');
  expect(await backups()).toHaveLength(1);
});

test('one that is killed in the middle loses nothing that was whole; the next one goes on', async () => {
  const killed = start('backup schedule --interval 1s');
  await killed.says(/(?:backed up as[\s\S]*){3}/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const before = (await backups()).filter(({ state }) => state === 'complete').map(({ id }) => id);
  expect(before.length).toBeGreaterThanOrEqual(3);
  // The turn of the one that was killed lapses; a backup by hand does not ask for it.
  expect((await run('backup create')).code).toBe(0);
  const after = await backups();
  expect(after.filter(({ state }) => state === 'complete').map(({ id }) => id)).toEqual(
    expect.arrayContaining(before),
  );
  expect((await run('backup verify --level 3')).code).toBe(0);
});

test('two at once make one backup', async () => {
  const both = [start('backup schedule --interval 1h'), start('backup schedule --interval 1h')];
  // Both may stand back at first, and ask again a few seconds later.
  await Promise.race(both.map((one) => one.says(/the next backup is due at/)));
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const one of both) one.child.kill('SIGTERM');
  expect(await Promise.all(both.map((one) => one.ended))).toEqual([
    { code: 0, signal: null },
    { code: 0, signal: null },
  ]);
  expect(await backups()).toHaveLength(1);
});

test('a day in the life: made, lost, brought back, compared', async () => {
  expect((await run('db shell -c INSERT/**/INTO/**/users(name)VALUES(42)')).code).toBe(0);
  expect((await run('backup create --verify 3')).code).toBe(0);
  const before = readFileSync(join(cwd, 'app.db'));
  rmSync(join(cwd, 'app.db'));
  expect((await run('backup restore latest')).code).toBe(4);
  expect((await run('backup restore latest --yes')).code).toBe(0);
  expect((await run('db shell -c SELECT/**/name/**/FROM/**/users')).stdout).toContain('42');
  expect(readFileSync(join(cwd, 'app.db')).length).toBe(before.length);
  expect((await run('backup status')).code).toBe(0);
  expect((await run('backup drill')).stdout).toMatch(/had you needed it now: back after/);
});
