import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openProject } from '../../src/index.js';
import { inProcess } from '../support/cli-in-process.js';
import { embedded, freshDatabase, servers } from '../support/postgres-server.js';

const kinds = [
  { name: 'SQLite', open: async (cwd: string) => ({ url: `sqlite:${cwd}/app.db`, drop: async () => {} }) },
  { name: 'the embedded engine', open: () => freshDatabase(embedded()) },
  ...servers()
    .slice(0, 1)
    .map((server) => ({ name: `PostgreSQL ${server.name}`, open: () => freshDatabase(server) })),
];

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-managed-'));
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

function at(url: string) {
  const env = { PATH: process.env.PATH ?? '', TIDEMARK_CACHE_DIR: process.env.TIDEMARK_CACHE_DIR ?? '' };
  const run = (line: string) => inProcess([...line.split(' '), '--url', url], { cwd, env });
  return {
    run,
    json: async (line: string) => JSON.parse((await run(`${line} --json`)).stdout),
    async outside(...statements: string[]) {
      const project = await openProject({ folder: cwd, url });
      try {
        await (await project.connection()).executeAll(statements);
      } finally {
        await project.close();
      }
    },
  };
}

const BOOKS = [
  'CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)',
  'CREATE TABLE knex_migrations (id integer PRIMARY KEY, name varchar(255), batch integer, migration_time timestamp)',
  'CREATE INDEX knex_batch ON knex_migrations (batch)',
];
const USERS = 'CREATE TABLE users (id integer PRIMARY KEY, email text);\n';

// Several commands each, some of which start an engine.
vi.setConfig({ testTimeout: 240_000 });

describe.each(kinds)('one filter holds in every command: $name', ({ open }) => {
  test("other tools' bookkeeping is left alone, and said", async () => {
    const database = await open(cwd);
    try {
      const { run, json, outside } = at(database.url);
      await run('db create');
      await outside(...BOOKS);
      writeFileSync(join(cwd, 'schema.sql'), USERS);
      const said = 'left alone: alembic_version, the bookkeeping of Alembic\n';

      const applied = await run('schema apply --yes');
      expect(applied.code, applied.stderr).toBe(0);
      expect(applied.stderr).toContain(said);
      expect(applied.stderr).toContain('left alone: knex_migrations, the bookkeeping of knex\n');
      expect(applied.stderr.split(said)).toHaveLength(2);
      const inspected = await run('schema inspect');
      expect(inspected.stdout).toContain('users');
      expect(inspected.stdout).not.toMatch(/alembic|knex/);
      expect(inspected.stderr).toContain(said);
      expect((await json(`schema diff --from ${database.url} --to schema.sql`)).result.sql).toBe('');

      const snapshot = await run('schema snapshot');
      expect(snapshot.stderr).toContain(said);
      const [file] = readdirSync(join(cwd, 'snapshots')).filter((name) => name.endsWith('.sql'));
      expect(readFileSync(join(cwd, 'snapshots', file!), 'utf8')).not.toMatch(/alembic|knex/);
      await outside('DROP TABLE alembic_version', 'DROP INDEX knex_batch');
      const detected = await run('schema detect');
      expect(detected.code, detected.stderr).toBe(0);
      expect(detected.stdout).toMatch(/nothing/i);

      const status = await json('status');
      expect(status.result.drift.join('\n')).toContain('users');
      expect(status.result.drift.join('\n')).not.toMatch(/alembic|knex/);

      // Named by the filter, it is managed as any other table.
      const taken = await json(
        `schema diff --from schema.sql --to ${database.url} --include * --include knex_migrations`,
      );
      expect(taken.result.sql).toMatch(/CREATE TABLE "?knex_migrations/);
    } finally {
      await database.drop();
    }
  });

  test('only what is included is managed, with its parts', async () => {
    const database = await open(cwd);
    try {
      const { run, json, outside } = at(database.url);
      await run('db create');
      writeFileSync(
        join(cwd, 'tidemark.config.json'),
        JSON.stringify({ include: ['users', 'kept_*'], exclude: ['kept_not'] }),
      );
      writeFileSync(
        join(cwd, 'schema.sql'),
        `${USERS}CREATE INDEX by_email ON users (email);\nCREATE TABLE elsewhere (a integer);\nCREATE TABLE kept_not (a integer);\n`,
      );
      await outside('CREATE TABLE theirs (a integer)', 'CREATE INDEX theirs_a ON theirs (a)');

      const applied = await run('schema apply --yes');
      expect(applied.code, applied.stderr).toBe(0);
      const { stdout } = await run('schema inspect');
      expect(stdout).toMatch(/CREATE TABLE "?users/);
      expect(stdout).toContain('by_email');
      expect(stdout).not.toMatch(/theirs|elsewhere|kept_not/);
      expect((await json(`schema diff --from ${database.url} --to schema.sql`)).result.sql).toBe('');

      await run('schema snapshot');
      await outside('ALTER TABLE theirs ADD COLUMN b integer', 'CREATE TABLE kept_not (a integer)');
      expect((await run('schema detect')).stdout).toMatch(/nothing/i);
      await outside('CREATE TABLE kept_new (a integer)');
      const detected = await json('schema detect');
      expect(JSON.stringify(detected.result)).toContain('kept_new');
      expect(JSON.stringify(detected.result)).not.toMatch(/theirs|kept_not/);

      const drift = (await json('status')).result.drift.join('\n');
      expect(drift).toContain('kept_new');
      expect(drift).not.toMatch(/theirs|kept_not/);

      // The flag takes the place of what the configuration says.
      const flagged = await run('schema inspect --include theirs');
      expect(flagged.stdout).toContain('theirs_a');
      expect(flagged.stdout).not.toContain('users');
      const wrong = await run('schema inspect --include tabel:users');
      expect(wrong).toMatchObject({ code: 2 });
      expect(wrong.stderr).toContain('there is no kind tabel (did you mean "table"?)');
    } finally {
      await database.drop();
    }
  });
});

test('owners and privileges are left alone by diff, apply and inspect where the configuration says so', async () => {
  const database = await freshDatabase(embedded());
  try {
    const { run, json, outside } = at(database.url);
    await outside('CREATE ROLE tm_cli_owner', 'CREATE ROLE tm_cli_reader');
    const sql = `${USERS}ALTER TABLE users OWNER TO tm_cli_owner;\nGRANT SELECT ON users TO tm_cli_reader;\n`;
    writeFileSync(join(cwd, 'schema.sql'), sql);
    writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify({ owners: false, privileges: false }));
    const diff = `schema diff --from ${database.url} --to schema.sql`;

    const applied = await run('schema apply --yes');
    expect(applied.code, applied.stderr).toBe(0);
    expect((await json(diff)).result.sql).toBe('');
    expect((await run('schema inspect')).stdout).not.toMatch(/OWNER|GRANT/);
    await outside('GRANT INSERT ON users TO tm_cli_reader');
    expect((await json(diff)).result.sql).toBe('');
    writeFileSync(join(cwd, 'tidemark.config.json'), '{}');
    expect((await run('schema inspect')).stdout).toMatch(/GRANT INSERT ON (TABLE )?users TO tm_cli_reader/);
  } finally {
    await database.drop();
  }
});
