import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCommandLine } from '../../src/cli/run.js';
import { inProcess } from '../support/cli-in-process.js';
import { describeOldestAndNewest, freshDatabase, query } from '../support/postgres-server.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-interrupt-'));
  mkdirSync(join(cwd, 'migrations'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

/** Runs a command line whose process gets a signal once `ready` says so; gives its exit code and what it said. */
async function interrupted(args: readonly string[], signal: string, ready: () => Promise<void>) {
  const handlers = new Map<string, () => void>();
  let stderr = '';
  const stream = (keep: boolean) =>
    new Writable({
      write(chunk: Buffer, _, done) {
        if (keep) stderr += chunk.toString();
        done();
      },
    });
  const code = new Promise<number>((exit) => {
    const host = {
      stdin: Readable.from([]),
      stdout: stream(false),
      stderr: stream(true),
      env: {},
      cwd: () => cwd,
      on: (name: string, handler: () => void) => handlers.set(name, handler),
      exit,
    };
    void runCommandLine(args, host as unknown as NodeJS.Process).then(exit);
  });
  await ready();
  handlers.get(signal)!();
  return { code: await code, stderr };
}

describeOldestAndNewest('a migration that is interrupted', (server) => {
  it('stops on the server too, and the next run goes on', async () => {
    const { url, drop } = await freshDatabase(server);
    try {
      const body = 'CREATE TABLE t (id int); SELECT pg_sleep(600); CREATE TABLE u (id int);';
      writeFileSync(join(cwd, 'migrations', '1_slow.sql'), body);
      const run = (...args: string[]) => inProcess([...args, '--url', url], { cwd });
      await run('migrate', 'hash');
      const asleep = () =>
        query(
          url,
          "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
        );
      const { code, stderr } = await interrupted(['migrate', 'up', '--url', url], 'SIGTERM', async () => {
        while ((await asleep()).length === 0);
      });
      expect(code).toBe(143);
      expect(stderr).toContain('interrupted by SIGTERM');
      expect(stderr).toContain('error: the run was aborted while 1_slow ran (SIGTERM)');
      expect(await asleep()).toEqual([]);
      expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
      expect(await query(url, "SELECT revision FROM tidemark.log WHERE outcome = 'interrupted'")).toEqual([
        { revision: '1' },
        { revision: null },
      ]);
      expect((await run('migrate', 'status', '--check')).stdout).not.toContain('ended without a word');

      writeFileSync(join(cwd, 'migrations', '1_slow.sql'), body.replace('600', '0'));
      await run('migrate', 'hash');
      expect(await run('migrate', 'up')).toMatchObject({ code: 0 });
      expect(await run('migrate', 'status', '--check')).toMatchObject({ code: 0 });
    } finally {
      await drop();
    }
  });
});

it('a migration on SQLite that is interrupted stops between two statements', async () => {
  const inserts = Array.from({ length: 20_000 }, (_, n) => `INSERT INTO t VALUES (${n});`);
  writeFileSync(join(cwd, 'migrations', '1_long.sql'), ['CREATE TABLE t (n int);', ...inserts].join('\n'));
  const run = (...args: string[]) => inProcess([...args, '--url', 'sqlite:app.db'], { cwd });
  await run('migrate', 'hash');
  const begun = async () => {
    while (!existsSync(join(cwd, 'app.db-tidemark'))) await sleep(1);
  };
  const { code, stderr } = await interrupted(
    ['migrate', 'up', '--json', '--url', 'sqlite:app.db'],
    'SIGINT',
    begun,
  );
  expect(code).toBe(130);
  expect(stderr).toContain('interrupted by SIGINT');
  const status = JSON.parse((await run('migrate', 'status', '--json')).stdout).result;
  expect(status).toMatchObject({ current: [], pending: 1 });
  expect(await run('migrate', 'up')).toMatchObject({ code: 0 });
});
