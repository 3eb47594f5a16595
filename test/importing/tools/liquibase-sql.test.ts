import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/liquibase-sql.js';
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

const read = (files: Record<string, string>, path = '.', env: Record<string, string> = {}) => {
  project = makeProject(files);
  return importer.read(join(project.folder, path), { engine: 'postgres', env });
};

const CHANGELOG = `--liquibase formatted sql
-- of the author
--property name:schema value:app

--changeset ann:1 labels:v1
--comment: makes users
--preconditions onFail:MARK_RAN
CREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT '--rollback; no');
--rollback DROP TABLE
--rollback users;

--changeset "bob b":2 splitStatements:false runInTransaction:false
CREATE FUNCTION one() RETURNS integer AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql
/* liquibase rollback
DROP FUNCTION one();
*/

--changeset ann:3 dbms:oracle
SELECT 1 FROM dual;

--changeset ann:5 endDelimiter:/
--ignoreLines:1
this line is not for Liquibase;
SELECT '\${schema}'
/
SELECT 2
/
--rollback empty
`;

describe('changesets', () => {
  test('with their attributes, rollbacks and comments', async () => {
    const { revisions, notes } = await read({ 'a.sql': CHANGELOG }, 'a.sql');
    expect(revisions.map(({ id, name, transaction }) => [id, name, transaction])).toEqual([
      ['1', 'ann', 'file'],
      ['2', 'bob b', 'none'],
      ['5', 'ann', 'file'],
    ]);
    const [one, two, five] = revisions;
    expect(one!.up).toBe(
      "-- of the author\n\n-- makes users\n--preconditions onFail:MARK_RAN\nCREATE TABLE users (id integer PRIMARY KEY, note text DEFAULT '--rollback; no');\n",
    );
    expect(one!.down).toBe('DROP TABLE\nusers;\n');
    expect(two!.up).toBe(
      'CREATE FUNCTION one() RETURNS integer AS $$ BEGIN RETURN 1; END $$ LANGUAGE plpgsql;\n',
    );
    expect(two!.down).toBe('DROP FUNCTION one();\n');
    expect(five!.up).toBe("SELECT 'app';\n\nSELECT 2;\n");
    expect(five!.down).toContain('SELECT 1;');
    expect(notes.join('\n')).toContain('1 changeset for other databases (dbms:…) left out');
    expect(notes.join('\n')).toContain('Preconditions are kept as comments only: ann:1');
    expect(notes.join('\n')).toContain('MD5 sums of databasechangelog cannot be verified');
  });

  test('ids that are no rising numbers give way to their places', async () => {
    const { revisions } = await read(
      {
        'a.sql':
          '--liquibase formatted sql\n--changeset ann:create-users\nSELECT 1;\n--changeset ann:1\nSELECT 2;\n',
      },
      'a.sql',
    );
    expect(revisions.map(({ id, name }) => [id, name])).toEqual([
      ['0001', 'ann_create-users'],
      ['0002', 'ann_1'],
    ]);
  });

  test.each([
    [
      'a parameter without a value',
      `--liquibase formatted sql\n--changeset a:1\nSELECT '\${x}';\n`,
      ':2: the parameter',
    ],
    ['a broken changeset', '--liquibase formatted sql\n--changeset nobody\nSELECT 1;\n', ':2: this is not'],
    ['a statement before', '--liquibase formatted sql\nSELECT 1;\n', ':2: a statement stands before'],
    ['nothing', '--liquibase formatted sql\n', ':1: the file has no changeset'],
  ])('refused with the place: %s', async (_, text, words) => {
    await expect(read({ 'a.sql': text }, 'a.sql')).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

const file = (id: number) => `--liquibase formatted sql\n--changeset a:${id}\nSELECT ${id};\n`;
const FILES = {
  'db/sql/2.sql': file(2),
  'db/sql/10.sql': file(10),
  'db/more/raw.sql': 'SELECT 99;\n',
};

describe('masters', () => {
  test.each([
    [
      'db/changelog-master.xml',
      '<?xml version="1.0"?>\n<databaseChangeLog>\n<!-- <changeSet id="no"/> -->\n  <include file="sql/2.sql" relativeToChangelogFile="true"/>\n  <include file="db/sql/10.sql"/>\n  <includeAll path="more" relativeToChangelogFile="true"/>\n</databaseChangeLog>',
    ],
    [
      'db/changelog.yaml',
      'databaseChangeLog:\n  - include:\n      file: sql/2.sql\n      relativeToChangelogFile: true\n  - include: { file: "db/sql/10.sql" }\n  - includeAll:\n      path: db/more/\n',
    ],
    [
      'db/db.changelog-root.json',
      '{ "databaseChangeLog": [ { "include": { "file": "sql/2.sql", "relativeToChangelogFile": true } },\n { "include": { "file": "db/sql/10.sql" } },\n { "includeAll": { "path": "db/more" } } ] }',
    ],
  ])('%s gives the files in its order', async (name, text) => {
    const { revisions } = await read({ ...FILES, [name]: text }, name);
    expect(revisions.map(({ key }) => key.split('::')[0])).toEqual(['a:2', 'a:10', 'includeAll:raw']);
  });

  test('a folder without one: its formatted files by name', async () => {
    const { revisions } = await read(FILES, 'db/sql');
    expect(revisions.map(({ key }) => key.split('::')[0])).toEqual(['a:10', 'a:2']);
  });

  test.each([
    [
      'changesets in XML',
      '<databaseChangeLog>\n  <changeSet id="1" author="a"/>\n</databaseChangeLog>',
      ':2: a changeset that is not written in SQL',
    ],
    [
      'a file that is not there',
      '<databaseChangeLog>\n\n<include file="x.sql"/></databaseChangeLog>',
      'includes x.sql, which is not there',
    ],
    ['a circle', '<databaseChangeLog><include file="db/changelog.xml"/></databaseChangeLog>', 'in a circle'],
  ])('refused with the place: %s', async (_, text, words) => {
    await expect(read({ 'db/changelog.xml': text }, 'db/changelog.xml')).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

// As Liquibase 4.28.0 makes them.
const table = (upper: boolean) => {
  const sql = `CREATE TABLE databasechangelog (id VARCHAR(255) NOT NULL, author VARCHAR(255) NOT NULL, filename VARCHAR(255) NOT NULL,
    dateexecuted TIMESTAMP NOT NULL, orderexecuted INTEGER NOT NULL, exectype VARCHAR(10) NOT NULL, md5sum VARCHAR(35),
    description VARCHAR(255), comments VARCHAR(255), tag VARCHAR(255), liquibase VARCHAR(20), contexts VARCHAR(255),
    labels VARCHAR(255), deployment_id VARCHAR(10))`;
  const lock =
    'CREATE TABLE databasechangeloglock (id INTEGER NOT NULL PRIMARY KEY, locked BOOLEAN NOT NULL, lockgranted TIMESTAMP, lockedby VARCHAR(255))';
  if (!upper) return [sql, lock];
  return [sql, lock].map((text) =>
    text.replace(
      /\b(?:databasechangelog\w*|id|author|filename|dateexecuted|orderexecuted|exectype)\b/g,
      (word) => word.toUpperCase(),
    ),
  );
};
const row = (id: string, order: number, exectype = 'EXECUTED', path = 'db/changelog/users.sql') =>
  `INSERT INTO databasechangelog (id, author, filename, dateexecuted, orderexecuted, exectype, md5sum)
    VALUES ('${id}', 'ann', '${path}', CURRENT_TIMESTAMP, ${order}, '${exectype}', '9:0123456789abcdef0123456789abcdef')`;

const users = `--liquibase formatted sql
--changeset ann:1
CREATE TABLE users (id integer PRIMARY KEY);
--rollback DROP TABLE users;
--changeset ann:2
CREATE TABLE posts (id integer);
--rollback DROP TABLE posts;
--changeset ann:3
CREATE TABLE later (id integer);
--rollback DROP TABLE later;
`;
const wanted = {
  tool: 'liquibase-sql',
  files: {
    'db/changelog/users.sql': users,
    'db/changelog.xml': '<databaseChangeLog><include file="db/changelog/users.sql"/></databaseChangeLog>',
  },
  path: 'db/changelog.xml',
  table: 'databasechangelog',
  applied: ['1', '2'],
  pending: ['3'],
  down: ['1', '2', '3'],
} as const;
const done = (upper: boolean) => [
  ...table(upper),
  'CREATE TABLE users (id integer PRIMARY KEY)',
  'CREATE TABLE posts (id integer)',
  row('1', 1),
  row('2', 2, 'MARK_RAN'),
];

describeEachServer(
  'a Liquibase project comes over',
  (server) => {
    test('with its history', () => importWholly({ ...wanted, engine: server, done: () => done(false) }));

    test('a failed changeset is refused', async () => {
      project = makeProject(wanted.files);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(url, ...done(false), row('3', 3, 'FAILED'));
        const answer = await project.json(
          'migrate',
          'import',
          '--from',
          'liquibase-sql',
          'db',
          '--migrations',
          'tide',
          '--url',
          url,
        );
        expect(answer).toMatchObject({ code: 4, error: { code: 'import-refused' } });
        expect(answer.error?.message).toContain('Changeset ann:3 of db/changelog/users.sql failed');
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('a Liquibase project on SQLite comes over with its history', () =>
  importWholly({ ...wanted, engine: 'sqlite', done: () => done(true) }));
