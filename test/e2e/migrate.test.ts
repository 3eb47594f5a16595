import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { type CliResult, tidemark } from '../support/cli.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';

const USERS = `CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email citext NOT NULL UNIQUE,
  nick text,
  mood mood NOT NULL DEFAULT 'ok'
);
COMMENT ON TABLE users IS 'it''s people';
`;

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-migrate-'));
  write('schema.sql', USERS);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const write = (file: string, text: string) => writeFileSync(join(cwd, file), text);
const read = (file: string) => readFileSync(join(cwd, file), 'utf8');
const files = () => (existsSync(join(cwd, 'migrations')) ? readdirSync(join(cwd, 'migrations')).sort() : []);
const newest = (suffix: string) =>
  join(
    'migrations',
    files()
      .filter((file) => file.endsWith(suffix))
      .at(-1)!,
  );

/** Runs a command line of plain words in the project. */
const run = (line: string, env: Record<string, string> = {}) =>
  tidemark(line.split(' ').filter(Boolean), { cwd, env });

async function must(line: string, env: Record<string, string> = {}): Promise<CliResult> {
  const result = await run(line, env);
  expect(result.code, `${line}\n${result.stdout}${result.stderr}`).toBe(0);
  return result;
}

const json = async (line: string) => JSON.parse((await run(`${line} --json`)).stdout);

async function ask(url: string, sql: string) {
  const connection = await openDatabase(parseDatabaseUrl(url));
  try {
    return await connection.query(sql);
  } finally {
    await connection.close();
  }
}

