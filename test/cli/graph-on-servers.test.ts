import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, writeGraph } from '../support/graph-folder.js';
import { describeOldestAndNewest, withDatabase } from '../support/postgres-server.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-servers-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

describeOldestAndNewest('looking at the graph', (server) => {
  test('never makes the history, and says where the database is without its password', () =>
    withDatabase(server, async (url) => {
      await writeGraph(cwd, FORK);
      const password = decodeURIComponent(new URL(url).password);
      const run = async (line: string) => {
        const result = await inProcess(line.split(' '), { cwd, env: { DATABASE_URL: url } });
        if (password !== '') expect(result.stdout + result.stderr).not.toContain(password);
        return result;
      };
      const tables = async () =>
        JSON.parse(
          (
            await inProcess(
              [
                'db',
                'shell',
                '--json',
                '-c',
                "SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = 'tidemark'",
              ],
              { cwd, env: { DATABASE_URL: url } },
            )
          ).stdout,
        ).result.statements[0].rows;
      for (const look of ['current --verbose', 'history', 'status', 'show 2001', 'heads', 'branches']) {
        expect(await run(`migrate ${look}`)).toMatchObject({ code: 0 });
      }
      expect(await tables()).toEqual([{ n: 0 }]);

      await run('migrate up 2001');
      expect((await run('migrate current --check-heads')).code).toBe(3);
      await run('migrate up heads');
      expect(await run('migrate current --check-heads')).toMatchObject({
        code: 0,
        stdout: '2000 main (head)\n2002 more (head)\n',
      });
      expect((await run('migrate history -r reports@head:')).stdout).toMatch(
        /^2001 -> 2002 more .* applied\n$/,
      );

      writeFileSync(
        join(cwd, 'tidemark.config.json'),
        JSON.stringify({ environments: { local: {}, down: { url: 'postgres://nobody@127.0.0.1:1/x' } } }),
      );
      const all = await run('migrate history --all-environments --env local');
      expect(all.stdout).toContain('2002 more (head) (current) [local]');
      expect(all.stderr).toContain('environment down cannot be asked');
    }));

  test('a folder that is wrong is told while the server answers', () =>
    withDatabase(server, async (url) => {
      await writeGraph(cwd, FORK);
      await inProcess(['migrate', 'up', 'heads'], { cwd, env: { DATABASE_URL: url } });
      writeFileSync(join(cwd, 'migrations/1000_start.sql'), '-- tidemark:nonsense\n');
      for (const command of ['status', 'current']) {
        const { code, stdout } = await inProcess(['migrate', command, '--json'], {
          cwd,
          env: { DATABASE_URL: url },
        });
        expect({ code, error: JSON.parse(stdout).error.code }).toEqual({
          code: 1,
          error: 'directive-unknown',
        });
      }
      const missing = ['migrate', 'status', '--json', '--migrations', 'nowhere'];
      for (const database of [url, 'postgres://nobody@127.0.0.1:1/x']) {
        const { code, stdout } = await inProcess(missing, { cwd, env: { DATABASE_URL: database } });
        expect({ code, error: JSON.parse(stdout).error.code }).toEqual({
          code: 2,
          error: 'migrations-missing',
        });
      }
    }));
});
