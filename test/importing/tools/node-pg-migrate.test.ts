import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import type { ImportedProject } from '../../../src/importing/imported-project.js';
import { importer } from '../../../src/importing/tools/node-pg-migrate.js';
import { describeEachServer, query, withDatabase } from '../../support/postgres-server.js';
import { goOnAfterImport } from '../support/go-on-after-import.js';
import { differences, replayOn, runImported } from '../support/imported-sql.js';
import { projectMaker, refusal, runTool } from '../support/program-project.js';

const CLINIC = fileURLToPath(new URL('../fixtures/node-pg-migrate/clinic', import.meta.url));
const TABLE = ['-m', 'migrations', '-t', 'clinic_migrations'];

const projects = projectMaker();
afterEach(() => projects.removeAll());

function read(path: string): Promise<ImportedProject> {
  return importer.read(path, { engine: 'postgres', env: process.env });
}

function tool(url: string, ...words: string[]): string {
  return runTool('node-pg-migrate/bin/node-pg-migrate.js', CLINIC, url, ...words, ...TABLE);
}

describe('importing from node-pg-migrate', () => {
  let clinic: ImportedProject;
  beforeAll(async () => {
    clinic = await read(CLINIC);
  });
  const revision = (id: string) => clinic.revisions.find((one) => one.id.endsWith(id));

  test('gives a line of revisions, named as its table names them', () => {
    expect(clinic.revisions.map(({ id, name, parents, key }) => [id, name, parents, key])).toEqual([
      ['1700000000000', 'patients', undefined, '1700000000000_patients'],
      ['1700000000001', 'visits', undefined, '1700000000001_visits'],
      ['1700000000002', 'views', undefined, '1700000000002_views'],
      ['1700000000003', 'concurrently', undefined, '1700000000003_concurrently'],
      ['1700000000004', 'for_good', undefined, '1700000000004_for_good'],
    ]);
    expect(clinic.notes).toEqual([expect.stringMatching(/^node-pg-migrate 9\.\S+ wrote the SQL/)]);
  });

  test('reads the same from the folder of migrations', async () => {
    expect(await read(join(CLINIC, 'migrations'))).toEqual(clinic);
  });

  test('cuts SQL in two and keeps its text', () => {
    expect(revision('000')?.up).toMatch(/^CREATE TYPE sex[\s\S]*\('-- not a comment'\);\n$/);
    expect(revision('000')?.down).toBe('DROP TABLE patients;\nDROP TYPE sex;\n');
    expect(revision('000')?.up).toContain('-- a comment; with a semicolon');
  });

  test('infers the way back where the tool does, and has none where it is switched off', () => {
    expect(revision('001')?.down).toBe('DROP INDEX "visits_patientId_at_index";\n\nDROP TABLE "visits";\n');
    expect(revision('004')?.down).toBeUndefined();
  });

  test('keeps transactions where the project has them', () => {
    expect(
      clinic.revisions.map(({ transaction, downTransaction }) => [transaction, downTransaction]),
    ).toEqual([
      ['file', 'file'],
      ['file', 'file'],
      ['file', 'file'],
      ['none', 'none'],
      ['file', 'file'],
    ]);
    const all = clinic.revisions.map(({ up, down }) => `${up}${down}`).join('');
    expect(all).not.toMatch(/BEGIN;|COMMIT;|clinic_migrations|pgmigrations/);
  });

  test('refuses what asks the database, with every place, and takes what only writes', async () => {
    const up = (body: string) => `export const up = async (pgm) => {\n${body}\n};\n`;
    const folder = projects.make({
      'package.json': '{"type":"module"}',
      'migrations/1_select.js': up("for (const row of await pgm.db.select('SELECT 1')) pgm.sql('SELECT 2');"),
      'migrations/2_query.js': up("const { rows } = await pgm.db.query('SELECT 1');"),
      'migrations/3_caught.ts': up("try { await pgm.db.select('SELECT 1'); } catch {}"),
      'migrations/4_writes.js': up("await pgm.db.query('DELETE FROM t');"),
      'migrations/5_fails.js': up("\nthrow new Error('broken by itself');"),
    });
    const error = await refusal(read(folder));
    expect(error).toMatchObject({ code: 'import-unsupported', exitCode: 1 });
    expect(error.message).toMatch(/^4 of 5 migrations cannot be written as SQL/);
    expect(error.message).toMatch(/1_select\.js:2: it reads the database with pgm\.db\.select\(\)/);
    expect(error.message).toMatch(/2_query\.js:2: it uses what pgm\.db\.query\(\) gives back/);
    expect(error.message).toMatch(/3_caught\.ts:2: it reads the database/);
    expect(error.message).toMatch(/5_fails\.js:3: broken by itself/);
  });

  test('has no way back where the tool cannot infer one, and for an old callback', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': "exports.up = (pgm, run) => { pgm.sql('SELECT 1'); setTimeout(run, 5); };",
    });
    const { revisions, notes } = await read(folder);
    expect(revisions).toMatchObject([{ up: 'SELECT 1;\n', down: undefined }]);
    expect(notes).toHaveLength(1);
  });

  test('orders by number, a 17-digit one being a time', async () => {
    const folder = projects.make({
      '20240101000000000_second.sql': 'SELECT 2',
      '1700000000000_first.sql': 'SELECT 1',
      '1800000000000_third.sql': 'SELECT 3',
    });
    const { revisions, notes } = await read(folder);
    expect(revisions.map(({ name }) => name)).toEqual(['first', 'second', 'third']);
    expect(revisions[0]).toMatchObject({ up: 'SELECT 1;\n', down: undefined });
    expect(notes).toEqual([]);
  });

  test('takes flags from the scripts of package.json', async () => {
    const script = "node-pg-migrate up -m db/changes --schema app --decamelize --migrations-table 'done'";
    const folder = projects.make({
      'package.json': JSON.stringify({ scripts: { migrate: script } }),
      'db/changes/1_a.js': "exports.up = (pgm) => pgm.createTable('firstNames', { id: 'id' });",
    });
    const project = await read(folder);
    expect(project.revisions[0]?.up).toMatch(/^SET search_path TO "app";\s+CREATE TABLE "first_names"/);
    expect(project).toMatchObject({ table: { schema: 'app', name: 'done' } });
  });

  test('refuses what is no project, one without its tool, and odd names', async () => {
    const empty = projects.make({ 'readme.md': '' });
    expect(await refusal(read(empty))).toMatchObject({ code: 'import-not-found', exitCode: 2 });
    const files = { 'package.json': '{}', '1_a.js': 'exports.up = () => {};' };
    const missing = await refusal(read(projects.make(files, { installed: false })));
    expect(missing).toMatchObject({ code: 'import-tool-missing', exitCode: 2 });
    const odd = await refusal(read(projects.make({ ...files, 'helper.js': '' })));
    expect(odd.message).toContain('does not begin with a number');
    const twice = await refusal(read(projects.make({ ...files, '1_a.ts': '' })));
    expect(twice.message).toContain('1_a.js has the same name');
    const sqlite = importer.read(CLINIC, { engine: 'sqlite', env: process.env });
    expect((await refusal(sqlite)).message).toContain('for PostgreSQL only');
  });

  test('stops when it is told to', async () => {
    const folder = projects.make({
      'package.json': '{}',
      '1_a.js': 'exports.up = (pgm, run) => setInterval(() => {}, 99);',
    });
    const signal = AbortSignal.timeout(1500);
    const error = await refusal(importer.read(folder, { engine: 'postgres', env: process.env, signal }));
    expect(error).toMatchObject({ code: 'aborted' });
  });

  describeEachServer('on a real server', (server) => {
    test('the SQL makes what node-pg-migrate makes, and leads back', async () => {
      expect(await replayOn(server, clinic)).toBe(1);
      const reversible = clinic.revisions.filter(({ down }) => down !== undefined);
      expect(await replayOn(server, { ...clinic, revisions: reversible })).toBe(0);
      await withDatabase(server, (theirs) =>
        withDatabase(server, async (ours) => {
          tool(theirs, 'up');
          await runImported(clinic, ours);
          await query(theirs, 'DROP TABLE clinic_migrations');
          expect(await differences(theirs, ours)).toEqual([]);
          const rows = 'SELECT name, sex FROM patients';
          expect(await query(ours, rows)).toEqual(await query(theirs, rows));
        }),
      );
    });

    test('its table says what is applied', async () => {
      await withDatabase(server, async (url) => {
        const recorded = async () => {
          const connection = await openDatabase(parseDatabaseUrl(url));
          try {
            return await importer.recorded(connection, clinic);
          } finally {
            await connection.close();
          }
        };
        const nothing = { table: undefined, applied: [], unknown: [], problems: [] };
        expect(await recorded()).toEqual(nothing);
        tool(url, 'up', '2');
        await query(url, "INSERT INTO clinic_migrations (name, run_on) VALUES ('9_gone', now())");
        expect(await recorded()).toEqual({
          ...nothing,
          table: 'public.clinic_migrations',
          applied: ['1700000000000', '1700000000001'],
          unknown: ['9_gone'],
        });
      });
    });
  });

  describeEachServer(
    'on the newest server',
    (server) => {
      test('a database is taken over in the middle, and goes on', async () => {
        await withDatabase(server, (part) =>
          withDatabase(server, async (whole) => {
            tool(part, 'up', '2');
            tool(whole, 'up');
            await goOnAfterImport({
              ...{ tool: 'node-pg-migrate', path: CLINIC, tables: ['clinic_migrations'], part, whole },
              applied: ['1700000000000', '1700000000001'],
              pending: ['1700000000002', '1700000000003', '1700000000004'],
              data: ['SELECT * FROM patients', 'SELECT name FROM rooms'],
            });
          }),
        );
      });
    },
    { newest: true },
  );
});
