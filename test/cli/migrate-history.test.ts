import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, runner, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-history-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const run = runner(() => cwd);
const withoutDatabase = (line: string) => inProcess(line.split(' '), { cwd });
const UTF8 = { terminal: true, env: { LANG: 'C.UTF-8', NO_COLOR: '1' } };

const MERGED = `
  1000 start
  2000 main <1000
  2001 side <1000 [reports]
  2002 more <2001 ~2000
  3000 joined <2000,2002
`;

describe('migrate history', () => {
  it('is plain lines with parents where nobody looks', async () => {
    await writeGraph(cwd, MERGED);
    await run('migrate up 2002');
    const { code, stdout } = await run('migrate history');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '2000, 2002 -> 3000 joined (head)  pending',
      '2001 (needs 2000) -> 2002 more (current)  applied',
      '1000 -> 2001 side (reports)  applied',
      '1000 -> 2000 main (current)  applied',
      'base -> 1000 start  applied',
      '',
    ]);
  });

  it('is a drawing on a terminal', async () => {
    await writeGraph(cwd, MERGED);
    await run('migrate up 2002');
    expect((await run('migrate history', UTF8)).stdout.split('\n')).toEqual([
      '● · 3000 joined (head)  pending',
      '├─╮',
      '│ ● ✓ 2002 more (needs 2000) (current)',
      '│ ● ✓ 2001 side (reports)',
      '● │ ✓ 2000 main (current)',
      '├─╯',
      '● ✓ 1000 start',
      '',
    ]);
    const ascii = await run('migrate history', { terminal: true, env: { LANG: 'C', NO_COLOR: '1' } });
    expect(ascii.stdout.split('\n')).toEqual([
      '* 3000 joined (head)  pending',
      '|\\',
      '| * 2002 more (needs 2000) (current)  applied',
      '| * 2001 side (reports)  applied',
      '* | 2000 main (current)  applied',
      '|/',
      '* 1000 start  applied',
      '',
    ]);
    const dumb = await run('migrate history', { terminal: true, env: { LANG: 'C.UTF-8', TERM: 'dumb' } });
    expect(dumb.stdout).toContain('base -> 1000');
    const colored = await run('migrate history', { terminal: true, env: { LANG: 'C.UTF-8' } });
    expect(colored.stdout).toContain('\u001b[');
    expect((await run('migrate history', UTF8)).stdout).not.toContain('\u001b[');
  });

  it('puts facts beside the drawing with --verbose', async () => {
    await writeGraph(cwd, FORK);
    await run('migrate up 1000');
    const { stdout } = await run('migrate history --verbose', UTF8);
    expect(stdout).toMatch(/│ ● · 2000 main \(head\) {2}pending\n│ │ {4}parent {9}1000\n/);
    expect(stdout).toMatch(
      /● ✓ 1000 start \(current\)\n {4}parent {9}base\n {4}branches into {2}2000, 2001\n/,
    );
    expect(stdout).toMatch(
      / {4}path {11}\S+1000_start\.sql\n {4}applied {8}\S+Z by \S+\n {4}took {11}\d+ ms/,
    );
    expect((await run('migrate history --verbose')).stdout).toMatch(/1000 -> 2000 main.*\n {4}parent/);
    // What was only recorded did not run, and took no time.
    await run('migrate stamp 2000');
    const stamped = (await run('migrate history --verbose -r 2000:2000')).stdout;
    expect(stamped).toMatch(/\n {4}recorded {7}\S+Z by \S+$/m);
    expect(stamped).not.toContain('took');
  });

  it('tells failed, half done, edited and missing ones', async () => {
    await writeGraph(cwd, '1000 a\n2000 b\n3000 c\n4000 d\n5000 e');
    await run('migrate up 3000');
    writeFileSync(join(cwd, 'migrations/1000_a.sql'), 'CREATE TABLE t_1000 (id bigint);\n');
    for (const file of ['3000_c.sql', '3000_c.down.sql']) rmSync(join(cwd, 'migrations', file));
    await run('migrate hash');
    const lines = (await run('migrate history')).stdout;
    expect(lines).toContain('base -> 1000 a  applied, edited since');
    expect(lines).toMatch(/2000 -> 3000 c .*applied, no file/);

    await writeGraph(cwd, '1000 a\n3000 c');
    writeFileSync(join(cwd, 'migrations/4000_d.sql'), 'INSERT INTO nowhere VALUES (1);\n');
    await run('migrate hash');
    expect((await run('migrate up')).code).toBe(1);
    const failed = await run('migrate history', UTF8);
    expect(failed.stdout).toContain('● ✗ 4000 d  pending, failed in the last run');
    expect(failed.stdout).toContain('--log shows');

    const half =
      '-- tidemark:transaction none\nCREATE TABLE x (id integer);\nINSERT INTO nowhere VALUES (1);\n';
    writeFileSync(join(cwd, 'migrations/4000_d.sql'), half);
    await run('migrate hash');
    expect((await run('migrate up')).code).toBe(1);
    expect((await run('migrate history', UTF8)).stdout).toContain('● ✗ 4000 d  half applied (1/2)');
  });

  it('shows the log with --log', async () => {
    await writeGraph(cwd, '1000 a');
    expect((await run('migrate history --log')).stdout).toContain('the log is empty');
    await run('migrate up');
    expect((await run('migrate history')).stdout).not.toContain('process');
    expect((await run('migrate history --log')).stdout).toMatch(
      /\n\n\S+Z {2}up run started .*\n\S+ {2}up 1000 done/,
    );
    const { result } = JSON.parse((await run('migrate history --json')).stdout);
    expect(result).toMatchObject({
      target: expect.stringContaining('app.db'),
      connected: true,
      current: ['1000'],
      heads: ['1000'],
      branches: [],
      migrations: [{ revision: '1000', parents: [], dependsOn: [], branch: null }],
    });
    expect(result.log.length).toBeGreaterThan(1);
    expect(result).not.toHaveProperty('environments');
  });
});

