import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { rolesNamed } from '../../src/migrations/postgres-missing-role.js';
import { inProcess } from '../support/cli-in-process.js';
import { describeEachServer, query, withDatabase } from '../support/postgres-server.js';

vi.setConfig({ testTimeout: 240_000 });

test.each([
  ['GRANT SELECT ON t TO a, "B c", PUBLIC', ['a', 'B c']],
  ['ALTER TABLE t OWNER TO CURRENT_USER', []],
  ['ALTER TABLE t OWNER TO a', ['a']],
  ['CREATE POLICY p ON t TO a, b USING (true)', ['a', 'b']],
  ['ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b', ['a', 'b']],
  ['CREATE SCHEMA s AUTHORIZATION a', ['a']],
  ['CREATE TABLE t (a nosuchtype)', []],
  ['no SQL', []],
])('the roles that a statement names: %s', async (sql, roles) => {
  expect([...(await rolesNamed(sql))].sort()).toEqual([...roles].sort());
});

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-missing-role-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

describeEachServer(
  'a role that the server lacks',
  (server) => {
    const role = 'tm "nobody" of all';
    const sql = (text: string) => text.replaceAll('ROLE', '"tm ""nobody"" of all"');

    test.each([
      ['a grant', 'GRANT SELECT ON t TO ROLE;'],
      ['an owner', 'ALTER TABLE t OWNER TO ROLE;'],
      ['a policy', 'CREATE POLICY p ON t TO ROLE USING (true);'],
    ])('is named with a way out, in any language: %s', (_, statement) =>
      withDatabase(server, async (url) => {
        // Whether the server has the translation or not, the way out does not hang on the words.
        const [{ name }] = (await query(url, 'SELECT current_database() AS name')) as [{ name: string }];
        await query(url, `ALTER DATABASE "${name}" SET lc_messages TO 'de_DE.UTF-8'`).catch(() => undefined);
        const run = (line: string) =>
          inProcess([...line.split(' '), '--url', url], {
            cwd,
            env: { PATH: process.env.PATH ?? '', TIDEMARK_CACHE_DIR: process.env.TIDEMARK_CACHE_DIR ?? '' },
          });
        const said = `This server does not have the role ${role}.`;
        mkdirSync(join(cwd, 'migrations'));
        writeFileSync(join(cwd, 'migrations', '1_a.sql'), `CREATE TABLE t (a int);\n${sql(statement)}\n`);
        await hashFolder(join(cwd, 'migrations'));
        const up = await run('migrate up');
        expect(up.code).toBe(1);
        expect(up.stderr).toContain(said);
        writeFileSync(join(cwd, 'schema.sql'), `CREATE TABLE t (a int);\n${sql(statement)}\n`);
        const applied = await run('schema apply --yes');
        expect(applied.code).toBe(1);
        expect(applied.stderr).toContain(said);
        expect(applied.stderr).toContain('CREATE ROLE "tm ""nobody"" of all"');
        expect(await query(url, "SELECT to_regclass('t') AS t")).toEqual([{ t: null }]);
      }),
    );
  },
  { newest: true },
);
