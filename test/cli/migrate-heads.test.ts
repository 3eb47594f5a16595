import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-heads-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
/** Without any database. */
const run = (line: string) => inProcess(line.split(' '), { cwd });

describe('migrate heads', () => {
  it('lists them without a database', async () => {
    await writeGraph(cwd, FORK);
    expect(await run('migrate heads')).toMatchObject({
      code: 0,
      stdout: '2000 main (head)\n2002 more (head)\n',
      stderr: '',
    });
    expect((await run('migrate heads --check')).code).toBe(3);
    const { result, ok } = JSON.parse((await run('migrate heads --check --json')).stdout);
    expect(ok).toBe(false);
    expect(result).toEqual({
      heads: [
        expect.objectContaining({ revision: '2000', file: '2000_main.sql', branch: null, neededBy: [] }),
        expect.objectContaining({ revision: '2002', file: '2002_more.sql' }),
      ],
    });
    expect(readdirSync(cwd)).toEqual(['migrations']);
  });

  it('is one as a rule, and none in an empty folder', async () => {
    expect(await run('migrate heads --check')).toMatchObject({ code: 0, stdout: 'no migrations\n' });
    await writeGraph(cwd, '1000 a\n2000 b');
    expect(await run('migrate heads --check')).toMatchObject({ code: 0, stdout: '2000 b (head)\n' });
    expect((await run('migrate heads --verbose')).stdout).toContain('    parent         1000\n');
  });

  it('tells two that nobody meant how to become one, and says nothing of labelled ones', async () => {
    await writeGraph(cwd, '1000 a\n2000 b <1000\n2001 c <1000');
    expect((await run('migrate heads')).stderr).toContain('tidemark migrate merge or rebase');
    expect((await run('migrate heads --quiet')).stderr).toBe('');
  });

  it('shows a hostile name in one line', async () => {
    await writeGraph(cwd, '1000 a\u202Eb');
    expect((await run('migrate heads')).stdout).toBe('1000 a\\u202eb (head)\n');
  });
});

describe('migrate branches', () => {
  it('shows where lines part, and the labels', async () => {
    await writeGraph(cwd, FORK);
    expect(await run('migrate branches')).toMatchObject({
      code: 0,
      stdout: [
        '1000 start (branchpoint)',
        '    -> 2000 main (head)',
        '    -> 2001 side (reports)',
        'reports: from 2001, head 2002',
        '',
      ].join('\n'),
    });
    const { result } = JSON.parse((await run('migrate branches --json')).stdout);
    expect(result).toEqual({
      bases: ['1000'],
      branchpoints: [
        {
          ...{ revision: '1000', name: 'start', branch: null, head: false, neededBy: [] },
          ...{ branchpoint: true, mergepoint: false },
          children: [
            expect.objectContaining({ revision: '2000' }),
            expect.objectContaining({ revision: '2001', branch: 'reports' }),
          ],
        },
      ],
      labels: [{ label: 'reports', revision: '2001', heads: ['2002'] }],
    });
  });

  it('shows several beginnings, and merged lines', async () => {
    await writeGraph(cwd, '1000 a\n1001 b <base [b]\n2000 m <1000,1001\n');
    expect((await run('migrate branches')).stdout).toBe(
      'base\n    -> 1000 a\n    -> 1001 b (b)\nb: from 1001, head 2000\n',
    );
  });

  it('says so where there are none', async () => {
    await writeGraph(cwd, '1000 a\n2000 b');
    expect((await run('migrate branches')).stdout).toBe('no branches: the migrations are one line\n');
  });
});
