import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-new-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));
const run = (line: string) => inProcess(line.split(' '), { cwd });

const files = () => readdirSync(join(cwd, 'migrations')).sort();

/** The head of the text of the file that a successful run wrote. */
async function written(line: string): Promise<string> {
  const { stdout, stderr } = await run(`${line} --json`);
  expect(stderr).toBe('');
  const { ok, result } = JSON.parse(stdout);
  expect(ok).toBe(true);
  return readFileSync(join(cwd, 'migrations', result.files[0]), 'utf8');
}

describe('migrate new', () => {
  it('follows the one head without a parent line', async () => {
    await writeGraph(cwd, '1000 a\n2000 b');
    expect(await written('migrate new third')).not.toContain('tidemark:');
    expect(await written('migrate new fourth --head head')).not.toContain('tidemark:');
    const { result } = JSON.parse((await run('migrate new fifth --revision 99999999999999 --json')).stdout);
    expect(result).toEqual({
      revision: '99999999999999',
      parents: [expect.stringMatching(/^20\d{12}$/)],
      dependsOn: [],
      branch: null,
      files: ['99999999999999_fifth.sql', '99999999999999_fifth.down.sql'],
    });
    expect((await run('migrate heads')).stdout).toBe('99999999999999 fifth (head)\n');
  });

  it('refuses several heads, names them and the ways', async () => {
    await writeGraph(cwd, FORK);
    const before = files();
    const { code, stderr } = await run('migrate new next');
    expect(code).toBe(2);
    expect(stderr).toContain('2000 (main), 2002 (more)');
    expect(stderr).toContain('--head REVISION or --head BRANCH@head');
    expect(stderr).toContain('tidemark migrate merge');
    expect(JSON.parse((await run('migrate new next --json')).stdout).error).toMatchObject({
      code: 'several-heads',
      details: { heads: ['2000', '2002'] },
    });
    expect(files()).toEqual(before);
  });

  it.each([
    ['reports@head', '2002'],
    ['2000', '2000'],
    ['main', '2000'],
  ])('follows the head that --head %s names', async (head, parent) => {
    await writeGraph(cwd, FORK);
    expect(await written(`migrate new next --head ${head}`)).toContain(`-- tidemark:parent ${parent}\n`);
    expect((await run('migrate heads')).stdout).toMatch(/ next \(head\)\n$/);
  });

  it('takes --splice for a revision that others follow', async () => {
    await writeGraph(cwd, FORK);
    const before = files();
    const refused = await run('migrate new next --head 1000');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('1000 (start) is not a head: 2000 (main), 2001 (side) follow it');
    expect(refused.stderr).toContain('--splice');
    expect(files()).toEqual(before);
    expect(await written('migrate new next --head 1000 --splice --branch third')).toMatch(
      /^-- tidemark:parent 1000\n-- tidemark:branch third\n/,
    );
    expect((await run('migrate branches')).stdout).toContain('third: from 20');
  });

  it.each(['--head base', '--parent base'])('begins a line of its own with %s', async (flag) => {
    await writeGraph(cwd, '1000 a');
    expect(await written(`migrate new own ${flag} --branch own`)).toMatch(
      /^-- tidemark:parent base\n-- tidemark:branch own\n/,
    );
    expect((await run(`migrate new both --head 1000 ${flag.replace('--head', '--parent')}`)).code).toBe(2);
  });

  it('resolves what it depends on, and keeps labels', async () => {
    await writeGraph(cwd, `${FORK}\n3000 app <base [app]`);
    expect(
      await written(
        'migrate new next --head app@head --depends-on 2002 --depends-on reports --depends-on start',
      ),
    ).toContain('-- tidemark:depends-on 2002 reports 1000\n');
    for (const [text, code] of [
      ['base', 'dependency-invalid'],
      ['200', 'target-ambiguous'],
      ['2000+1', 'target-unreachable'],
      ['nowhere', 'target-unknown'],
    ]) {
      const { stdout } = await run(`migrate new bad --head app@head --depends-on ${text} --json`);
      expect(JSON.parse(stdout).error.code).toBe(code);
    }
  });

  it.each([
    ['--revision 2000 --head 2000', /2000/],
    ['--head 2000 --branch reports', /"reports" stands at 2001 \(side\) already/],
    ['--head 2000 --branch 2000x', /cannot be the label/],
    ['--head 2000 --branch head', /cannot be the label/],
    ['--head 2000 --revision a@b', /cannot be the id/],
    ['--head 2000 --revision reports', /reports/],
    ['--head 2000 --revision x1 --branch x1', /x1/],
    ['--head nowhere', /there is no revision "nowhere"/],
    ['--head heads', /several revisions/],
    ['--head head', /heads/],
  ])('refuses %s before anything is written', async (flags, message) => {
    await writeGraph(cwd, FORK);
    const before = files();
    const { code, stdout, stderr } = await run(`migrate new next ${flags}`);
    expect(stderr).toMatch(message);
    expect({ code: code === 1 || code === 2, stdout }).toEqual({ code: true, stdout: '' });
    expect(files()).toEqual(before);
  });

  it('begins in an empty folder', async () => {
    expect(await written('migrate new first')).not.toContain('tidemark:');
  });
});

describe('migrate diff', () => {
  it('refuses several heads before it plans anything, and says the ways', async () => {
    await writeGraph(cwd, FORK);
    writeFileSync(join(cwd, 'schema.sql'), '');
    for (const flag of ['', ' --dry-run']) {
      const { code, stderr } = await run(`migrate diff next --url sqlite:app.db${flag}`);
      expect(code).toBe(2);
      expect(stderr).toContain('2000 (main), 2002 (more)');
      expect(stderr).toContain('tidemark migrate merge');
    }
  });
});
