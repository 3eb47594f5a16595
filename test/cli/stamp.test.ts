import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-stamp-'));
  mkdirSync(join(cwd, 'migrations'));
  const files = {
    '1000_users.sql': 'CREATE TABLE users (id INTEGER);',
    '1000_users.down.sql': 'DROP TABLE users;',
    '2000_posts.sql': 'CREATE TABLE posts (id INTEGER);',
    '2000_posts.down.sql': 'DROP TABLE posts;',
    '3000_tags.sql': '-- tidemark:parent 1000\nCREATE TABLE tags (id INTEGER);',
    '3000_tags.down.sql': 'DROP TABLE tags;',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, 'migrations', name), text);
  await run('migrate hash');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });
const lines = (text: string) => text.replaceAll(`${cwd}/`, '').trimEnd().split('\n');

it('records several branches, says what it recorded, and up has nothing left to do', async () => {
  await run('db create');
  const stamped = await run('migrate stamp 2000 tags');
  expect(stamped).toMatchObject({ code: 0, stderr: '' });
  expect(lines(stamped.stdout)).toEqual([
    '+ 1000_users',
    '+ 2000_posts',
    '+ 3000_tags',
    'sqlite:app.db stands at 2000, 3000; only the history was changed',
  ]);
  expect((await run('migrate stamp 2000 tags')).stdout.replaceAll(`${cwd}/`, '')).toBe(
    'nothing to record: sqlite:app.db stands at 2000, 3000\n',
  );
  expect((await run('migrate up heads')).stdout).toContain('nothing to apply');
  const back = await run('migrate stamp base --json');
  expect(JSON.parse(back.stdout)).toMatchObject({
    command: 'migrate stamp',
    ok: true,
    result: { before: ['2000', '3000'], after: [], added: [], settled: [], removed: { length: 3 } },
  });
});

it('shows first what it would do, and changes nothing', async () => {
  await run('db create');
  const dry = await run('migrate stamp posts --dry-run');
  expect(lines(dry.stdout)).toEqual([
    '+ 1000_users',
    '+ 2000_posts',
    'sqlite:app.db would then stand at 2000; only the history would change',
  ]);
  expect((await run('migrate status')).stdout).toContain('0 applied');
});

it('needs a revision, and a database that is there', async () => {
  expect(await run('migrate stamp')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('REVISION is missing'),
  });
  expect(await run('migrate stamp head')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no database'),
  });
  expect(existsSync(join(cwd, 'app.db'))).toBe(false);
});

it('--output takes the place of a file once all is written, keeps its link, and wants --sql', async () => {
  await run('db create');
  const out = join(cwd, 'stamp.sql');
  writeFileSync(out, 'old');
  symlinkSync('stamp.sql', join(cwd, 'link.sql'));
  const { code, stdout } = await run('migrate stamp posts --sql --output link.sql');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'wrote link.sql\n' });
  expect(readFileSync(out, 'utf8')).toContain("'2000'");
  expect(readFileSync(join(cwd, 'link.sql'), 'utf8')).toBe(readFileSync(out, 'utf8'));
  expect(await run('migrate up posts --output x.sql')).toMatchObject({ code: 2, stdout: '' });
  expect(existsSync(join(cwd, 'x.sql'))).toBe(false);
  const nowhere = await run('migrate up posts --sql --output no/such/x.sql');
  expect(nowhere.code).toBe(1);
  expect(nowhere.stderr).toContain('cannot write');
});

it('and the way down tell several ends in one order, whichever was applied first', async () => {
  await run('migrate up 3000');
  await run('migrate up 2000');
  writeFileSync(join(cwd, 'migrations/4000_more.sql'), '-- tidemark:parent 2000\nSELECT 1;');
  writeFileSync(join(cwd, 'migrations/4000_more.down.sql'), 'SELECT 1;');
  await run('migrate hash');
  expect((await run('migrate up 4000')).stdout).toContain('is at 3000, 4000');
  expect((await run('migrate down -1')).stdout).toContain('is at 2000, 3000');
  expect((await run('migrate status')).stdout).toContain('is at 2000, 3000');
});

it('is named as the way out where the database has a migration already, and is one', async () => {
  await run('migrate up 1000');
  await run('migrate stamp base');
  const failed = await run('migrate up 1000');
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('record it instead: "tidemark migrate stamp 1000"');
  expect((await run('migrate stamp 1000')).code).toBe(0);
  expect((await run('migrate up heads')).code).toBe(0);
  // A failure of another kind is no reason to record what did not run.
  writeFileSync(join(cwd, 'migrations/4000_bad.sql'), '-- tidemark:parent 2000\nSELECT * FROM nowhere;');
  await run('migrate hash');
  expect((await run('migrate up heads')).stderr).not.toContain('migrate stamp');
});
