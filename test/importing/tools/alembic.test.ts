import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/database/connection.js';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import type { TidemarkError } from '../../../src/errors.js';
import type { ImportedProject } from '../../../src/importing/imported-project.js';
import { importer } from '../../../src/importing/tools/alembic.js';
import { describeEachServer, query, withDatabase } from '../../support/postgres-server.js';
import { alembic, describeWithAlembic } from '../support/alembic-command.js';
import { goOnAfterImport } from '../support/go-on-after-import.js';
import { execute, makeDatabase, rows } from '../support/import-scenario.js';
import { differences, replayOn, runImported } from '../support/imported-sql.js';

const CHAT = fileURLToPath(new URL('../fixtures/alembic/chat', import.meta.url));
const SHOP = fileURLToPath(new URL('../fixtures/alembic/shop', import.meta.url));

const temporary: string[] = [];
afterEach(() => {
  for (const folder of temporary.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const ENV_PY = `
from alembic import context
context.configure(url=context.config.get_main_option("sqlalchemy.url"))
with context.begin_transaction():
    context.run_migrations()
`;

/** A project of Alembic with these files in its folder of versions. */
function project(
  versions: Readonly<Record<string, string>>,
  { env = ENV_PY, url = 'postgresql://localhost/nowhere' }: { env?: string; url?: string } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-alembic-'));
  temporary.push(folder);
  mkdirSync(join(folder, 'migrations', 'versions'), { recursive: true });
  writeFileSync(
    join(folder, 'alembic.ini'),
    `[alembic]\nscript_location = migrations\nsqlalchemy.url = ${url}\n`,
  );
  writeFileSync(join(folder, 'migrations', 'env.py'), env);
  for (const [name, text] of Object.entries(versions)) {
    writeFileSync(join(folder, 'migrations', 'versions', name), text);
  }
  return folder;
}

/** A version file. */
function version(revision: string, parents: string, up = 'pass', down = 'pass'): string {
  return [
    'import sqlalchemy as sa',
    'from alembic import op, context',
    `revision = "${revision}"`,
    `down_revision = ${parents}`,
    'def upgrade():',
    ...up.split('\n').map((line) => `    ${line}`),
    'def downgrade():',
    ...down.split('\n').map((line) => `    ${line}`),
    '',
  ].join('\n');
}

const env = process.env;

function read(path: string, engine: 'postgres' | 'sqlite' = 'postgres'): Promise<ImportedProject> {
  return importer.read(path, { engine, env: { ...env, DATABASE_URL: undefined } });
}

async function refusal(work: Promise<unknown>): Promise<TidemarkError> {
  return work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: TidemarkError) => error,
  );
}

describe('what is no project of Alembic', () => {
  test('is refused with exit code 2', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-alembic-'));
    temporary.push(folder);
    expect(await refusal(read(folder))).toMatchObject({ code: 'import-not-found', exitCode: 2 });
    expect(await refusal(read(join(folder, 'nowhere')))).toMatchObject({ code: 'import-not-found' });
  });

  test('needs an Alembic, and says how to get it', async () => {
    const folder = project({});
    const missing = await refusal(importer.read(folder, { engine: 'postgres', env: { PATH: '' } }));
    expect(missing).toMatchObject({ code: 'import-tool-missing', exitCode: 2 });
    expect(missing.hints.join('\n')).toContain('pip install alembic sqlalchemy');
    const wrong = { PATH: env.PATH, ALEMBIC: join(folder, 'no such program') };
    const named = await refusal(importer.read(folder, { engine: 'postgres', env: wrong }));
    expect(named).toMatchObject({ code: 'import-tool-missing', exitCode: 2 });
    expect(named.message).toContain('no such program');
  });
});

