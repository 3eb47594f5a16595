import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-using-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const schema = (sql: string) => writeFileSync(join(cwd, 'schema.sql'), sql);
const files = () => readdirSync(join(cwd, 'migrations'));
const newest = (suffix: RegExp) =>
  readFileSync(
    join(
      cwd,
      'migrations',
      files()
        .filter((name) => suffix.test(name))
        .at(-1)!,
    ),
    'utf8',
  );
const run = (...words: string[]) => inProcess([...words, '--url', 'pglite:app'], { cwd });

it('says in every way what becomes of values that no cast suits', async () => {
  schema('CREATE TABLE users (born int);');
  expect(await run('migrate', 'diff', 'initial')).toMatchObject({ code: 0 });
  const wanted = 'CREATE TABLE users (\n  born date\n);';
  schema(wanted);
  const before = files();
  const refused = await run('migrate', 'diff', 'next');
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain('column users.born is integer and becomes date');
  expect(refused.stderr).toContain('--using');
  expect(await run('migrate', 'diff', 'next', '--using', 'users.age=1')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('users.born (integer to date)'),
  });
  const typed = { cwd, typed: `date '1970-01-01' + born` };
  const shown = ['migrate', 'diff', 'next', '--dry-run', '--url', 'pglite:app'];
  const asked = await inProcess(shown, typed);
  expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining(`USING date '1970-01-01' + born`) });
  expect(await inProcess(shown, { cwd, typed: '' })).toMatchObject({ code: 4 });
  // Looking needs no answer.
  const looked = await run('schema', 'diff', '--from', 'migrations', '--to', 'schema.sql');
  expect(looked).toMatchObject({ code: 0, stdout: expect.stringContaining('USING born::text::date') });
  expect(files()).toEqual(before);

  writeFileSync(join(cwd, 'answers.json'), `{ "using": { "users.born": "make_date(born, 1, 1)" } }`);
  const filed = await run('migrate', 'diff', 'next', '--dry-run', '--answers', 'answers.json');
  expect(filed.stdout).toContain('USING make_date(born, 1, 1)');

  schema(wanted.replace('born date', 'born date -- tidemark:using make_date(born, 1, 2)'));
  expect(await run('migrate', 'diff', 'next')).toMatchObject({ code: 0 });
  expect(newest(/(?<!\.down)\.sql$/)).toContain('USING make_date(born, 1, 2)');
  expect(newest(/\.down\.sql$/)).toContain('no cast leads from date to integer');
  // The comment may stay.
  expect(await run('migrate', 'diff', 'again')).toMatchObject({ code: 0 });
});