describe('migrate diff', () => {
  it('writes both directions once, in the same bytes for the same input', async () => {
    const first = await must('migrate diff create_users');
    expect(first.stdout).toContain('proven up and down');
    expect(files()).toEqual([
      expect.stringMatching(/^\d{14}_create_users\.down\.sql$/),
      expect.stringMatching(/^\d{14}_create_users\.sql$/),
      'tidemark.sum',
    ]);
    expect(read(newest('users.sql'))).toBe(`-- Create extension citext
CREATE EXTENSION IF NOT EXISTS citext;

-- Create enum mood
CREATE TYPE mood AS ENUM ('sad', 'ok');

-- Create table users
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY,
  email citext NOT NULL,
  nick text,
  mood mood NOT NULL DEFAULT 'ok',
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email)
);
COMMENT ON TABLE users IS 'it''s people';
`);
    const again = await must('migrate diff nothing');
    expect(again.stdout).toContain('nothing to do');
    expect(files()).toHaveLength(3);
  });

  it('--dry-run shows both directions and writes nothing', async () => {
    const { stdout } = await must('migrate diff create_users --dry-run');
    expect(stdout).toContain('CREATE TABLE users');
    expect(stdout).toContain('DROP TABLE users');
    expect(files()).toEqual([]);
  });

  it('says in the down file and in --json what cannot be brought back', async () => {
    await must('migrate diff create_users');
    write('schema.sql', USERS.replace('  nick text,\n', ''));
    const { result } = await json('migrate diff drop_nick --allow drop-column:users.nick');
    expect(result.reversible).toBe(false);
    expect(result.hazards).toMatchObject([
      { code: 'drop-column', level: 'data-loss', subject: 'users.nick' },
    ]);
    const down = read(newest('.down.sql'));
    expect(down).toContain('This brings back the definitions, not the data:');
    expect(down).toContain('users.nick');
    expect(read(newest('drop_nick.sql'))).toContain('-- Loses data:');
  });

  it('stops at a likely rename with three ways to answer, each of which works', async () => {
    await must('migrate diff create_users');
    const renamed = USERS.replace('nick text', 'nickname text');
    write('schema.sql', renamed);
    const refused = await run('migrate diff rename');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain('--rename users.nick=nickname');
    expect(refused.stderr).toContain('-- tidemark:renamed-from nick');
    expect(refused.stderr).toContain('--not-renamed users.nick');
    expect(files()).toHaveLength(3);

    const flag = await must('migrate diff rename --rename users.nick=nickname --dry-run');
    expect(flag.stdout).toContain('ALTER TABLE users RENAME COLUMN nick TO nickname');
    expect(flag.stdout).not.toContain('DROP COLUMN');
    const dropped = await must('migrate diff rename --not-renamed users.nick --dry-run');
    expect(dropped.stdout).toContain('DROP COLUMN nick');
    write('schema.sql', renamed.replace('nickname text,', 'nickname text, -- tidemark:renamed-from nick'));
    expect((await must('migrate diff rename --dry-run')).stdout).toBe(flag.stdout);
  });

  it('renames a table with the keys that are named after it', async () => {
    await must('migrate diff create_users');
    write('schema.sql', USERS.replaceAll('users', 'people'));
    const { stdout } = await must('migrate diff people --rename users=people --dry-run');
    expect(stdout).toContain('ALTER TABLE users RENAME TO people');
    expect(stdout).toContain('RENAME CONSTRAINT users_pkey TO people_pkey');
    expect(stdout).not.toMatch(/DROP|CREATE TABLE/);
  });

  it('supplies an extension that the schema uses and does not create, and says so', async () => {
    write('schema.sql', 'CREATE TABLE notes (id int PRIMARY KEY, embedding vector(3));');
    const result = await must('migrate diff notes');
    expect(result.stderr).toContain('vector');
    expect(read(newest('notes.sql'))).toMatch(
      /^-- Create extension vector\nCREATE EXTENSION IF NOT EXISTS vector;/,
    );
  });

  it.each([
    ['a mistake in the grammar', 'CREATE TABLE a (id int);\n\nCREATE TABEL b ();', 'schema.sql:3:8'],
    ['a name that is not there', 'CREATE TABLE a (id int REFERENCES nowhere);', 'schema.sql:1'],
    ['psql commands', 'CREATE TABLE a (id int);\n\\i other.sql\n', 'schema.sql:2'],
    ['data of COPY', 'CREATE TABLE a (id int);\nCOPY a FROM stdin;\n1\n\\.\n', 'schema.sql:2'],
  ])('%s is shown with its place, and nothing is written', async (_, sql, place) => {
    write('schema.sql', sql);
    const result = await run('migrate diff wrong');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(place);
    expect(result.stderr).toContain('^');
    expect(result.stdout).toBe('');
    expect(files()).toEqual([]);
  });

  it('names what it does not manage', async () => {
    write('schema.sql', `${USERS}CREATE EXTENSION tablefunc; CREATE TABLE pairs OF tablefunc_crosstab_2;`);
    const result = await must('migrate diff create_users');
    expect(result.stderr).toContain('table of a type that is not managed pairs');
    expect(read(newest('users.sql'))).not.toContain(' OF ');
  });

  it('reads a folder, a glob and CRLF files the same way', async () => {
    mkdirSync(join(cwd, 'schema'));
    const [extension, type, ...rest] = USERS.split('\n');
    write('schema/1_types.sql', `${extension}\r\n${type}\r\n`);
    write('schema/2_tables.sql', `\uFEFF${rest.join('\r\n')}`);
    const folder = await must('migrate diff a --dry-run --schema schema');
    expect((await must('migrate diff a --dry-run --schema schema/*.sql')).stdout).toBe(folder.stdout);
    expect((await must('migrate diff a --dry-run')).stdout).toBe(folder.stdout);
  });
});

describe('the migrations folder', () => {
  it('does not go on from files that do not match their sum', async () => {
    await must('migrate diff create_users');
    write(newest('users.sql'), `${read(newest('users.sql'))}-- edited\n`);
    for (const line of ['migrate diff more', 'migrate up --url pglite:db', 'migrate validate']) {
      const result = await run(line);
      expect(result.code, line).not.toBe(0);
      expect(result.stderr).toContain('tidemark migrate hash');
    }
    expect((await must('migrate hash')).stdout).toContain('edited');
    await must('migrate validate');
  });

  it('validates, and with --replay proves every reverse', async () => {
    await must('migrate diff create_users');
    expect((await must('migrate validate --replay')).stdout).toContain('every reverse led back');
    await must('migrate new backfill');
    write(newest('backfill.sql'), 'CREATE TABLE left_behind (id int);\n');
    await must('migrate hash');
    expect((await must('migrate validate')).stdout).toContain('no way down');
    write(newest('backfill.down.sql'), 'SELECT 1;\n');
    await must('migrate hash');
    const result = await run('migrate validate --replay');
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('drop table left_behind');
  });
});