describeWithAlembic('importing from Alembic', () => {
  let shop: ImportedProject;
  beforeAll(async () => {
    shop = await read(SHOP);
  });
  const revision = (id: string) => {
    const found = shop.revisions.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no revision ${id}`);
    return found;
  };

  test('keeps the graph: branches, a merge, dependencies by label, labels', () => {
    const facts = shop.revisions.map(({ id, parents, dependsOn, branch }) => [
      id,
      parents,
      dependsOn,
      branch,
    ]);
    expect(facts).toEqual([
      ['1a2b3c4d5e6f', [], [], undefined],
      ['2bbbbbbbbbbb', ['1a2b3c4d5e6f'], [], 'billing'],
      ['2c', ['1a2b3c4d5e6f'], ['2bbbbbbbbbbb'], undefined],
      ['3_merge', ['2bbbbbbbbbbb', '2c'], [], undefined],
      ['4.concurrently', ['3_merge'], [], undefined],
      ['r1', [], ['2bbbbbbbbbbb'], 'reports'],
      ['r2', ['r1'], [], undefined],
    ]);
    expect(revision('2c').name).toBe('Names with "quotes", a % and a semicolon;');
  });

  test('takes what the migrations write and nothing of Alembic itself', () => {
    const all = shop.revisions.map(({ up, down }) => `${up}\n${down}`).join('\n');
    expect(all).not.toMatch(/shop_version|alembic_version|prints to standard output/);
    expect(all.match(/-- Running upgrade.*/g)).toEqual(['-- Running upgrade nothing -> nowhere']);
    expect(revision('1a2b3c4d5e6f').up).toContain("CHECK (email LIKE '%@%')");
    expect(revision('1a2b3c4d5e6f').up).toContain("VALUES ('100%@example.com', 'person'); -- at the end");
    expect(revision('1a2b3c4d5e6f').up.match(/CREATE TYPE mood/g)).toHaveLength(1);
    expect(revision('2bbbbbbbbbbb').up).toContain('INSERT INTO invoices (id, account_id) VALUES (2, 1);');
    expect(revision('2bbbbbbbbbbb').up).toContain('UPDATE invoices SET paid = true WHERE id = 2;');
    expect(revision('2c').up).toContain(`DEFAULT 'it''s 100% "so"; \\ yes'`);
  });

  test('writes an autocommit block as a file that does its own transactions', () => {
    expect(revision('4.concurrently')).toMatchObject({ transaction: 'none', downTransaction: 'none' });
    expect(revision('4.concurrently').up.split(/\n+/).filter(Boolean)).toEqual([
      'BEGIN;',
      'ALTER TABLE accounts ADD COLUMN nick TEXT;',
      'COMMIT;',
      'CREATE INDEX CONCURRENTLY accounts_nick_idx ON accounts (nick);',
      'BEGIN;',
      "UPDATE accounts SET nick = 'none';",
      'COMMIT;',
    ]);
    expect(revision('r2').up).toMatch(
      /^BEGIN;[^;]*;\s*COMMIT;\s*ALTER TYPE account_kind ADD VALUE 'robot';\s*$/,
    );
    expect(revision('1a2b3c4d5e6f').transaction).toBe('file');
  });

  test('has no down file for a downgrade that refuses, and says so', () => {
    expect(revision('r2').down).toBeUndefined();
    expect(shop.notes.join('\n')).toMatch(
      /r2_no_way_back\.py:15: downgrade\(\) says that there is no way back/,
    );
    expect(shop.notes.join('\n')).toContain('env.py found no URL of a PostgreSQL database');
    expect(shop.notes[0]).toMatch(/^Alembic \d.* with SQLAlchemy \d.*without a database\.$/);
  });

  test('reads the same from the ini file and from the script folder', async () => {
    for (const path of [join(SHOP, 'alembic.ini'), join(SHOP, 'migrations')]) {
      expect((await read(path)).revisions).toEqual(shop.revisions);
    }
  });

  test('refuses a migration that reads, with every place, and keeps what only writes', async () => {
    const folder = project({
      'a.py': version('a', 'None', 'op.execute("CREATE TABLE t (id int)")', 'op.execute("DROP TABLE t")'),
      'b.py': version(
        'b',
        '"a"',
        'rows = op.get_bind().execute(sa.text("SELECT id FROM t"))\nfor row in rows:\n    print(row)',
      ),
      'c.py': version('c', '"b"', 'if sa.inspect(op.get_bind()).has_table("t"):\n    pass'),
      'd.py': version('d', '"c"', 'if not op.get_bind().execute(sa.text("SELECT 1")):\n    pass'),
      'e.py': version('e', '"d"', 'op.get_bind().execute(sa.text("SELECT setval(\'s\', 1)"))'),
    });
    const error = await refusal(read(folder));
    expect(error).toMatchObject({ code: 'import-unsupported', exitCode: 1 });
    expect(error.message).toMatch(/^3 of 5 revisions cannot be written as SQL/);
    expect(error.message).toMatch(/b\.py:7: it reads the database/);
    expect(error.message).toMatch(/c\.py:6: /);
    expect(error.message).toMatch(/d\.py:6: it reads the database/);
    expect(error.location).toEqual({ file: join(folder, 'migrations', 'versions', 'b.py'), line: 7 });
    expect(error.hints.join('\n')).toContain('context.is_offline_mode()');
  });

  test('imports what is guarded for offline mode', async () => {
    const folder = project({
      'a.py': version(
        'a',
        'None',
        'if not context.is_offline_mode():\n    op.get_bind().execute("SELECT 1").all()',
      ),
    });
    expect((await read(folder)).revisions[0]?.up).toBe('-- upgrade() does nothing.\n');
  });

  test('leaves out a downgrade that reads, and says where', async () => {
    const folder = project({
      'a.py': version(
        'a',
        'None',
        'op.execute("CREATE TABLE t (id int)")',
        'op.get_bind().execute(sa.text("SELECT 1")).scalar()',
      ),
    });
    const { revisions, notes } = await read(folder);
    expect(revisions[0]?.down).toBeUndefined();
    expect(notes.join('\n')).toMatch(/a\.py:8: downgrade\(\) cannot be written as SQL/);
  });

  test('says of a value that is computed anew each time', async () => {
    const insert = 'import uuid\nop.execute(f"INSERT INTO t VALUES (\'{uuid.uuid4()}\')")';
    const { notes } = await read(project({ 'a.py': version('a', 'None', insert) }));
    expect(notes.join('\n')).toMatch(/a\.py computes a value anew each time/);
    expect(shop.notes.join('\n')).not.toContain('anew each time');
  });

  test('contacts no database', async () => {
    const connecting = `
import sqlalchemy as sa
from alembic import context
with sa.create_engine("sqlite://").connect() as connection:
    context.configure(connection=connection)
    context.run_migrations()
`;
    const error = await refusal(read(project({ 'a.py': version('a', 'None') }, { env: connecting })));
    expect(error.code).toBe('import-tool-failed');
    expect(error.message).toContain('there is none in offline mode');
  });

  test('tells why env.py fails', async () => {
    const failing = 'import os\nprint("hello")\nos.environ["NOT_SET_ANYWHERE"]\n';
    const error = await refusal(read(project({ 'a.py': version('a', 'None') }, { env: failing })));
    expect(error).toMatchObject({ code: 'import-tool-failed', exitCode: 1 });
    expect(error.message).toContain('NOT_SET_ANYWHERE');
    expect(error.hints[0]).toContain('line 3');
  });

  test('takes the settings of env.py from the environment', async () => {
    const wanting = `import os\nassert os.environ["SHOP_SECRET"] == "open"\n${ENV_PY}`;
    const folder = project({ 'a.py': version('a', 'None') }, { env: wanting });
    const options = { engine: 'postgres', env: { ...env, SHOP_SECRET: 'open' } } as const;
    expect((await importer.read(folder, options)).revisions).toHaveLength(1);
  });

  test('refuses several databases in one env.py', async () => {
    const multi = 'with open("out.sql", "w") as buffer:\n    context.configure(output_buffer=buffer)\n';
    const error = await refusal(read(project({ 'a.py': version('a', 'None') }, { env: multi })));
    expect(error).toMatchObject({ code: 'import-unsupported', location: { line: 2 } });
    const twice = await refusal(read(project({ 'a.py': version('a', 'None') }, { env: ENV_PY + ENV_PY })));
    expect(twice.message).toContain('more than once');
  });

  test('renders for the kind of database that is asked for, not for the one of env.py', async () => {
    const folder = project(
      { 'a.py': version('a', 'None', 'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True))') },
      { url: 'sqlite:///app.db' },
    );
    expect((await read(folder, 'sqlite')).revisions[0]?.up).toContain('id INTEGER NOT NULL');
    const { revisions, notes } = await read(folder);
    expect(revisions[0]?.up).toContain('id SERIAL NOT NULL');
    expect(notes.join('\n')).toContain('env.py found no URL of a PostgreSQL database');
  });

  test('gives a batch on SQLite the table that the migrations before it made', async () => {
    const made = 'op.create_table("t", sa.Column("id", sa.Integer), sa.Column("a", sa.Text))';
    const batch = 'with op.batch_alter_table("t") as batch:\n    batch.drop_column("a")';
    const next = 'with op.batch_alter_table("t") as batch:\n    batch.alter_column("id", nullable=False)';
    const folder = project(
      { 'a.py': version('a', 'None', `${made}\n${batch}`), 'b.py': version('b', '"a"', next) },
      { url: 'sqlite://' },
    );
    const [first, second] = (await read(folder, 'sqlite')).revisions;
    expect(first?.up).toMatch(/^PRAGMA foreign_keys = OFF;/);
    expect(second?.up).toMatch(/CREATE TABLE _alembic_tmp_t \(\s+id INTEGER NOT NULL\s*\);/);
    expect(second?.up).toMatch(/SELECT t\.id\s+FROM t;[\s\S]*PRAGMA foreign_keys = ON;\n$/);
    expect(second).toMatchObject({ transaction: 'file', downTransaction: 'file' });
  });

  test('refuses a batch on SQLite whose table nobody made, and takes one that brings it', async () => {
    const blind = 'with op.batch_alter_table("t") as batch:\n    batch.alter_column("id", nullable=False)';
    const error = await refusal(
      read(project({ 'a.py': version('a', 'None', blind) }, { url: 'sqlite://' }), 'sqlite'),
    );
    expect(error.code).toBe('import-unsupported');
    expect(error.message).toMatch(/a\.py:6: NoSuchTableError: t/);
    expect(error.hints.join('\n')).toContain('copy_from');
    const knowing = `t = sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer))\n${blind.replace('"t"', '"t", copy_from=t')}`;
    const { revisions } = await read(
      project({ 'a.py': version('a', 'None', knowing) }, { url: 'sqlite://' }),
      'sqlite',
    );
    expect(revisions[0]?.up).toMatch(/CREATE TABLE _alembic_tmp_t[\s\S]*INSERT INTO[\s\S]*RENAME TO t;/);
  });

  test('leaves the project as it is', async () => {
    const folder = project({ 'a.py': version('a', 'None', 'op.execute("SELECT 1")') });
    const before = readdirSync(folder, { recursive: true }).sort();
    await read(folder);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
  });

  test('a SQLite project with batches is taken over in the middle, and keeps its rows', async () => {
    const chat = await read(CHAT, 'sqlite');
    const databases = await Promise.all([1, 2, 3, 4].map(() => makeDatabase('sqlite')));
    try {
      const [part = '', whole = '', ours = '', empty = ''] = databases.map(({ url }) => url);
      await execute(empty, 'SELECT 1');
      alembic(CHAT, part, 'upgrade', '0001');
      alembic(CHAT, whole, 'upgrade', 'head');
      await runImported(chat, ours);
      expect(await rows(ours, 'SELECT * FROM projects')).toEqual(await rows(whole, 'SELECT * FROM projects'));
      await goOnAfterImport({
        ...{ tool: 'alembic', path: CHAT, tables: ['alembic_version'], part, whole, empty },
        applied: ['0001'],
        pending: ['0002'],
        // A parent is made anew: ON DELETE CASCADE must not take its children.
        data: ['SELECT * FROM projects', 'SELECT * FROM chats'],
      });
      expect(await differences(whole, ours)).toEqual([]);
    } finally {
      for (const { drop } of databases) await drop();
    }
  });

  test('refuses a history that is wrong in itself', async () => {
    const cases: readonly [Record<string, string>, RegExp][] = [
      [
        { 'a.py': version('a', 'None'), 'b.py': version('a', 'None') },
        /two version files have the revision a: /,
      ],
      [{ 'a.py': version('a', '"gone"') }, /a\.py has down_revision gone/],
      [{ 'a.py': version('a', '"b"'), 'b.py': version('b', '"a"') }, /in a circle: a -> b -> a/],
      [{ 'a.py': 'import os\nrevision = os.name\n' }, /revision is computed/],
      [{ 'a.py': 'down_revision = None\n' }, /has no revision/],
    ];
    for (const [versions, message] of cases) {
      const error = await refusal(read(project(versions)));
      expect(error).toMatchObject({ code: 'import-unsupported', exitCode: 1 });
      expect(error.message).toMatch(message);
    }
  });

  test('tells of Python that does not load', async () => {
    const folder = project({ 'a.py': `${version('a', 'None')}\nimport not_installed_anywhere\n` });
    const error = await refusal(read(folder));
    expect(error.code).toBe('import-tool-failed');
    expect(error.message).toContain('not_installed_anywhere');
  });

  describeEachServer('on a real server', (server) => {
    test('the SQL makes what Alembic makes, and leads back', async () => {
      expect(await replayOn(server, shop)).toBe(1);
      const reversible = shop.revisions.filter(({ down }) => down !== undefined);
      expect(await replayOn(server, { ...shop, revisions: reversible })).toBe(0);
      await withDatabase(server, (theirs) =>
        withDatabase(server, async (ours) => {
          alembic(SHOP, theirs, 'upgrade', 'heads');
          await runImported(shop, ours);
          await query(theirs, 'DROP TABLE shop_version');
          expect(await differences(theirs, ours)).toEqual([]);
          const rows = 'SELECT email, kind, nick FROM accounts';
          expect(await query(ours, rows)).toEqual(await query(theirs, rows));
          expect(await query(ours, 'SELECT * FROM invoices ORDER BY id')).toEqual(
            await query(theirs, 'SELECT * FROM invoices ORDER BY id'),
          );
        }),
      );
    });

    test('the version table says what is applied', async () => {
      await withDatabase(server, async (url) => {
        const recorded = async () => {
          const connection: Connection = await openDatabase(parseDatabaseUrl(url));
          try {
            return await importer.recorded(connection, shop);
          } finally {
            await connection.close();
          }
        };
        const nothing = { table: undefined, applied: [], unknown: [], problems: [] };
        expect(await recorded()).toEqual(nothing);
        alembic(SHOP, url, 'upgrade', '2c');
        const upTo2c = ['1a2b3c4d5e6f', '2bbbbbbbbbbb', '2c'];
        expect(await recorded()).toEqual({ ...nothing, table: 'public.shop_version', applied: upTo2c });
        alembic(SHOP, url, 'upgrade', 'r1');
        expect((await recorded()).applied).toEqual([...upTo2c, 'r1']);
        alembic(SHOP, url, 'upgrade', 'heads');
        expect((await recorded()).applied).toEqual(shop.revisions.map(({ id }) => id));
        expect((await query(url, 'SELECT * FROM shop_version')).length).toBe(2);
        await query(url, "INSERT INTO shop_version VALUES ('feed0000beef'), ('2c')");
        const odd = await recorded();
        expect(odd.unknown).toEqual(['feed0000beef']);
        expect(odd.problems).toHaveLength(1);
        expect(odd.problems[0]).toMatch(/a row for 2c beside one for 4\.concurrently/);
      });
    });
  });

  describeEachServer(
    'on the newest server',
    (server) => {
      test('a database is taken over in the middle of two branches, and goes on to all heads', async () => {
        await withDatabase(server, (part) =>
          withDatabase(server, async (whole) => {
            alembic(SHOP, part, 'upgrade', '2c');
            alembic(SHOP, part, 'upgrade', 'r1');
            alembic(SHOP, whole, 'upgrade', 'heads');
            await goOnAfterImport({
              ...{ tool: 'alembic', path: SHOP, tables: ['shop_version'], part, whole },
              applied: ['1a2b3c4d5e6f', '2bbbbbbbbbbb', '2c', 'r1'],
              pending: ['3_merge', '4.concurrently', 'r2'],
              data: ['SELECT email, nick FROM accounts', 'SELECT * FROM invoices ORDER BY id'],
            });
          }),
        );
      });
    },
    { newest: true },
  );
});
