import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-usage-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess(line.split(' '), { cwd });

it.each(['migrate', 'schema', 'db'])('%s --json without a command is one JSON error', async (group) => {
  const { code, stdout, stderr } = await run(`${group} --json`);
  expect([code, stderr]).toEqual([2, '']);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    error: {
      code: 'usage',
      message: `\`tidemark ${group}\` is a group: name one of its commands`,
      hints: [`Run \`tidemark ${group} --help\` to see what there is.`],
    },
  });
  const shown = await run(group);
  expect([shown.code, shown.stdout]).toEqual([2, '']);
  expect(shown.stderr).toContain('Commands');
});

it('--dotenv names the file of variables', async () => {
  writeFileSync(join(cwd, 'other.env'), 'DATABASE_URL=sqlite:other.db\n');
  expect((await run('migrate status --dotenv other.env')).stdout).toContain('other.db is at base');
  const { code, stderr } = await run('migrate status --dotenv nope.env');
  expect(code).toBe(2);
  expect(stderr).toContain('--dotenv');
});

it('schema apply tells of an --allow that matches nothing', async () => {
  writeFileSync(join(cwd, 'two.sql'), 'CREATE TABLE a (id INTEGER); CREATE TABLE b (id INTEGER);');
  writeFileSync(join(cwd, 'one.sql'), 'CREATE TABLE a (id INTEGER);');
  const apply = (rest: string) => run(`schema apply --url sqlite:app.db --yes ${rest}`);
  expect((await apply('--schema two.sql')).code).toBe(0);
  const { code, stderr } = await apply('--schema one.sql --allow drop-table:b --allow drop-tabel');
  expect(code).toBe(0);
  expect(stderr).toContain('--allow drop-tabel matches nothing');
  expect(stderr).not.toContain('drop-table:b matches');
});
