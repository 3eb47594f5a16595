import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/atlas.js';
import { atlasFiles, atlasHashes, formatAtlasSum } from '../../../src/migrations/atlas-sum.js';
import { describeEachServer } from '../../support/postgres-server.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
  rows,
} from '../support/import-scenario.js';

let project: Project;
afterEach(() => project?.remove());

const sum = (files: Readonly<Record<string, string>>) =>
  formatAtlasSum(Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) })));
const within = (folder: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));

const read = (files: Record<string, string>) => {
  project = makeProject(files);
  return importer.read(project.folder, { engine: 'postgres', env: {} });
};

const FILES = {
  '20240101000000_users.sql':
    '-- Create "users" table\nCREATE TABLE "public"."users" ("id" bigint NOT NULL, "note" text DEFAULT \'a;b\', PRIMARY KEY ("id"));\n',
  '20240102000000_posts.sql':
    '-- Create "posts" table\nCREATE TABLE "public"."posts" ("id" bigint NOT NULL);\n',
  '20240103000000.sql': '-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY "i" ON "public"."posts" ("id");\n',
};

describe('files', () => {
  test('are verified, and directives become ours', async () => {
    const { revisions, notes } = await read({ ...FILES, 'atlas.sum': sum(FILES) });
    expect(revisions.map(({ id, name, up, transaction }) => [id, name, up, transaction])).toEqual([
      ['20240101000000', 'users', FILES['20240101000000_users.sql'], 'file'],
      ['20240102000000', 'posts', FILES['20240102000000_posts.sql'], 'file'],
      ['20240103000000', '', 'CREATE INDEX CONCURRENTLY "i" ON "public"."posts" ("id");\n', 'none'],
    ]);
    expect(notes).toEqual(['atlas.sum is right: 3 files verified.']);
  });

  test('in a folder below a schema.sql', async () => {
    const { revisions } = await read({
      'schema.sql': 'SELECT 1;\n',
      ...within('migrations', { ...FILES, 'atlas.sum': sum(FILES) }),
    });
    expect(revisions).toHaveLength(3);
  });

  test('without an atlas.sum it is said that nothing was verified', async () => {
    expect((await read(FILES)).notes[0]).toContain('There is no atlas.sum');
  });

  test('an edited file is refused', async () => {
    const files = { ...FILES, '20240102000000_posts.sql': 'SELECT 1;\n', 'atlas.sum': sum(FILES) };
    await expect(read(files)).rejects.toMatchObject({
      code: 'import-checksum',
      message: expect.stringContaining('20240102000000_posts.sql was edited'),
    });
  });

  test('an archive gives its parts, and its checks are named', async () => {
    const { revisions, notes } = await read({
      '1_drop.sql':
        '-- atlas:txtar\n\n-- checks.sql --\n-- atlas:assert DS102\nSELECT NOT EXISTS (SELECT 1 FROM users);\n\n-- migration.sql --\n-- atlas:txmode none\nDROP TABLE users;\n-- down.sql --\nCREATE TABLE users (id int);\n',
    });
    expect(revisions[0]).toMatchObject({
      up: 'DROP TABLE users;\n',
      down: 'CREATE TABLE users (id int);\n',
      transaction: 'none',
    });
    expect(notes.join(' ')).toContain('left out of 1_drop.sql');
  });

  test('another delimiter', async () => {
    const { revisions } = await read({
      '1_x.sql':
        '-- atlas:delimiter \\n--end\n\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$\n--end\nSELECT 2;\n--end\n',
    });
    expect(revisions[0]!.up).toBe(
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;\n\nSELECT 2;\n',
    );
  });

  test('a checkpoint counts only where what it sums up is gone', async () => {
    const checkpoint = { '2_all.sql': '-- atlas:checkpoint v1\n\nSELECT 2;\n', '3_x.sql': 'SELECT 3;\n' };
    expect((await read(checkpoint)).revisions.map(({ id }) => id)).toEqual(['2', '3']);
    project.remove();
    const whole = await read({ '1_x.sql': 'SELECT 1;\n', ...checkpoint });
    expect(whole.revisions.map(({ id }) => id)).toEqual(['1', '3']);
    expect(whole.notes.join(' ')).toContain('2_all.sql is a checkpoint: left out');
  });

  test("golang-migrate's pairs, of which Atlas hashes the first halves", async () => {
    const pairs = { '1_a.up.sql': 'SELECT 1;\n', '2_b.up.sql': 'SELECT 2;\n' };
    const { revisions, notes } = await read({
      ...pairs,
      '1_a.down.sql': 'SELECT -1;\n',
      'atlas.sum': sum(pairs),
    });
    expect(notes).toEqual(['atlas.sum is right: 2 files verified.']);
    expect(revisions.map(({ id, name, down }) => [id, name, down])).toEqual([
      ['1', 'a', 'SELECT -1;\n'],
      ['2', 'b', undefined],
    ]);
  });

  test.each([
    [
      'a reverse that Atlas would apply',
      { '1_a.sql': 'SELECT 1;', '1_a.down.sql': 'SELECT 2;' },
      'not a reverse',
    ],
    ['an import', { '1_x.sql': '-- atlas:import x.sql\n\nSELECT 1;\n' }, ':1: "atlas:import"'],
    [
      'the format of another tool',
      { '1_x.sql': '-- +goose Up\nSELECT 1;\n' },
      'in the format of another tool',
    ],
  ])('refused with the place: %s', async (_, files, words) => {
    await expect(read(files as unknown as Record<string, string>)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

const TABLE = `CREATE TABLE "public"."atlas_schema_revisions" ("version" character varying NOT NULL, "description" character varying NOT NULL,
  "type" bigint NOT NULL DEFAULT 2, "applied" bigint NOT NULL DEFAULT 0, "total" bigint NOT NULL DEFAULT 0,
  "executed_at" timestamptz NOT NULL, "execution_time" bigint NOT NULL, "error" text NULL, "error_stmt" text NULL,
  "hash" character varying NOT NULL, "partial_hashes" jsonb NULL, "operator_version" character varying NOT NULL, PRIMARY KEY ("version"))`;
const SQLITE = TABLE.replace('"public".', '')
  .replaceAll('timestamptz', 'datetime')
  .replaceAll('jsonb', 'json')
  .replaceAll('character varying', 'text')
  .replaceAll('bigint', 'integer');
const row = (version: string, hash: string, more: { type?: number; applied?: number; error?: string } = {}) =>
  `INSERT INTO atlas_schema_revisions VALUES ('${version}', '', ${more.type ?? 2}, ${more.applied ?? 1}, 1, '2024-02-01 00:00:00',
    1, ${more.error ? `'${more.error}'` : 'NULL'}, NULL, '${hash}', NULL, 'Atlas CLI v1.2.3')`;
/** Atlas keeps its own mark among the rows. */
const MARK = row('.atlas_cloud_identifier', '');
const hashes = (there: Project) => atlasHashes(atlasFiles(join(there.folder, 'migrations')));
const done = (table: string, statements: readonly string[]) => (there: Project) => [
  table,
  ...statements,
  MARK,
  row('20240101000000', hashes(there).get('20240101000000_users.sql')!),
  row('20240102000000', hashes(there).get('20240102000000_posts.sql')!),
];
const bare = (text: string) =>
  text
    .replace(/^--.*\n/, '')
    .trim()
    .replace(/;$/, '');
const made = [bare(FILES['20240101000000_users.sql']), bare(FILES['20240102000000_posts.sql'])];
const wanted = {
  tool: 'atlas',
  files: { ...within('migrations', FILES), 'migrations/atlas.sum': sum(FILES) },
  table: 'atlas_schema_revisions',
  applied: ['20240101000000', '20240102000000'],
  pending: ['20240103000000'],
  down: [],
} as const;
const words = (url: string, ...more: string[]) => [
  'migrate',
  'import',
  '--from',
  'atlas',
  'migrations',
  '--url',
  url,
  ...more,
];

describeEachServer(
  'an Atlas project comes over',
  (server) => {
    test('with its history', () => importWholly({ ...wanted, engine: server, done: done(TABLE, made) }));

    test.each([
      [
        'half applied',
        row('20240103000000', 'x', { applied: 0, error: 'no table' }),
        'Version 20240103000000 is half applied: 0 of 1 statements (no table)',
      ],
      [
        'edited',
        "UPDATE atlas_schema_revisions SET hash = 'x' WHERE version = '20240102000000'",
        '20240102000000_posts.sql, or a file before it, was changed',
      ],
      ['unknown', row('20240104000000', 'x'), 'has what the project has not: 20240104000000'],
    ])('%s versions are refused', async (_, statement, message) => {
      project = makeProject(wanted.files);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(url, ...done(TABLE, made)(project), statement);
        const { code, error } = await project.json(...words(url, '--migrations', 'tide'));
        expect([code, error?.code]).toEqual([4, 'import-refused']);
        expect(error?.message).toContain(message);
      } finally {
        await drop();
      }
    });

    test('a baseline stands for what is before it, and somebody may have said that a version is done', async () => {
      project = makeProject(wanted.files);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(
          url,
          ...['CREATE SCHEMA atlas_schema_revisions', TABLE.replace('"public"', '"atlas_schema_revisions"')],
          ...[
            row('20240102000000', '', { type: 1, applied: 0 }).replace(", 1, '2024", ", 0, '2024"),
            row('20240103000000', '', { type: 6, applied: 0, error: 'no table' }),
          ].map((sql) => sql.replace('INTO atlas', 'INTO atlas_schema_revisions.atlas')),
        );
        const { result } = await project.json(...words(url, '--migrations', 'tide'));
        expect(result.recorded).toMatchObject({
          table: 'atlas_schema_revisions.atlas_schema_revisions',
          revisions: [...wanted.applied, ...wanted.pending],
        });
        // The tables are missing; the table of Atlas and its schema are no difference.
        expect(result.differences.join('\n')).toMatch(/drop table posts/i);
        expect(result.differences.join('\n')).not.toMatch(/atlas/);
      } finally {
        await drop();
      }
    });

    test('and may stay where it is, for both tools', async () => {
      project = makeProject(wanted.files);
      const { url, drop } = await makeDatabase(server);
      const sums = () => readFileSync(join(project.folder, 'migrations/atlas.sum'), 'utf8');
      try {
        await execute(url, ...done(TABLE, made)(project));
        const before = sums();
        const unknown = await project.json('migrate', 'up', '--url', url);
        expect(unknown.error).toMatchObject({
          code: 'sum-missing',
          hints: expect.arrayContaining([expect.stringContaining('--from atlas FOLDER --in-place')]),
        });
        const { error, result } = await project.json(...words(url, '--in-place'));
        expect(error).toBeNull();
        expect(result).toMatchObject({
          wrote: true,
          recorded: { revisions: wanted.applied },
          differences: [],
        });
        expect(sums()).toBe(before);
        expect(project.names('migrations')).toEqual(
          [...Object.keys(FILES), 'atlas.sum', 'tidemark.sum'].sort(),
        );
        expect((await project.json(...words(url))).result).toMatchObject({ wrote: false });

        const other = await makeDatabase(server);
        await execute(other.url, ...done(TABLE, made)(project));
        const second = await project.json(...words(other.url, '--record-only'));
        await other.drop();
        expect(second.result).toMatchObject({ wrote: false, recorded: { revisions: wanted.applied } });

        // What Tidemark writes there, Atlas takes for what it is: a migration, and nothing else.
        project.put({ 'schema.sql': `${Object.values(FILES).join('')}CREATE TABLE extra (id int);\n` });
        const diff = await project.json('migrate', 'diff', 'extra', '--url', url);
        expect(diff.error).toBeNull();
        const names = project.names('migrations').filter((name) => name.endsWith('.sql'));
        expect(names).toHaveLength(4);
        expect(names.filter((name) => name.endsWith('.down.sql'))).toEqual([]);
        expect(sums()).toBe(formatAtlasSum(atlasFiles(join(project.folder, 'migrations'))));
        expect((await project.json('migrate', 'up', '--url', url)).result.steps).toHaveLength(2);
        expect((await project.json('migrate', 'down', '--url', url)).result.steps).toHaveLength(1);
        expect(await rows(url, "SELECT 1 FROM pg_tables WHERE tablename = 'extra'")).toEqual([]);
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('an Atlas project on SQLite comes over with its history', () => {
  const files = {
    '20240101000000_users.sql':
      '-- Create "users" table\nCREATE TABLE `users` (`id` integer NOT NULL, PRIMARY KEY (`id`));\n',
    '20240102000000_posts.sql': 'CREATE TABLE `posts` (`id` integer NOT NULL);\n',
    '20240103000000_more.sql': 'CREATE TABLE `more` (`id` integer NOT NULL);\n',
  };
  return importWholly({
    ...wanted,
    engine: 'sqlite',
    files: { ...within('migrations', files), 'migrations/atlas.sum': sum(files) },
    done: done(SQLITE, [bare(files['20240101000000_users.sql']), bare(files['20240102000000_posts.sql'])]),
  });
});
