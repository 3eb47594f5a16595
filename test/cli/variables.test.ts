import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { describeOldestAndNewest, query, withDatabase } from '../support/postgres-server.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-variables-'));
  writeFileSync(join(cwd, 'a.sql'), 'CREATE TABLE a (id integer);\n');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string, env: Record<string, string> = {}) => inProcess(line.split(' '), { cwd, env });

describeOldestAndNewest('what a URL leaves out', (server) => {
  it('comes from .env, for a state and for the dev database', () =>
    withDatabase(server, async (address) => {
      await query(address, 'CREATE TABLE there (id integer)');
      const url = new URL(address);
      // The port too, because a server may ask for no password.
      const bare = `postgres://${url.hostname}${url.pathname}`;
      writeFileSync(
        join(cwd, '.env'),
        `PGPORT=${url.port}\nPGUSER=${decodeURIComponent(url.username)}\nPGPASSWORD="${decodeURIComponent(url.password)}"\n`,
      );
      expect(await run(`schema diff --from empty --to ${bare}`)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('CREATE TABLE there'),
      });
      expect(await run(`schema inspect ${bare}`)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('CREATE TABLE there'),
      });
      expect(await run(`schema diff --from empty --to a.sql --dev ${bare}`)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('CREATE TABLE a'),
      });
      writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify({ dev: bare }));
      expect(await run('schema diff --from a.sql --to empty')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('DROP TABLE a'),
      });
    }));
});

it.each([
  ['schema inspect postgres://u@h:port/d', 'STATE is not a database URL: the port'],
  ['schema diff --from empty --to postgres://u:hunter2@h:port/d', '--to is not a database URL: the port'],
  ['schema diff --from empty --to a.sql --dev maybe', '--dev is not a database URL: it does not begin'],
])('%s names where the text stands', async (line, message) => {
  const result = await run(line);
  expect(result).toMatchObject({ code: 2, stdout: '' });
  expect(result.stderr).toContain(message);
  expect(result.stderr).not.toContain('hunter2');
});

describe('PGSERVICE', () => {
  const PGSERVICE = 'production';
  const refused = { code: 2, stderr: expect.stringMatching(/^error: PGSERVICE names a service, and/) };

  it.each([
    ['db check', {}],
    ['db check', { PGHOST: '127.0.0.1', PGPORT: '1' }],
    ['db check', { DATABASE_URL: 'postgres://u@127.0.0.1:1/d' }],
    ['db check --url postgres://u@127.0.0.1:1/d', {}],
    ['schema inspect postgres://u@127.0.0.1:1/d', {}],
    ['schema diff --from empty --to a.sql --url pglite:memory --dev postgres://u@127.0.0.1:1/d', {}],
  ])('%s with %o refuses it', async (line, env) => {
    expect(await run(line, { ...env, PGSERVICE })).toMatchObject(refused);
    writeFileSync(join(cwd, '.env'), `PGSERVICE=${PGSERVICE}\n`);
    expect(await run(line, env)).toMatchObject(refused);
    expect((await run(line, { ...env, PGSERVICE: '' })).stderr).not.toContain('PGSERVICE');
  });

  it('is no matter where no server is named', async () => {
    const line = 'schema diff --from empty --to a.sql --url sqlite:memory';
    expect(await run(line, { PGSERVICE })).toMatchObject({ code: 0 });
  });
});
