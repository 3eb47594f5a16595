import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/golang-migrate.js';
import { describeEachServer } from '../../support/postgres-server.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
} from '../support/import-scenario.js';

let project: Project;
afterEach(() => project?.remove());

const read = (files: Record<string, string>) => {
  project = makeProject(files);
  return importer.read(project.folder, { engine: 'postgres', env: {} });
};

const FILES = {
  'migrations/000001_users.up.sql': 'BEGIN;\n\nCREATE TABLE users (id integer PRIMARY KEY);\n\nCOMMIT;\n',
  'migrations/000001_users.down.sql': 'DROP TABLE users;',
  'migrations/000002_posts.up.sql': "CREATE TABLE posts (id integer, body text DEFAULT ';');",
  'migrations/000002_posts.down.sql': 'DROP TABLE posts;',
  'migrations/000010_likes.up.sql': 'CREATE TABLE likes (id integer);',
  'migrations/000010_likes.down.sql': 'DROP TABLE likes;',
};

describe('files', () => {
  test('pairs by number, in the order of numbers', async () => {
    const { revisions } = await read({
      '10_c.up.sql': 'SELECT 10;',
      '9_b.up.sql': 'SELECT 9;',
      '9_b.down.sql': 'SELECT -9;',
      '11_d.up.json': '[]',
      'README.md': '',
    });
    expect(revisions.map(({ id, key, up, down }) => [id, key, up, down])).toEqual([
      ['9', '9', 'SELECT 9;', 'SELECT -9;'],
      ['10', '10', 'SELECT 10;', undefined],
    ]);
  });

  test.each([
    ['a way down alone', { '1_a.up.sql': 'SELECT 1;', '2_b.down.sql': 'SELECT 2;' }, 'no .up.sql file'],
    ['one number twice', { '1_a.up.sql': 'SELECT 1;', '01_b.up.sql': 'SELECT 2;' }, 'has the same number'],
  ])('refused: %s', async (_, files, words) => {
    await expect(read(files as unknown as Record<string, string>)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

// The tables of golang-migrate 4.18.1.
const postgres = [
  'CREATE TABLE schema_migrations (version bigint not null primary key, dirty boolean not null)',
];
const sqlite = [
  'CREATE TABLE schema_migrations (version uint64,dirty bool)',
  'CREATE UNIQUE INDEX version_unique ON schema_migrations (version)',
];
const scenario = {
  tool: 'golang-migrate',
  files: FILES,
  table: 'schema_migrations',
  applied: ['000001', '000002'],
  pending: ['000010'],
  down: ['000001', '000002', '000010'],
} as const;
const done = (table: readonly string[], dirty: string) => [
  ...table,
  'CREATE TABLE users (id integer PRIMARY KEY)',
  "CREATE TABLE posts (id integer, body text DEFAULT ';')",
  `INSERT INTO schema_migrations VALUES (2, ${dirty})`,
];

describeEachServer(
  'a golang-migrate project comes over',
  (server) => {
    test('with its history, BEGIN and COMMIT of the files taken out', () =>
      importWholly({ ...scenario, engine: server, done: () => done(postgres, 'false') }));

    test.each([
      ['a dirty database', done(postgres, 'true'), 'is dirty: migration 2'],
      [
        'a number that the project has not',
        [...postgres, 'INSERT INTO schema_migrations VALUES (3, false)'],
        'has what the project has not: 3',
      ],
    ])('%s is refused, and nothing is written', async (_, statements, words) => {
      project = makeProject(FILES);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(url, ...statements);
        const words2 = [
          'migrate',
          'import',
          '--from',
          'golang-migrate',
          'migrations',
          '--migrations',
          'tide',
        ];
        const { code, error } = await project.json(...words2, '--url', url);
        expect([code, error?.code]).toEqual([4, 'import-refused']);
        expect(error?.message).toContain(words);
        expect(project.names('tide')).toEqual([]);
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('a golang-migrate project on SQLite comes over with its history', () =>
  importWholly({ ...scenario, engine: 'sqlite', done: () => done(sqlite, '0') }));
