import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/dbmate.js';
import { describeEachServer, withDatabase } from '../../support/postgres-server.js';
import { dbmate, describeWithDbmate } from '../support/dbmate-command.js';
import { goOnAfterImport } from '../support/go-on-after-import.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
  rows,
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

// What dbmate itself makes of a project that "dbmate new" began.
const CLINIC = {
  'db/migrations/20240101000000_patients.sql': `-- migrate:up
CREATE TABLE "Straße; --" (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'it''s; -- migrate:down');
INSERT INTO "Straße; --" (id) VALUES (1), (2);

-- migrate:down
DROP TABLE "Straße; --";
`,
  'db/migrations/20240102000000_visits.sql': `-- migrate:up
CREATE TABLE visits (id integer PRIMARY KEY, patient integer REFERENCES "Straße; --" (id), note text);
INSERT INTO visits VALUES (1, 2, 'a');
-- migrate:down
DROP TABLE visits;
`,
};
const NEW = '-- migrate:up\n\n\n-- migrate:down\n\n';
const ON_POSTGRES = {
  'db/migrations/20240103000000_stamp.sql': `-- migrate:up
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.note := NEW.note || '; -- migrate:down';
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON visits FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO visits VALUES (2, 1, 'b');
-- migrate:down
DROP TRIGGER stamp ON visits;
DROP FUNCTION stamp();
DELETE FROM visits WHERE id = 2;
`,
  'db/migrations/20240104000000_index.sql': `-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY by_patient ON visits (patient);
-- migrate:down transaction:false
DROP INDEX CONCURRENTLY by_patient;
`,
};

/** Adds a migration as `dbmate new` writes it, filled in; gives its version. */
function addWithDbmate(there: Project, name: string, up: string, down: string): string {
  const before = there.names('db/migrations');
  dbmate(there.folder, '', 'new', name);
  const [file] = there.names('db/migrations').filter((one) => !before.includes(one));
  expect(file).toMatch(/^\d{14}_/);
  const path = `db/migrations/${file}`;
  expect(there.text(path)).toBe(NEW);
  there.put({ [path]: `-- migrate:up\n${up}\n\n-- migrate:down\n${down}\n` });
  return `${file}`.slice(0, 14);
}

describeWithDbmate('from the real dbmate', () => {
  describeEachServer(
    'a database is taken over in the middle, goes on, and all the way back:',
    (server) => {
      test('on PostgreSQL', () =>
        withDatabase(server, (part) =>
          withDatabase(server, (whole) =>
            withDatabase(server, async (empty) => {
              project = makeProject(CLINIC);
              dbmate(project.folder, part, 'up');
              project.put(ON_POSTGRES);
              const last = addWithDbmate(
                project,
                'add title',
                'ALTER TABLE visits ADD COLUMN title text;',
                'ALTER TABLE visits DROP COLUMN title;',
              );
              for (const url of [part, whole]) dbmate(project.folder, url, 'up');
              // Two back: dbmate forgets them, and so has the import to.
              dbmate(project.folder, part, 'rollback');
              dbmate(project.folder, part, 'rollback');
              expect(dbmate(project.folder, part, 'status')).toMatch(/Applied: 3\s+Pending: 2/);
              await goOnAfterImport({
                ...{
                  tool: 'dbmate',
                  path: project.folder,
                  tables: ['schema_migrations'],
                  part,
                  whole,
                  empty,
                },
                applied: ['20240101000000', '20240102000000', '20240103000000'],
                pending: ['20240104000000', last],
                data: ['SELECT * FROM "Straße; --" ORDER BY id', 'SELECT * FROM visits ORDER BY id'],
              });
            }),
          ),
        ));

      test('a file that came late stays pending, as for dbmate', () =>
        withDatabase(server, async (url) => {
          const late = 'db/migrations/20240101120000_late.sql';
          project = makeProject(CLINIC);
          dbmate(project.folder, url, 'up');
          project.put({ [late]: '-- migrate:up\nCREATE TABLE late (id integer);\n-- migrate:down\n' });
          expect(dbmate(project.folder, url, 'status')).toContain('[ ] 20240101120000_late.sql');
          const words = ['--migrations', 'tide', '--url', url];
          const imported = await project.json('migrate', 'import', '--from', 'dbmate', '.', ...words);
          expect(imported.error).toBeNull();
          expect(imported.result.recorded.revisions).toEqual(['20240101000000', '20240102000000']);
          const { result } = await project.json('migrate', 'status', ...words);
          const pending = result.migrations.filter(({ state }: { state: string }) => state === 'pending');
          expect(pending).toMatchObject([{ revision: '20240101120000' }]);
          expect(result.problems).toMatchObject([{ code: 'out-of-order' }]);
          expect(await rows(url, "SELECT to_regclass('late') AS late")).toEqual([{ late: null }]);
        }));
    },
    { newest: true },
  );

  test('a SQLite database is taken over in the middle, goes on, and all the way back', async () => {
    const [part, whole, empty] = [
      await makeDatabase('sqlite'),
      await makeDatabase('sqlite'),
      await makeDatabase('sqlite'),
    ];
    try {
      project = makeProject(CLINIC);
      dbmate(project.folder, part.url, 'up');
      const last = addWithDbmate(
        project,
        'views',
        'CREATE VIEW notes AS SELECT note FROM visits;\nINSERT INTO visits VALUES (7, 1, NULL);',
        'DELETE FROM visits WHERE id = 7;\nDROP VIEW notes;',
      );
      dbmate(project.folder, whole.url, 'up');
      expect(dbmate(project.folder, part.url, 'status')).toMatch(/Applied: 2\s+Pending: 1/);
      await goOnAfterImport({
        ...{ tool: 'dbmate', path: project.folder, tables: ['schema_migrations'] },
        ...{ part: part.url, whole: whole.url, empty: empty.url },
        applied: ['20240101000000', '20240102000000'],
        pending: [last],
        data: ['SELECT * FROM "Straße; --"', 'SELECT * FROM visits'],
      });
    } finally {
      for (const database of [part, whole, empty]) await database.drop();
    }
  });
});
