import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { FORK, writeGraph } from '../support/graph-folder.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-check-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const schema = (sql: string) => writeFileSync(join(cwd, 'schema.sql'), sql);

/** The database is named, not there, and must not be made: only its engine counts. */
describe.each(['sqlite:nowhere/app.db', 'postgres://nobody:hidden@127.0.0.1:1/nowhere'])(
  'migrate check with %s',
  (url) => {
    const run = (line: string) => inProcess([...line.split(' '), '--url', url], { cwd });

    it('agrees in one line', async () => {
      await writeGraph(cwd, '1000 a\n2000 b');
      schema('CREATE TABLE t_1000 (id integer); CREATE TABLE t_2000 (id integer);');
      const agreed = await run('migrate check');
      expect(agreed).toMatchObject({ code: 0, stdout: 'the migrations lead to schema.sql\n', stderr: '' });
      expect(existsSync(join(cwd, 'nowhere'))).toBe(false);
      const { result, ok } = JSON.parse((await run('migrate check --json')).stdout);
      expect(ok).toBe(true);
      expect(result).toEqual({
        matches: true,
        steps: [],
        hazards: [],
        heads: ['2000'],
        severalHeads: [],
        unmanaged: [],
      });
    });

    it('shows what would be written, hazards too, and writes nothing', async () => {
      await writeGraph(cwd, '1000 a\n2000 b');
      schema('CREATE TABLE t_1000 (id integer, name text); CREATE TABLE other (id integer);');
      const before = readdirSync(join(cwd, 'migrations'));
      const { code, stdout, stderr } = await run('migrate check');
      expect(code).toBe(3);
      expect(stdout).toContain('the schema and the migrations differ (tidemark migrate diff NAME');
      expect(stdout).toMatch(/^ {2}create column \S*t_1000\.name/im);
      expect(stdout).toMatch(/^ {2}careful: Loses data: /m);
      expect(stdout).toMatch(/tidemark schema inspect migrations:migrations shows what they make\n$/);
      expect(stdout + stderr).not.toContain('hidden');
      expect(readdirSync(join(cwd, 'migrations'))).toEqual(before);
      const { result, ok } = JSON.parse((await run('migrate check --json')).stdout);
      expect(ok).toBe(false);
      expect(result).toMatchObject({ matches: false, hazards: [{ level: 'data-loss' }] });
      expect(result.steps.length).toBeGreaterThan(1);
    });
  },
);

describe('migrate check', () => {
  const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });

  it('also asks for one line: several heads without labels', async () => {
    await writeGraph(cwd, '1000 a\n2000 b <1000\n2001 c <1000');
    const tables = [1000, 2000, 2001].map((id) => `CREATE TABLE t_${id} (id integer);`).join('\n');
    schema(tables);
    const several = await run('migrate check');
    expect(several.code).toBe(3);
    expect(several.stdout).toContain('the migrations lead to schema.sql\nthere are several heads');
    expect(several.stdout).toContain('2000, 2001');
    expect(JSON.parse((await run('migrate check --json')).stdout).result).toMatchObject({
      matches: true,
      severalHeads: ['2000', '2001'],
    });

    await writeGraph(cwd, FORK);
    rmSync(join(cwd, 'migrations', '2001_c.sql'));
    rmSync(join(cwd, 'migrations', '2001_c.down.sql'));
    rmSync(join(cwd, 'migrations', '2000_b.sql'));
    rmSync(join(cwd, 'migrations', '2000_b.down.sql'));
    rmSync(join(cwd, 'migrations', '1000_a.sql'));
    rmSync(join(cwd, 'migrations', '1000_a.down.sql'));
    await run('migrate hash');
    schema(`${tables} CREATE TABLE t_2002 (id integer);`);
    expect(await run('migrate check')).toMatchObject({
      code: 0,
      stdout: 'the migrations lead to schema.sql\n',
    });
  });

  it('refuses a folder that is not what its sum says', async () => {
    await writeGraph(cwd, '1000 a');
    writeFileSync(join(cwd, 'migrations/1000_a.sql'), 'CREATE TABLE other (id integer);');
    schema('');
    expect(await run('migrate check')).toMatchObject({ code: 1, stdout: '' });
  });

  it('knows a rename that a comment says', async () => {
    await writeGraph(cwd, '1000 a');
    schema('CREATE TABLE t_1000 (\n  key integer -- tidemark:renamed-from id\n);');
    const { code, stdout } = await run('migrate check');
    expect(code).toBe(3);
    expect(stdout).toMatch(/rename/i);
    expect(stdout).not.toContain('Loses data');
  });
});
