import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, runner, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-show-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const run = runner(() => cwd);
const withoutDatabase = (line: string) => inProcess(line.split(' '), { cwd });
const result = async (line: string) => JSON.parse((await run(`migrate show --json ${line}`)).stdout).result;

const MERGED = `
  1000 start
  2000 main <1000
  2001 side <1000 [reports]
  2002 more <2001 ~2000
  3000 joined <2000,2002
`;

describe('migrate show', () => {
  it('says where a revision stands, its state and its SQL', async () => {
    await writeGraph(cwd, MERGED);
    await run('migrate up 2001');
    expect((await run('migrate show 3000')).stdout).toMatch(
      new RegExp(
        [
          '^revision       3000 \\(head\\) \\(mergepoint\\)',
          'name           joined',
          'merges         2000, 2002',
          'branch         reports',
          'path           \\S+3000_joined\\.sql',
          'checksum       \\S+',
          'state          pending',
          '',
          '-- 3000_joined, up',
          '-- tidemark:parent 2000 2002\nCREATE TABLE t_3000 \\(id integer\\);',
          '',
          '-- down',
          'DROP TABLE t_3000;\n$',
        ].join('\n'),
      ),
    );
    const start = (await run('migrate show 1000')).stdout;
    expect(start).toContain('parent         none: it begins a line\nbranches into  2000, 2001\n');
    expect(start).toMatch(/state {10}applied at 20\S+ by \S+\n/);
    expect((await run('migrate show 2000')).stdout).toContain('followed by    3000\nneeded by      2002\n');
    const more = (await run('migrate show 2002')).stdout;
    expect(more).toContain('depends on     2000\n');
    expect(more).toContain('branch         reports\n');
  });

  it.each([
    ['1000', ['1000']],
    ['1', ['1000']],
    ['start', ['1000']],
    ['reports', ['2001']],
    ['reports@head', ['2002']],
    ['reports@head-1', ['2001']],
    ['2001+1', ['2002']],
    ['heads', ['2000', '2002']],
    ['current', ['2001']],
    ['-1', ['1000']],
    ['+1', ['2002']],
    ['reports@current', ['2001']],
  ])('takes %s', async (target, ids) => {
    await writeGraph(cwd, FORK);
    await run('migrate up 2001');
    const { revisions, revision } = await result(target);
    expect(revisions.map((shown: { revision: string }) => shown.revision)).toEqual(ids);
    expect(revision).toBe(ids.length === 1 ? ids[0] : undefined);
    const { stdout } = await run(`migrate show ${target}`);
    for (const id of ids) expect(stdout).toContain(`CREATE TABLE t_${id}`);
  });

  it('prints plain values', async () => {
    await writeGraph(cwd, FORK);
    await run('migrate up 1000');
    expect(await result('2001')).toMatchObject({
      ...{ revision: '2001', name: 'side', state: 'pending', branch: 'reports', branches: ['reports'] },
      ...{ parents: ['1000'], children: ['2002'], dependsOn: [], neededBy: [] },
      ...{ head: false, branchpoint: false, mergepoint: false, file: '2001_side.sql', down: 'file' },
      downText: 'DROP TABLE t_2001;\n',
    });
    expect(JSON.parse((await withoutDatabase('migrate show 2001 --json')).stdout).result.state).toBeNull();
  });

  it.each([
    ['base', 'target-unknown'],
    ['head', 'several-heads'],
    ['nowhere', 'target-unknown'],
    ['200', 'target-ambiguous'],
    ['2000:2001', 'target-unknown'],
  ])('refuses %s', async (target, code) => {
    await writeGraph(cwd, FORK);
    const { code: exit, stdout } = await run(`migrate show --json ${target}`);
    expect({ exit, code: JSON.parse(stdout).error.code }).toEqual({ exit: 2, code });
  });

  it('does not take the files for a database', async () => {
    await writeGraph(cwd, FORK);
    for (const target of ['current', '-1', 'reports@+1']) {
      const refused = await withoutDatabase(`migrate show ${target}`);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('counted from where the database is');
    }
    expect((await withoutDatabase('migrate show 2001+1')).code).toBe(0);
  });

  it('shows what the database keeps of a revision that has no file here', async () => {
    await writeGraph(cwd, '1000 a\n2000 b');
    await run('migrate up');
    for (const file of ['2000_b.sql', '2000_b.down.sql']) rmSync(join(cwd, 'migrations', file));
    await run('migrate hash');
    const { stdout } = await run('migrate show current');
    expect(stdout).toContain('path           no file here\nstate          applied');
    expect(stdout).toContain('-- down\nDROP TABLE t_2000;');
    expect(stdout).not.toContain(', up');
    expect(await result('2000')).toMatchObject({ path: null, up: null, checksum: null, file: null });
  });
});
