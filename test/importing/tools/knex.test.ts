import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import type { ImportedProject } from '../../../src/importing/imported-project.js';
import { importer } from '../../../src/importing/tools/knex.js';
import { describeEachServer, query, withDatabase } from '../../support/postgres-server.js';
import { goOnAfterImport } from '../support/go-on-after-import.js';
import { differences, replayOn, runImported } from '../support/imported-sql.js';
import { projectMaker, refusal, runNode } from '../support/program-project.js';

const LIBRARY = fileURLToPath(new URL('../fixtures/knex/library', import.meta.url));

const projects = projectMaker();
afterEach(() => projects.removeAll());

function read(path: string, engine: 'postgres' | 'sqlite' = 'postgres'): Promise<ImportedProject> {
  return importer.read(path, { engine, env: process.env });
}

/** What `knex migrate:latest` and `migrate:up` do; with jiti, because Node 20 loads no TypeScript. */
function migrate(url: string, way: 'latest' | 'up'): void {
  const program = `
    const jiti = require('jiti').createJiti(process.cwd() + '/');
    const { migrations, ...config } = require('./knexfile.cjs').production;
    const db = require('knex')(config);
    const migrationSource = {
      getMigrations: async () => require('node:fs').readdirSync('migrations').sort(),
      getMigrationName: (name) => name,
      getMigration: (name) => jiti.import('./migrations/' + name),
    };
    db.migrate.${way}({ tableName: migrations.tableName, migrationSource }).then(() => db.destroy());`;
  runNode(LIBRARY, url, '-e', program);
}

/** A migration whose `up` and `down` have these bodies. */
function migration(up: string, down = ''): string {
  return `exports.up = async (knex) => {\n${up}\n};\nexports.down = async (knex) => {\n${down}\n};\n`;
}

