import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FORK, runner, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-heads-of-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const run = runner(() => cwd);
const json = async (line: string) => JSON.parse((await run(`${line} --json`)).stdout);

/** Two people wrote a migration at the same time. */
const ACCIDENT = '1000 a\n2000 b <1000\n2001 c <1000';

describe('migrate validate', () => {
  it('warns of several heads that nobody meant, with the ways', async () => {
    await writeGraph(cwd, ACCIDENT);
    const { code, stdout, stderr } = await run('migrate validate');
    expect(code).toBe(0);
    expect(stdout).toContain('heads: 2000, 2001\n');
    expect(stderr).toMatch(
      /^warning: there are several heads without a branch label: 2000, 2001; .*merge.*rebase.*branch LABEL/,
    );
    const { ok, result, warnings } = await json('migrate validate');
    expect({ ok, warnings: warnings.length }).toEqual({ ok: true, warnings: 1 });
    expect(result).toMatchObject({ head: null, heads: ['2000', '2001'], severalHeads: ['2000', '2001'] });
  });

  it('says nothing of labelled lines', async () => {
    await writeGraph(cwd, FORK);
    expect(await run('migrate validate')).toMatchObject({ code: 0, stderr: '' });
    expect((await json('migrate validate')).result).toMatchObject({ head: null, severalHeads: [] });
    await writeGraph(cwd, '2003 other <2000 [one]\n2004 another <2000 [two]');
    expect((await run('migrate validate')).stderr).toBe('');
  });

  it('does not take one label above two heads for a label of each', async () => {
    await writeGraph(cwd, '1000 a [all]\n2000 b <1000\n2001 c <1000');
    expect((await json('migrate validate')).result.severalHeads).toEqual(['2000', '2001']);
  });

  it('replays several lines', async () => {
    await writeGraph(cwd, FORK);
    expect((await run('migrate validate --replay')).stdout).toContain('every reverse led back');
  });

  it.each([
    ['-- tidemark:parent 1000\n', 'graph-cycle'],
    ['-- tidemark:parent 2000\n', 'graph-cycle'],
    ['-- tidemark:depends-on 2002\n', 'graph-cycle'],
    ['-- tidemark:parent 999\n', 'graph-unknown-parent'],
    ['-- tidemark:depends-on nowhere\n', 'graph-unknown-parent'],
    ['-- tidemark:branch reports\n', 'branch-duplicate'],
    ['-- tidemark:revision 2001\n', 'migration-duplicate'],
  ])('refuses a graph that is none: %j', async (directive, code) => {
    await writeGraph(cwd, FORK);
    writeFileSync(join(cwd, 'migrations/1000_start.sql'), `${directive}SELECT 1;\n`);
    writeFileSync(join(cwd, 'schema.sql'), '');
    await run('migrate hash');
    for (const command of [
      'validate',
      'heads',
      'branches',
      'history',
      'current',
      'status',
      'show 2000',
      'check',
    ]) {
      const { code: exit, stdout } = await run(`migrate ${command} --json`);
      const { error } = JSON.parse(stdout);
      expect({ command, exit, code: error.code }).toEqual({ command, exit: 1, code });
      expect(error.message).toMatch(/1000|2001|2002/);
      expect(error.hints.length).toBeGreaterThan(0);
    }
  });
});

describe('migrate status', () => {
  it('has a problem with several heads only when no label tells them apart', async () => {
    await writeGraph(cwd, ACCIDENT);
    const accident = await run('migrate status --check');
    expect(accident.code).toBe(3);
    expect(accident.stdout).toContain('problem: there are several heads: 2000, 2001');
    expect(accident.stdout).toContain('heads: 2000, 2001\n');
    await run('migrate up heads');
    expect((await run('migrate status --check')).code).toBe(3);

    rmSync(join(cwd, 'migrations'), { recursive: true });
    rmSync(join(cwd, 'app.db'));
    await writeGraph(cwd, FORK);
    const pending = await run('migrate status');
    expect(pending.stdout).not.toContain('problem');
    expect(pending.stdout).toContain('tidemark migrate up heads applies them');
    await run('migrate up heads');
    expect(await run('migrate status --check')).toMatchObject({ code: 0 });
  });

  it('shows heads and where the database is on each branch', async () => {
    await writeGraph(cwd, `${FORK}3000 later <base [later]`);
    await run('migrate up 2001');
    const { stdout } = await run('migrate status');
    expect(stdout).toContain(
      'heads: 2000, 2002, 3000\nbranch reports: at 2001, head 2002\nbranch later: not begun, head 3000\n',
    );
    const { result } = await json('migrate status');
    expect(result).toMatchObject({
      current: ['2001'],
      heads: ['2000', '2002', '3000'],
      branches: [
        { label: 'reports', revision: '2001', heads: ['2002'], current: ['2001'] },
        { label: 'later', revision: '3000', heads: ['3000'], current: [] },
      ],
    });
    expect(result.migrations[2]).toMatchObject({ revision: '2001', branch: 'reports', dependsOn: [] });
  });

  it('lists fifty pending ones, counts the rest, and has all in JSON', async () => {
    await writeGraph(cwd, Array.from({ length: 60 }, (_, at) => `${1000 + at} m`).join('\n'));
    const { stdout } = await run('migrate status');
    expect(stdout.match(/ {2}pending /g)).toHaveLength(50);
    expect(stdout).toContain('and 10 more (tidemark migrate history lists all)');
    expect((await json('migrate status')).result.migrations).toHaveLength(60);
  });
});