describeOldestAndNewest(
  'migrate',
  (server) => {
    let url: string;
    let drop: () => Promise<void>;
    beforeEach(async () => {
      ({ url, drop } = await freshDatabase(server));
      write('tidemark.config.json', JSON.stringify({ environments: { local: { url } } }));
    });
    afterEach(() => drop());

    it('goes up, tells the truth, comes down and goes up again with the rows of other tables still there', async () => {
      await must('migrate diff create_users');
      expect((await run('migrate status --check')).code).toBe(3);
      await must('migrate up');
      expect((await run('migrate status --check')).code).toBe(0);
      await ask(url, "INSERT INTO users (email, nick) VALUES ('Ada@example.com', 'ada') RETURNING id");

      write('schema.sql', `${USERS}CREATE TABLE teams (id int PRIMARY KEY);\n`);
      await must('migrate diff create_teams');
      const plan = await must('migrate up --dry-run');
      expect(plan.stdout).toContain('CREATE TABLE teams');
      expect(plan.stdout).not.toContain('users');
      expect((await json('migrate status')).result.pending).toBe(1);
      await must('migrate up');
      await must('migrate down');
      await must('migrate up 1');
      expect(await ask(url, "SELECT nick FROM users WHERE email = 'ada@EXAMPLE.com'")).toEqual([
        { nick: 'ada' },
      ]);

      const history = await json('migrate history');
      expect(history.result.migrations.map((migration: { state: string }) => migration.state)).toEqual([
        'applied',
        'applied',
      ]);
      expect(
        history.result.log.filter(
          (entry: { outcome: string; revision: string }) => entry.outcome === 'done' && entry.revision,
        ),
      ).toHaveLength(4);
      expect((await must('migrate show head')).stdout).toContain('CREATE TABLE teams');

      const status = await must('status');
      expect(status.stdout).toContain('the database is what its migrations made of it');
      await ask(url, 'ALTER TABLE teams ADD COLUMN by_hand int');
      const drift = await run('status --check');
      expect(drift.code).toBe(3);
      expect(drift.stdout).toContain('column teams.by_hand');

      await must('migrate down base');
      expect(
        await ask(url, "SELECT count(*)::int AS n FROM pg_class WHERE relname IN ('users', 'teams')"),
      ).toEqual([{ n: 0 }]);
    });

    it('a statement that fails takes the migration back, names the place, and is on record', async () => {
      await must('migrate new broken');
      write(newest('broken.sql'), 'CREATE TABLE a (id int);\n\nINSERT INTO a VALUES\n  (nonsense);\n');
      await must('migrate hash');
      const result = await run('migrate up');
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/broken\.sql:4:4/);
      expect(result.stderr).toContain('^');
      expect(await ask(url, "SELECT to_regclass('a') AS a")).toEqual([{ a: null }]);
      const { result: history } = await json('migrate history');
      expect(history.log.at(-1)).toMatchObject({ outcome: 'failed' });
      expect(history.migrations).toMatchObject([{ state: 'pending' }]);
    });

    it('declares, shows the plan, applies without a migration, and converges', async () => {
      const refused = await run('schema apply');
      expect(refused.code).toBe(4);
      expect(refused.stderr).toContain('--yes');
      await must('schema apply --yes');
      expect((await must('schema diff --check')).stdout).toBe('');
      write(
        'schema.sql',
        USERS.replace('  nick text,\n', "  bio varchar(80) CHECK (bio IN ('a', 'b')),\n").replace(
          "'sad', 'ok'",
          "'ok', 'great'",
        ),
      );
      const lossy = await run('schema apply --yes');
      expect(lossy.code).toBe(4);
      expect(lossy.stderr).toContain('--allow drop-column:users.nick');
      expect((await run('schema diff --check')).code).toBe(3);
      await must('schema apply --yes --allow all');
      expect((await must('schema diff --check')).stdout).toBe('');
      expect((await must('schema apply --yes')).stdout).toContain('nothing to do');
    });

    it('inspects a database as SQL that makes it again', async () => {
      await must('schema apply --yes');
      const { stdout } = await must('schema inspect');
      write('copy.sql', stdout);
      expect((await must('schema diff --from copy.sql --to schema.sql --check')).stdout).toBe('');
      const facts = await json('schema inspect');
      expect(facts.result.objects.map((object: { id: string }) => object.id)).toContain('table:public.users');
    });
  },
  { embedded: true },
);