it('lets no name of a row in the database move the cursor or begin a line', async () => {
  await writeGraph(cwd, '1000 a\n2000 b');
  await run('migrate up');
  for (const file of ['2000_b.sql', '2000_b.down.sql']) rmSync(join(cwd, 'migrations', file));
  await run('migrate hash');
  const sql =
    "UPDATE tidemark_revision SET name = 'x' || char(27) || '[2Jy' || char(10) || '9999 z' WHERE revision = '2000'";
  const changed = await inProcess(['db', 'shell', '--url', 'sqlite:app.db', '--json', '-c', sql], { cwd });
  expect(changed.code).toBe(0);
  for (const command of [
    'history',
    'history --verbose',
    'current',
    'current --verbose',
    'show 2000',
    'status',
  ]) {
    for (const options of [{}, UTF8]) {
      const { code, stdout, stderr } = await run(`migrate ${command}`, options);
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(stdout + stderr).not.toContain('\u001b');
      expect(stdout).not.toMatch(/^9999/m);
    }
  }
  expect((await run('migrate history')).stdout).toContain('x\\u001b[2Jy\\u000a9999 z');
});

describe('a range of the history', () => {
  const revisions = async (line: string) =>
    JSON.parse((await run(`migrate history --json ${line}`)).stdout).result.migrations.map(
      ({ revision }: { revision: string }) => revision,
    );

  it.each([
    ['-r 2000:3000', ['2000', '3000']],
    ['-r=3000:', ['3000', '4000', '5000']],
    ['--range :2000', ['1000', '2000']],
    ['--range=:2000', ['1000', '2000']],
    ['-r -1:', ['2000', '3000', '4000', '5000']],
    ['-r=-1:', ['2000', '3000', '4000', '5000']],
    ['--range -1:+1', ['2000', '3000', '4000']],
    ['--range=-1:', ['2000', '3000', '4000', '5000']],
    ['-r current:', ['3000', '4000', '5000']],
    ['-r :current', ['1000', '2000', '3000']],
    ['-r base:head-3', ['1000', '2000']],
    ['-r b:d', ['2000', '3000', '4000']],
  ])('%s', async (range, expected) => {
    await writeGraph(cwd, '1000 a\n2000 b\n3000 c\n4000 d\n5000 e');
    await run('migrate up 3000');
    expect(await revisions(range)).toEqual(expected);
  });

  it('follows a branch, and draws what is left', async () => {
    await writeGraph(cwd, FORK);
    expect(await revisions('-r reports@base:reports@head')).toEqual(['1000', '2001', '2002']);
    expect((await run('migrate history -r 2001:', UTF8)).stdout).toBe(
      '● · 2002 more (head)  pending\n● · 2001 side (reports)  pending\n',
    );
    expect((await run('migrate history -r 2002:2001')).stdout).toBe('no revisions in that range\n');
  });

  it.each([
    ['-r 2000', 'range-invalid'],
    ['-r a:b:c', 'range-invalid'],
    ['-r nowhere:', 'target-unknown'],
    ['--range --verbose', 'usage'],
    ['-r', 'usage'],
  ])('refuses %s', async (range, code) => {
    await writeGraph(cwd, FORK);
    const { code: exit, stdout } = await run(`migrate history --json ${range}`);
    expect({ exit, code: JSON.parse(stdout).error.code }).toEqual({ exit: 2, code });
  });
});

