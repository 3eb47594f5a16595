import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/dbmate.js';
import { describeEachServer } from '../../support/postgres-server.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
} from '../support/import-scenario.js';

const USERS = `-- written by hand
-- migrate:up
CREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT 'a;b -- migrate:down');
INSERT INTO users VALUES (1, 'it''s');

-- migrate:down
DROP TABLE users;
`;
// The tables are what dbmate 2.36.0 makes, on PostgreSQL by its dump.
const SQLITE = 'CREATE TABLE "schema_migrations" (version varchar(128) primary key)';
const POSTGRES = `CREATE TABLE public.schema_migrations (version character varying NOT NULL,
  CONSTRAINT schema_migrations_pkey PRIMARY KEY (version))`;

let project: Project;
afterEach(() => project?.remove());

const read = (files: Record<string, string>, engine: 'postgres' | 'sqlite' = 'postgres') => {
  project = makeProject(files);
  return importer.read(project.folder, { engine, env: {} });
};

describe('files', () => {
  test('sections, comments of the author, and options', async () => {
    const { revisions } = await read({
      'db/migrations/20240101000000_users.sql': USERS.replaceAll('\n', '\r\n'),
      'db/migrations/20240102000000_index.sql':
        '-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON users (id);\n-- migrate:down transaction:false\n\n',
      'db/migrations/README.md': '',
    });
    expect(
      revisions.map(({ id, name, transaction, downTransaction }) => [id, name, transaction, downTransaction]),
    ).toEqual([
      ['20240101000000', 'users', 'file', 'file'],
      ['20240102000000', 'index', 'none', 'none'],
    ]);
    expect(revisions[0]!.up).toBe(`-- written by hand\n${USERS.split('\n').slice(2, 4).join('\n')}\n`);
    expect(revisions[0]!.down).toBe('DROP TABLE users;\n');
    // A reverse without a statement is what "dbmate new" leaves, not a way down.
    expect(revisions[1]!.down).toBeUndefined();
  });

  test('markers within a text are text', async () => {
    const body =
      "DO $$ BEGIN\n  RAISE NOTICE ' -- migrate:down ;';\n  -- migrate:down, but not at the start\nEND $$;\n";
    const { revisions } = await read({
      '1_x.sql': `-- migrate:up\n${body}\n--  migrate:down  \nSELECT 1;\n`,
    });
    expect(revisions[0]).toMatchObject({ up: body, down: 'SELECT 1;\n' });
  });

  test.each([
    ['no up block', 'CREATE TABLE t (a int);', 'does not begin with "-- migrate:up"'],
    ['a statement before', 'SELECT 1;\n-- migrate:up\n-- migrate:down\n', 'stands before'],
    [
      'a second block',
      '-- migrate:up\nSELECT 1;\n-- migrate:down\n-- migrate:up\nSELECT 2;\n',
      ':4: a second "-- migrate:up"',
    ],
  ])('refused with the place: %s', async (_, text, words) => {
    await expect(read({ '1_x.sql': text })).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });

  test('a folder that is none', async () => {
    await expect(read({ 'x.txt': '' })).rejects.toMatchObject({ code: 'import-not-found', exitCode: 2 });
  });
});

const scenario = {
  tool: 'dbmate',
  files: {
    'db/migrations/20240101000000_users.sql': USERS,
    'db/migrations/20240102000000_posts.sql':
      '-- migrate:up\nCREATE TABLE posts (id integer PRIMARY KEY)\n-- migrate:down\nDROP TABLE posts;\n',
    'db/migrations/20240103000000_later.sql':
      '-- migrate:up\nALTER TABLE posts ADD COLUMN title text;\n-- migrate:down\nALTER TABLE posts DROP COLUMN title;\n',
  },
  done: () => [
    "CREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT 'a;b -- migrate:down')",
    'CREATE TABLE posts (id integer PRIMARY KEY)',
    "INSERT INTO schema_migrations VALUES ('20240101000000'), ('20240102000000')",
  ],
  table: 'schema_migrations',
  applied: ['20240101000000', '20240102000000'],
  pending: ['20240103000000'],
  down: ['20240101000000', '20240102000000', '20240103000000'],
} as const;

describeEachServer(
  'a dbmate project comes over',
  (server) => {
    test('with its history', () =>
      importWholly({ ...scenario, engine: server, done: () => [POSTGRES, ...scenario.done()] }));

    test('a version that the project has not is refused, unless it is gone on purpose', async () => {
      project = makeProject(scenario.files);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(
          url,
          POSTGRES,
          ...scenario.done(),
          "INSERT INTO schema_migrations VALUES ('20231231000000')",
        );
        const words = ['migrate', 'import', '--from', 'dbmate', '.', '--migrations', 'tide', '--url', url];
        const refused = await project.json(...words);
        expect(refused).toMatchObject({ code: 4, error: { code: 'import-refused' } });
        expect(refused.error!.message).toContain('20231231000000');
        expect(project.names('tide')).toEqual([]);
        const allowed = await project.json(...words, '--ignore-unknown');
        expect(allowed.result.recorded).toMatchObject({
          revisions: scenario.applied,
          unknown: ['20231231000000'],
        });
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('a dbmate project on SQLite comes over with its history', () =>
  importWholly({ ...scenario, engine: 'sqlite', done: () => [SQLITE, ...scenario.done()] }));
