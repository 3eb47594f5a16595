import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { FORK, runner, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-current-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const run = runner(() => cwd);

async function tables(): Promise<string[]> {
  const path = join(cwd, 'app.db');
  const connection = await connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path }, undefined, 'app.db');
  const rows = await connection.query<{ name: string }>('SELECT name FROM sqlite_schema ORDER BY name');
  await connection.close();
  return rows.map(({ name }) => name);
}

describe('migrate current', () => {
  it('is base before anything ran, and makes nothing', async () => {
    await writeGraph(cwd, FORK);
    const base = await run('migrate current');
    expect(base).toMatchObject({ code: 0, stdout: 'base: nothing is applied\n' });
    expect(existsSync(join(cwd, 'app.db'))).toBe(false);
    expect((await run('migrate current --check-heads')).code).toBe(3);

    await run('db create');
    expect((await run('migrate current')).stdout).toBe('base: nothing is applied\n');
    expect(await tables()).toEqual([]);
  });

  it('names the end of each line, and what it is', async () => {
    await writeGraph(cwd, FORK);
    await run('migrate up 1000');
    expect((await run('migrate current')).stdout).toBe('1000 start (branchpoint)\n');
    await run('migrate up reports@head');
    expect((await run('migrate current')).stdout).toBe('2002 more (head)\n');
    const behind = await run('migrate current --check-heads');
    expect(behind.code).toBe(3);
    expect(behind.stdout).toContain('not at the heads: 1 pending');
    await run('migrate up heads');
    expect(await run('migrate current --check-heads')).toMatchObject({
      code: 0,
      stdout: '2000 main (head)\n2002 more (head)\n',
    });
    const { result } = JSON.parse((await run('migrate current --json')).stdout);
    expect(result).toEqual({
      target: expect.stringContaining('app.db'),
      current: ['2000', '2002'],
      atHeads: true,
      pending: 0,
      revisions: [
        {
          revision: '2000',
          name: 'main',
          branch: null,
          head: true,
          neededBy: [],
          branchpoint: false,
          mergepoint: false,
          file: '2000_main.sql',
          ahead: false,
        },
        expect.objectContaining({ revision: '2002', head: true }),
      ],
    });
  });

  it('counts a head that is reached as a dependency of another one', async () => {
    await writeGraph(cwd, '1000 lib <base [lib]\n2000 app <base\n2001 uses <2000 ~1000');
    await run('migrate up 2001');
    expect(await run('migrate current --check-heads')).toMatchObject({
      code: 0,
      stdout: '1000 lib (lib) (effective head)\n2001 uses (head)\n',
    });
    const { result } = JSON.parse((await run('migrate current --json')).stdout);
    expect(result.revisions[0]).toMatchObject({ head: true, neededBy: ['2001'] });
  });

  it('is not at the heads while something older is pending, or a file is missing', async () => {
    await writeGraph(cwd, '1000 a\n3000 c <1000');
    await run('migrate up');
    await writeGraph(cwd, '2000 b <1000\n2001 m <2000,3000');
    expect((await run('migrate current --check-heads')).code).toBe(3);
    await run('migrate up --out-of-order');
    expect((await run('migrate current --check-heads')).stdout).toBe('2001 m (head) (mergepoint)\n');
    for (const file of ['2001_m.sql', '2001_m.down.sql']) rmSync(join(cwd, 'migrations', file));
    await run('migrate hash');
    const ahead = await run('migrate current --check-heads');
    expect(ahead.code).toBe(3);
    expect(ahead.stdout).toContain('2001 m (ahead: no file here)');
    expect(ahead.stdout).toContain('revisions that have no file here');
    expect((await run('migrate current')).code).toBe(0);
  });

  it('says with --verbose where from, where and when', async () => {
    await writeGraph(cwd, '1000 a\n2000 b <1000 ~1000');
    await run('migrate up');
    const { stdout } = await run('migrate current --verbose');
    expect(stdout).toMatch(/^\S*app\.db:\n2000 b \(head\)\n {4}parent {9}1000\n {4}depends on {5}1000\n/);
    expect(stdout).toMatch(/ {4}path {11}\S+2000_b\.sql\n {4}applied {8}20\d\d-\S+ by \S+/);
  });
});