describe('history without a database', () => {
  it('shows the files and says that the states are unknown', async () => {
    await writeGraph(cwd, FORK);
    const { code, stdout, stderr } = await withoutDatabase('migrate history');
    expect(code).toBe(0);
    expect(stdout).toContain('1000 -> 2000 main (head)\n');
    expect(stdout).not.toMatch(/pending|applied/);
    expect(stderr).toContain('the states of the revisions are unknown');
    const { result } = JSON.parse((await withoutDatabase('migrate history --json')).stdout);
    expect(result).toMatchObject({ target: null, connected: false, current: [], log: [] });
    for (const range of ['current:', '-1:', ':reports@+1']) {
      const refused = await withoutDatabase(`migrate history -r ${range}`);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('counted from where the database is');
    }
    expect((await withoutDatabase('migrate history -r 2001:')).code).toBe(0);
  });

  it('warns of one that cannot be reached, without its password', async () => {
    await writeGraph(cwd, FORK);
    const url = 'postgres://nobody:hidden@127.0.0.1:1/x';
    const { code, stdout, stderr } = await withoutDatabase(`migrate history --url ${url}`);
    expect(code).toBe(0);
    expect(stdout).toContain('base -> 1000 start\n');
    expect(stderr).toMatch(/^warning: the states of the revisions are unknown: .*127\.0\.0\.1/);
    expect(stdout + stderr).not.toContain('hidden');
    expect((await withoutDatabase('migrate history --url mysql://x/y')).code).toBe(2);
  });

  it('is a file that is not made by looking', async () => {
    await writeGraph(cwd, FORK);
    expect((await run('migrate history')).stdout).toContain('pending');
    expect(existsSync(join(cwd, 'app.db'))).toBe(false);
  });
});

describe('migrate history --all-environments', () => {
  const all = (line = '') => withoutDatabase(`migrate history --all-environments --env local${line}`);
  const config = (environments: Record<string, object>) =>
    writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify({ environments }));

  it('shows where each is, and which cannot be asked', async () => {
    await writeGraph(cwd, '1000 a\n2000 b\n3000 c');
    config({
      local: { url: 'sqlite:local.db' },
      same: { url: 'sqlite:local.db' },
      test: { url: 'sqlite:test.db' },
      staging: { url: 'postgres://nobody:hidden@127.0.0.1:1/x' },
      nothing: {},
      empty: { url: 'sqlite:empty.db' },
      odd: { url: 'mysql://u:hidden@h/x' },
    });
    await withoutDatabase('migrate up --env local');
    await withoutDatabase('migrate up 1000 --env test');
    await withoutDatabase('db create --env empty');
    const { code, stdout, stderr } = await all();
    expect(code).toBe(0);
    expect(stdout).toContain('3000 c (head) (current) [local, same]  applied');
    expect(stdout).toContain('base -> 1000 a [test]  applied');
    expect(stdout).toContain('\n[empty] at base\n');
    expect(stderr).toMatch(/^warning: environment staging cannot be asked: \S.*$/m);
    expect(stderr).toMatch(/^warning: environment odd cannot be asked: \S.*$/m);
    expect(stderr).toContain('left out, because no database is named: nothing');
    expect(stdout + stderr).not.toContain('hidden');

    const json = (await all(' --json')).stdout;
    expect(json).not.toContain('hidden');
    expect(JSON.parse(json).result.environments).toEqual([
      { name: 'local', target: expect.any(String), current: ['3000'], error: null },
      { name: 'same', target: expect.any(String), current: ['3000'], error: null },
      { name: 'test', target: expect.any(String), current: ['1000'], error: null },
      { name: 'staging', target: expect.any(String), current: null, error: expect.any(String) },
      { name: 'nothing', target: null, current: null, error: null },
      { name: 'empty', target: expect.any(String), current: [], error: null },
      { name: 'odd', target: null, current: null, error: expect.any(String) },
    ]);
  });

  it('says of one that is elsewhere where it is, and makes none', async () => {
    await writeGraph(cwd, '1000 a\n2000 b');
    config({ local: { url: 'sqlite:local.db' }, other: { url: 'sqlite:not-there.db' } });
    await withoutDatabase('migrate up --env local');
    for (const file of ['2000_b.sql', '2000_b.down.sql']) rmSync(join(cwd, 'migrations', file));
    await withoutDatabase('migrate hash');
    expect((await all(' -r 1000:1000')).stdout).toContain('[local] at 2000, not shown here');
    expect((await all()).stderr).toMatch(/environment other cannot be asked: there is no database/);
    expect(existsSync(join(cwd, 'not-there.db'))).toBe(false);
  });

  it('refuses --url beside it', async () => {
    await writeGraph(cwd, '1000 a');
    expect(await run('migrate history --all-environments')).toMatchObject({ code: 2, stdout: '' });
  });
});

it('counts from every end where the database is at several, and from the own one of a dependency', async () => {
  const revisions = async (range: string) =>
    JSON.parse((await run(`migrate history --json -r ${range}`)).stdout).result?.migrations.map(
      ({ revision }: { revision: string }) => revision,
    );
  await writeGraph(cwd, MERGED);
  await run('migrate up 2002');
  // 2000 is there because 2002 depends on it.
  expect(await revisions('current:')).toEqual(['2000', '2002', '3000']);
  expect(await revisions('-1:')).toEqual(['2001', '2002', '3000']);
  rmSync(join(cwd, 'migrations'), { recursive: true });
  rmSync(join(cwd, 'app.db'));
  await writeGraph(cwd, FORK);
  await run('migrate up heads');
  expect(await revisions('current:')).toEqual(['2000', '2002']);
  expect(await revisions('reports@current:')).toEqual(['2002']);
  expect(await revisions('-1:')).toBeUndefined();
  expect((await run('migrate show current')).stdout).toMatch(/2000 \(head\)[\s\S]*2002 \(head\)/);
});
