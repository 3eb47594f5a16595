import { afterEach, describe, expect, test } from 'vitest';
import { flywayChecksum, importer } from '../../../src/importing/tools/flyway.js';
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

const read = (files: Record<string, string>, env: Record<string, string> = {}) => {
  project = makeProject(files);
  return importer.read(project.folder, { engine: 'postgres', env });
};

describe('files', () => {
  test('versions as people write them, in their order, with their undo', async () => {
    const { revisions } = await read({
      'sql/V2__second.sql': 'SELECT 2;',
      'sql/V10__tenth.sql': 'SELECT 10;',
      'sql/one/V1_1__x_y.sql': 'SELECT 1.1;',
      'sql/one/U1.1__back.sql': 'SELECT -1.1;',
      'sql/U7__stray.sql': 'SELECT -7;',
      'sql/afterMigrate.sql': 'SELECT 0;',
    });
    expect(revisions.map(({ id, name, key, down }) => [id, name, key, down])).toEqual([
      ['1.1', 'x_y', '1.1', 'SELECT -1.1;'],
      ['2', 'second', '2', undefined],
      ['10', 'tenth', '10', undefined],
    ]);
  });

  test('repeatable ones come last, and it is said that they run once', async () => {
    const { revisions, notes } = await read({
      'V1__a.sql': 'SELECT 1;',
      'R__b_view.sql': 'SELECT 3;',
      'R__a_view.sql': 'SELECT 2;',
    });
    expect(revisions.map(({ id, name, key }) => [id, name, key])).toEqual([
      ['1', 'a', '1'],
      ['1.R1', 'a_view', 'R:a view'],
      ['1.R2', 'b_view', 'R:b view'],
    ]);
    expect(notes.join(' ')).toContain('R__a_view.sql, R__b_view.sql');
  });

  test('a baseline migration is taken where the versions that it sums up are gone', async () => {
    const alone = await read({ 'B5__base.sql': 'SELECT 5;', 'V6__x.sql': 'SELECT 6;' });
    expect(alone.revisions.map(({ id }) => id)).toEqual(['5', '6']);
    project.remove();
    const both = await read({
      'V4__x.sql': 'SELECT 4;',
      'B5__base.sql': 'SELECT 5;',
      'V6__x.sql': 'SELECT 6;',
    });
    expect(both.revisions.map(({ id }) => id)).toEqual(['4', '6']);
    expect(both.notes.join(' ')).toContain('B5__base.sql was left out');
  });

  test('placeholders get their values from flyway.conf, flyway.toml and the environment', async () => {
    const { revisions } = await read(
      {
        'flyway.toml': '[flyway]\ncleanDisabled = true\n[flyway.placeholders]\nrole = "app" # who\n',
        'conf/flyway.conf': '# flyway.placeholders.note=no\nflyway.placeholders.note=a b\n',
        'V1__a.sql': `SELECT '\${role}', '\${Note}', '\${third}';`,
      },
      { FLYWAY_PLACEHOLDERS_THIRD: 'c' },
    );
    expect(revisions[0]!.up).toBe("SELECT 'app', 'a b', 'c';");
  });

  test('a placeholder without a value is refused with its place, unless nothing is replaced', async () => {
    const files = { 'V1__a.sql': `SELECT 1;\nSELECT '\${role}';` };
    await expect(read(files)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringMatching(/V1__a\.sql:2: the placeholder \$\{role\} has no value/),
    });
    project.remove();
    const { revisions } = await read({ ...files, 'flyway.conf': 'flyway.placeholderReplacement=false\n' });
    expect(revisions[0]!.up).toBe(files['V1__a.sql']);
  });

  test('a script outside a transaction says so in its own file', async () => {
    const { revisions } = await read({
      'V1__a.sql': 'CREATE INDEX CONCURRENTLY i ON t (a);',
      'V1__a.sql.conf': 'executeInTransaction=false\n',
    });
    expect(revisions[0]!.transaction).toBe('none');
  });

  test.each([
    [
      'a program',
      { 'V1__a.sql': 'SELECT 1;', 'V2__b.java': 'class V2__b {}' },
      '1 migration not written in SQL: V2__b.java',
    ],
    [
      'one version twice',
      { 'a/V1__a.sql': 'SELECT 1;', 'b/V1.0__b.sql': 'SELECT 1;' },
      'has the same version',
    ],
  ])('refused: %s', async (_, files, words) => {
    await expect(read(files as unknown as Record<string, string>)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

const CHECKSUM = -1665099012;

test('a checksum does not see line ends, a byte order mark, or the line end at the end', () => {
  // CRC32 of "SELECT 1;SELECT 2;" is 0x9cc09afc, by zlib elsewhere; Java keeps it as a signed number.
  const text = 'SELECT 1;\nSELECT 2;\n';
  expect(flywayChecksum(text)).toBe(CHECKSUM);
  expect(flywayChecksum(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toBe(CHECKSUM);
  expect(flywayChecksum(text.trimEnd())).toBe(CHECKSUM);
  expect(flywayChecksum('SELECT 1;\nSELECT 3;\n')).not.toBe(CHECKSUM);
});

const TABLE = `CREATE TABLE "flyway_schema_history" (
    "installed_rank" INT NOT NULL,
    "version" VARCHAR(50),
    "description" VARCHAR(200) NOT NULL,
    "type" VARCHAR(20) NOT NULL,
    "script" VARCHAR(1000) NOT NULL,
    "checksum" INTEGER,
    "installed_by" VARCHAR(100) NOT NULL,
    "installed_on" TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "execution_time" INTEGER NOT NULL,
    "success" BOOLEAN NOT NULL,
    CONSTRAINT "flyway_schema_history_pk" PRIMARY KEY ("installed_rank")
)`;
const FILES = {
  'sql/V1__users.sql': `CREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT 'a;b');\n`,
  'sql/V2__posts.sql': 'CREATE TABLE posts (id integer);\n',
  'sql/V3__later.sql': 'CREATE TABLE later (id integer);\n',
  'sql/U3__later.sql': 'DROP TABLE later;\n',
  'sql/R__ids.sql': 'CREATE VIEW ids AS SELECT id FROM users;\n',
};
const row = (
  rank: number,
  version: string | null,
  type: string,
  script: string,
  checksum: number | null,
  ok = 'true',
) =>
  `INSERT INTO flyway_schema_history VALUES (${rank}, ${version === null ? 'NULL' : `'${version}'`},
    '${script.replace(/^[A-Z][^_]*__|\.sql$/g, '').replaceAll('_', ' ')}', '${type}', '${script}', ${checksum ?? 'NULL'}, 'me', CURRENT_TIMESTAMP, 1, ${ok})`;
const sum = (there: Project, name: string) => flywayChecksum(there.text(`sql/${name}`));
const done = (there: Project) => [
  TABLE,
  `CREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT 'a;b')`,
  'CREATE TABLE posts (id integer)',
  row(1, '1', 'SQL', 'V1__users.sql', sum(there, 'V1__users.sql')),
  row(2, '2', 'SQL', 'V2__posts.sql', sum(there, 'V2__posts.sql')),
  row(3, '3', 'SQL', 'V3__later.sql', sum(there, 'V3__later.sql')),
  row(4, '3', 'UNDO_SQL', 'U3__later.sql', sum(there, 'U3__later.sql')),
];
const wanted = {
  tool: 'flyway',
  files: FILES,
  done,
  table: 'flyway_schema_history',
  applied: ['1', '2'],
  pending: ['3', '3.R1'],
  down: ['3'],
} as const;
const words = (url: string) => [
  'migrate',
  'import',
  '--from',
  'flyway',
  'sql',
  '--migrations',
  'tide',
  '--url',
  url,
];

describeEachServer(
  'a Flyway project comes over',
  (server) => {
    test('with its history, an undone version pending', () => importWholly({ ...wanted, engine: server }));

    test('a baseline stands for what is before it, and a repeatable one that changed is pending', async () => {
      project = makeProject(FILES);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(
          url,
          TABLE,
          row(1, '2', 'BASELINE', '<< Flyway Baseline >>', null),
          row(2, null, 'SQL', 'R__ids.sql', 12345),
        );
        const { result } = await project.json(...words(url));
        expect(result.recorded.revisions).toEqual(['1', '2']);
        expect(result.notes.join(' ')).toContain('R__ids.sql was changed since it ran');
        // The tables are not there: the comparison says so.
        expect(result.differences.join(' ')).toMatch(/users/);
      } finally {
        await drop();
      }
    });

    test.each([
      [
        'failed',
        (there: Project) => [row(9, '3', 'SQL', 'V3__later.sql', sum(there, 'V3__later.sql'), 'false')],
        'V3__later.sql failed',
      ],
      [
        'edited',
        () => ['UPDATE flyway_schema_history SET checksum = 1 WHERE installed_rank = 1'],
        'has checksum 1',
      ],
      [
        'unknown',
        () => [row(9, '4', 'JDBC', 'db.migration.V4__java', null)],
        'has what the project has not: 4',
      ],
    ])('%s migrations are refused', async (_, more, message) => {
      project = makeProject(FILES);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(url, ...done(project), ...more(project));
        const { code, error } = await project.json(...words(url));
        expect([code, error?.code]).toEqual([4, 'import-refused']);
        expect(error?.message).toContain(message);
        expect(project.names('tide')).toEqual([]);
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('a Flyway project on SQLite comes over with its history', () =>
  importWholly({ ...wanted, engine: 'sqlite' }));