describe('importing from knex', () => {
  let library: ImportedProject;
  beforeAll(async () => {
    library = await read(LIBRARY);
  });
  const upOf = (id: string) => library.revisions.find((one) => one.id === id)?.up ?? '';

  test('gives a line of revisions, named as their files', () => {
    expect(library.revisions.map(({ id, name, parents, key }) => [id, name, parents, key])).toEqual([
      ['20240101000000', 'authors', undefined, '20240101000000_authors.cjs'],
      ['20240102000000', 'books', undefined, '20240102000000_books.ts'],
      ['20240103000000', 'names', undefined, '20240103000000_names.mjs'],
      ['20240104000000', 'nothing', undefined, '20240104000000_nothing.cjs'],
    ]);
    expect(library.notes).toEqual([
      expect.stringMatching(/^knex 3\.\S+ wrote the SQL, by the section "production" of the knexfile/),
    ]);
  });

  test('reads the same from the knexfile and from the folder of migrations', async () => {
    for (const path of ['knexfile.cjs', 'migrations']) {
      expect(await read(join(LIBRARY, path))).toEqual(library);
    }
  });

  test('writes values as the driver sends them', () => {
    const up = upOf('20240101000000');
    expect(up).toContain(`'O''Neil; -- 100%?'`);
    expect(up).toContain(String.raw`E'{"quotes":"it''s \\"so\\" \\\\ yes?","count":2}'`);
    expect(up).toContain(String.raw`E'{"a \\"b\\"","c,d",NULL}'`);
    expect(up).toContain(String.raw`E'\\x0001'`);
    expect(up).toContain(`"tags" || '{"more?"}' WHERE facts ? 'count'`);
  });

  test('keeps transactions where the project has them', () => {
    expect(
      library.revisions.map(({ transaction, downTransaction }) => [transaction, downTransaction]),
    ).toEqual([
      ['file', 'file'],
      ['file', 'file'],
      ['none', 'none'],
      ['file', 'file'],
    ]);
    expect(library.revisions.map(({ up, down }) => `${up}${down}`).join('')).not.toMatch(
      /BEGIN|COMMIT;|SAVEPOINT|library_migrations/,
    );
    expect(upOf('20240104000000')).toBe('-- up does nothing.\n');
  });

  test('refuses what asks the database, with every place, also when the migration catches that', async () => {
    const folder = projects.make({
      'package.json': '{}',
      'migrations/1_select.js': migration(
        "const rows = await knex('t').select('id');\nfor (const row of rows) {}",
      ),
      'migrations/2_rows.js': migration("\nawait knex('t').pluck('id');"),
      'migrations/3_returning.js': migration("const [row] = await knex('t').insert({ a: 1 }, 'id');"),
      'migrations/4_raw.js': migration("const { rows } = await knex.raw('SELECT 1');"),
      'migrations/5_caught.js': migration("try { await knex('t').first(); } catch {}"),
      'migrations/6_only_writes.js': migration("await knex.raw('SELECT setval(1)');\nawait knex('t').del();"),
      'migrations/7_fails.js': migration("throw new Error('broken by itself');"),
    });
    const error = await refusal(read(join(folder, 'migrations')));
    expect(error).toMatchObject({ code: 'import-unsupported', exitCode: 1 });
    expect(error.message).toMatch(/^6 of 7 migrations cannot be written as SQL/);
    expect(error.message).toMatch(/1_select\.js:2: it reads the database \(select "id" from "t"\)/);
    expect(error.message).toMatch(/2_rows\.js:3: it reads the database/);
    expect(error.message).toMatch(/3_returning\.js:2: it uses what a statement gives back/);
    expect(error.message).toMatch(/4_raw\.js:2: it uses what a statement gives back \(SELECT 1\)/);
    expect(error.message).toMatch(/5_caught\.js:2: it reads the database/);
    expect(error.message).toMatch(/7_fails\.js:2: broken by itself/);
    expect(error.location).toEqual({ file: join(folder, 'migrations', '1_select.js'), line: 2 });
  });

  test('answers whether a table or column is there by what the migrations before make', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': migration(
        "if (await knex.schema.hasTable('t')) return;\n" +
          "await knex.schema.createTable('t', (t) => t.increments());\n" +
          "if (!(await knex.schema.hasTable('t'))) throw new Error('it is there by now');",
        "if (await knex.schema.hasTable('t')) await knex.schema.dropTable('t');",
      ),
      '2_b.js': migration(
        "if (await knex.schema.hasTable('t')) await knex.raw('ALTER TABLE t ADD a text; SELECT 1');\n" +
          "if (await knex.schema.hasColumn('t', 'b')) await knex.raw('SELECT 2');\n" +
          "if ((await knex('t').columnInfo('a')).type === 'text') await knex.raw('SELECT 3');",
        "if (await knex.schema.hasColumn('t', 'a')) await knex.raw('ALTER TABLE t DROP a');",
      ),
    });
    const { revisions, notes } = await read(folder);
    expect(revisions[0]?.up).toBe('create table "t" ("id" serial primary key);\n');
    expect(revisions[1]?.up).toBe('ALTER TABLE t ADD a text; SELECT 1;\n\nSELECT 3;\n');
    expect(revisions.map(({ down }) => down)).toEqual(['drop table "t";\n', 'ALTER TABLE t DROP a;\n']);
    expect(notes.filter((note) => note.includes('asks what the database holds'))).toHaveLength(2);
    expect(notes.join('\n')).not.toContain('anew each time');
  });

  test('does not answer when what was before is not known', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': migration("await knex.raw('CREATE EXTENSION not_in_the_world');"),
      '2_b.js': migration("try { await knex.schema.hasTable('t'); } catch {}"),
    });
    const error = await refusal(read(folder));
    expect(error.message).toMatch(
      /^1 of 2 migrations cannot[\s\S]*2_b\.js:2: .*not known: .*not_in_the_world/,
    );
  });

  test('leaves out a way back that asks the database, and says so', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': migration("await knex.raw('SELECT 1')", "await knex('t').select()"),
      '2_b.js': migration("await knex.raw('SELECT 2')"),
    });
    const { revisions, notes } = await read(folder);
    expect(revisions.map(({ down }) => down)).toEqual([undefined, '-- down does nothing.\nSELECT 1;\n']);
    expect(notes.join('\n')).toMatch(/1_a\.js:5: "down" cannot be written as SQL: it reads the database/);
  });

  test('says of a value that is computed anew each time', async () => {
    const random = "await knex('t').insert({ id: require('crypto').randomUUID() })";
    const { notes } = await read(projects.make({ 'package.json': '{}', '1_a.js': migration(random) }));
    expect(notes.join('\n')).toContain('1_a.js computes a value anew each time');
  });

  test('sets the search path that the knexfile sets', async () => {
    const folder = projects.make({
      'package.json': '{}',
      'knexfile.js': "module.exports = async () => ({ client: 'pg', searchPath: ['app', 'public'] })",
      'migrations/1_a.js': migration("await knex.raw('SELECT 1')"),
    });
    expect((await read(folder)).revisions[0]?.up).toBe('SET search_path TO "app", "public";\n\nSELECT 1;\n');
  });

  test('writes for SQLite, and refuses what knex looks up there', async () => {
    const folder = projects.make({
      'package.json': '{}',
      'knexfile.js': "module.exports = { client: 'better-sqlite3', useNullAsDefault: true }",
      'migrations/1_a.js': migration(
        "await knex.schema.createTable('t', (t) => { t.increments(); t.boolean('on'); });\n" +
          "await knex('t').insert({ id: 1, on: true });",
        "await knex.schema.dropTable('t')",
      ),
    });
    const { revisions } = await read(folder, 'sqlite');
    expect(revisions[0]?.up).toContain('create table `t`');
    expect(revisions[0]?.up).toContain('insert into `t` (`id`, `on`) values (1, 1);');
    const error = await refusal(read(folder));
    expect(error.message).toContain('has no client for PostgreSQL');
    const looking = projects.make({
      'package.json': '{}',
      '1_a.js': migration("await knex.schema.alterTable('t', (t) => t.dropColumn('on'))"),
    });
    expect((await refusal(read(looking, 'sqlite'))).message).toMatch(
      /1_a\.js:2: it asks what the database holds/,
    );
  });

  test('refuses what is no project, and one without its knex', async () => {
    const empty = projects.make({ 'readme.md': '' });
    expect(await refusal(read(join(empty, 'nowhere')))).toMatchObject({
      code: 'import-not-found',
      exitCode: 2,
    });
    expect(await refusal(read(empty))).toMatchObject({ code: 'import-not-found', exitCode: 2 });
    const bare = projects.make({ 'package.json': '{}', '1_a.js': migration('') }, { installed: false });
    const missing = await refusal(read(bare));
    expect(missing).toMatchObject({ code: 'import-tool-missing', exitCode: 2 });
    expect(missing.hints.join('\n')).toContain('npm install');
  });

  test('tells what went wrong when a migration does not load or ends the process', async () => {
    const broken = projects.make({ 'package.json': '{}', '1_a.js': "require('not-installed-anywhere');" });
    expect((await refusal(read(broken))).message).toContain('not-installed-anywhere');
    const leaving = projects.make({
      'package.json': '{}',
      '1_a.js': migration("console.error('goodbye');\nprocess.exit(7);"),
    });
    const left = await refusal(read(leaving));
    expect(left).toMatchObject({
      code: 'import-tool-failed',
      message: expect.stringContaining('exit code 7'),
    });
    expect(left.hints.join('\n')).toContain('goodbye');
    const nothing = projects.make({ 'package.json': '{}', '1_a.js': 'exports.down = () => {};' });
    expect((await refusal(read(nothing))).message).toContain('exports no function "up"');
  });

  test('does not wait for what a project leaves open', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': `setInterval(() => {}, 1000);\n${migration("await knex.raw('SELECT 1')")}`,
    });
    expect((await read(folder)).revisions).toHaveLength(1);
  });

  describeEachServer('on a real server', (server) => {
    test('the SQL makes what knex makes, and leads back', async () => {
      expect(await replayOn(server, library)).toBe(0);
      await withDatabase(server, (theirs) =>
        withDatabase(server, async (ours) => {
          migrate(theirs, 'latest');
          await runImported(library, ours);
          await query(theirs, 'DROP TABLE library_migrations, library_migrations_lock');
          expect(await differences(theirs, ours)).toEqual([]);
          const rows = `SELECT name, kind, facts, tags, active, born_at, portrait FROM authors ORDER BY id`;
          expect(await query(ours, rows)).toEqual(await query(theirs, rows));
        }),
      );
    });

    test('its table says what is applied, and whether somebody is at it', async () => {
      await withDatabase(server, async (url) => {
        const recorded = async () => {
          const connection = await openDatabase(parseDatabaseUrl(url));
          try {
            return await importer.recorded(connection, library);
          } finally {
            await connection.close();
          }
        };
        const nothing = { table: undefined, applied: [], unknown: [], problems: [] };
        expect(await recorded()).toEqual(nothing);
        migrate(url, 'up');
        migrate(url, 'up');
        const applied = ['20240101000000', '20240102000000'];
        expect(await recorded()).toEqual({ ...nothing, table: 'public.library_migrations', applied });
        await query(
          url,
          `UPDATE library_migrations SET name = replace(name, '.ts', '.js');
           UPDATE library_migrations_lock SET is_locked = 1`,
        );
        await query(url, "INSERT INTO library_migrations (name, batch) VALUES ('gone.js', 3)");
        const odd = await recorded();
        expect(odd).toMatchObject({ applied, unknown: ['gone.js'] });
        expect(odd.problems).toEqual([expect.stringMatching(/^public\.library_migrations_lock is locked/)]);
      });
    });
  });

  describeEachServer(
    'on the newest server',
    (server) => {
      test('a database is taken over in the middle, goes on, and all the way back', async () => {
        await withDatabase(server, (part) =>
          withDatabase(server, async (whole) => {
            migrate(part, 'up');
            migrate(part, 'up');
            migrate(whole, 'latest');
            const handover = { tool: 'knex', path: LIBRARY, part, whole } as const;
            const goOn = (empty: string) =>
              goOnAfterImport({
                ...handover,
                empty,
                tables: ['library_migrations', 'library_migrations_lock'],
                applied: ['20240101000000', '20240102000000'],
                pending: ['20240103000000', '20240104000000'],
                data: ['SELECT name, facts FROM authors ORDER BY id', 'SELECT * FROM books'],
              });
            await withDatabase(server, goOn);
          }),
        );
      });
    },
    { newest: true },
  );
});
