import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeEachServer, type TestServer } from '../support/postgres-server.js';
import { execute, makeDatabase, makeProject, type Project, rows } from './support/import-scenario.js';

const FILES = {
  'db/migrations/1_a.sql': '-- migrate:up\nCREATE TABLE a (id integer);\n-- migrate:down\nDROP TABLE a;\n',
  'db/migrations/2_b.sql': '-- migrate:up\nCREATE TABLE b (id integer);\n-- migrate:down\nDROP TABLE b;\n',
};
const TABLE = 'CREATE TABLE schema_migrations (version varchar(128) primary key)';
const applied = (...versions: string[]) =>
  `INSERT INTO schema_migrations VALUES ${versions.map((version) => `('${version}')`).join(', ')}`;

let project: Project;
let database: { readonly url: string; readonly drop: () => Promise<void> };

beforeEach(() => {
  project = makeProject(FILES);
});
afterEach(() => project.remove());

const words = (...more: string[]) => [
  'migrate',
  'import',
  '--from',
  'dbmate',
  '.',
  '--migrations',
  'tide',
  ...more,
];

describe('files alone', () => {
  test('without a database they are converted, and it is said that nothing was recorded', async () => {
    const { code, stdout } = await project.run(...words());
    expect(code).toBe(0);
    expect(stdout).toBe(
      'wrote 2 migrations of dbmate, 2 with a way down, to tide\nnothing was recorded: no database was asked; run it again with --env or --url to record what is applied there\nThen write down the schema that they make: tidemark schema inspect migrations:tide > schema.sql\n',
    );
    expect(project.names('tide')).toEqual([
      '.gitattributes',
      '1_a.down.sql',
      '1_a.sql',
      '2_b.down.sql',
      '2_b.sql',
      'tidemark.sum',
    ]);
    expect(
      (await project.json('migrate', 'validate', '--migrations', 'tide', '--replay')).result,
    ).toMatchObject({
      migrations: 2,
      replayed: true,
    });
    // Nothing is left beside it.
    expect(project.names('.')).toEqual(['db', 'tide']);
  });

  test('a dry run shows the names and writes nothing', async () => {
    const { stdout } = await project.run(...words('--dry-run'));
    expect(stdout).toContain(
      'would write 2 migrations of dbmate, 2 with a way down, to tide:\n  1_a.sql  <- migrations/1_a.sql\n',
    );
    expect(project.names('.')).toEqual(['db']);
  });

  test('--no-record leaves the database alone, also one that cannot be reached', async () => {
    const { result } = await project.json(...words('--no-record', '--url', 'postgres://localhost:1/none'));
    expect(result).toMatchObject({ wrote: true, recorded: null, differences: null });
  });

  test('a database that cannot be reached stops it before a file is written', async () => {
    expect((await project.json(...words('--url', 'postgres://localhost:1/none'))).error?.code).toBe(
      'cannot-connect',
    );
    expect(project.names('.')).toEqual(['db']);
  });

  test('a second time nothing is written, and newer migrations may be there', async () => {
    await project.run(...words());
    await project.run('migrate', 'new', 'c', '--migrations', 'tide');
    const names = project.names('tide');
    expect((await project.json(...words())).result.wrote).toBe(false);
    expect(project.names('tide')).toEqual(names);
  });

  test.each([
    ['something else', { 'tide/notes.txt': 'x' }, 'is not empty: notes.txt'],
    ['other migrations', { 'tide/7_x.sql': 'SELECT 7;\n' }, 'is not empty: 7_x.sql'],
    ['part of it', { 'tide/1_a.sql': 'CREATE TABLE a (id integer);\n' }, 'in part, but not'],
  ])('a folder with %s is refused', async (_, files, message) => {
    project.put(files as unknown as Record<string, string>);
    const names = project.names('tide');
    const { code, error } = await project.json(...words());
    expect([code, error?.code]).toEqual([4, 'import-target-not-empty']);
    expect(error?.message).toContain(message);
    expect(project.names('tide')).toEqual(names);
  });

  test('a file that only keeps the folder stays', async () => {
    project.put({ 'tide/.gitkeep': '' });
    expect((await project.json(...words())).code).toBe(0);
    expect(project.names('tide')).toEqual(expect.arrayContaining(['.gitkeep', '.gitattributes']));
  });

  test('what cannot be converted stops it before a file is written', async () => {
    project.put({ 'db/migrations/3_c.sql': '-- migrate:up\nCREATE TABEL c;\n-- migrate:down\n' });
    expect((await project.json(...words())).error).toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining('3_c.sql'),
    });
    expect(project.names('.')).toEqual(['db']);
  });

  test.each([
    [['migrate', 'import', '.'], 'usage'],
    [['migrate', 'import', '--from', 'rails', '.'], 'usage'],
    [['migrate', 'import', '--from', 'prisma', 'nowhere'], 'import-not-found'],
    [['migrate', 'import', '--from', 'dbmate', '.', '--record-only'], 'url-missing'],
    [['migrate', 'import', '--from', 'dbmate', '.', '--record-only', '--no-record'], 'usage'],
    [
      ['migrate', 'import', '--from', 'atlas', 'atlas', '--in-place', '--migrations', 'tide'],
      'import-in-place',
    ],
    [['migrate', 'import', '--from', 'dbmate', '.', '--in-place'], 'usage'],
  ])('wrong usage ends with 2: %j', async (line, code) => {
    project.put({ 'atlas/1_x.sql': 'SELECT 1;\n' });
    const answer = await project.json(...line);
    expect([answer.code, answer.error?.code]).toEqual([2, code]);
  });

  test('the help says what it does', async () => {
    const { stdout } = await project.run('migrate', 'import', '--help');
    expect(stdout).toContain('--[no-]record');
    expect(stdout).toContain('tidemark migrate import --from prisma prisma/migrations --env production');
  });
});

function recording(server: TestServer | 'sqlite'): void {
  beforeEach(async () => {
    database = await makeDatabase(server);
  });
  afterEach(() => database.drop());
  const take = (...more: string[]) => project.json(...words('--url', database.url, ...more));
  const status = async () =>
    (await project.json('migrate', 'status', '--migrations', 'tide', '--url', database.url)).result;

  test('what is applied is recorded with its way down, and the words say so', async () => {
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    const { stdout, code } = await project.run(...words('--url', database.url));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nrecorded 1 migration as applied in .*, as (?:public\.)?schema_migrations says\n/,
    );
    expect(stdout).toContain('pending there: 2; "tidemark migrate up" runs them');
    expect(stdout).toContain('the database is what these migrations make');
    // It is left alone without a word in the configuration.
    expect(stdout).not.toContain('exclude');
    const history = await project.json(
      'migrate',
      'history',
      '--verbose',
      '--migrations',
      'tide',
      '--url',
      database.url,
    );
    expect(JSON.stringify(history.result)).toContain('"operation":"import"');
    const kept = database.url.startsWith('sqlite') ? 'tidemark_revision' : 'tidemark.revision';
    expect(await rows(database.url, `SELECT revision, down_sql FROM ${kept}`)).toEqual([
      { revision: '1', down_sql: 'DROP TABLE a;\n' },
    ]);
  });

  test('a second database is only recorded, and what the tool did since is recorded too', async () => {
    await project.run(...words());
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    expect((await take()).result).toMatchObject({
      wrote: false,
      recorded: { revisions: ['1'], already: [] },
    });
    await execute(database.url, 'CREATE TABLE b (id integer)', applied('2'));
    expect((await take()).result).toMatchObject({
      wrote: false,
      recorded: { revisions: ['2'], already: ['1'] },
    });
    expect((await status()).pending).toBe(0);
  });

  test('what Tidemark has applied since is neither pending nor a difference', async () => {
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    await take();
    const up = await project.json('migrate', 'up', '--migrations', 'tide', '--url', database.url);
    expect(up.code).toBe(0);
    const { result } = await take();
    expect(result).toMatchObject({
      recorded: { revisions: [], already: ['1'] },
      revisions: [
        { revision: '1', applied: true },
        { revision: '2', applied: true },
      ],
      differences: null,
      notes: expect.arrayContaining([expect.stringMatching(/history has more than .*schema_migrations: 2;/)]),
    });
    const { stdout } = await project.run(...words('--url', database.url));
    expect(stdout).not.toMatch(/pending|is not what/);
  });

  test('differences of the live schema are shown, line by line', async () => {
    await execute(
      database.url,
      TABLE,
      'CREATE TABLE a (id integer, extra text)',
      'CREATE TABLE stray (id integer)',
      applied('1'),
    );
    const { result, code } = await take();
    expect(code).toBe(0);
    expect(result.differences.join('\n')).toMatch(/extra/);
    expect(result.differences.join('\n')).toMatch(/stray/);
    expect(result.differences.join('\n')).not.toMatch(/schema_migrations|tidemark/);
    expect((await project.run(...words('--url', database.url))).stdout).toContain('it has, besides:');
  });

  test('a version that was passed over is named', async () => {
    await execute(database.url, TABLE, 'CREATE TABLE b (id integer)', applied('2'));
    const { result } = await take();
    expect(result.recorded.revisions).toEqual(['2']);
    expect(result.notes.join(' ')).toContain('Not applied in the database, though something after it is: 1.');
    expect((await status()).problems.map(({ code }: { code: string }) => code)).toEqual(['out-of-order']);
  });

  test('a database without the table of the tool has nothing to record', async () => {
    const { result } = await take();
    expect(result).toMatchObject({ wrote: true, recorded: null, differences: null, exclude: [] });
    expect((await project.run(...words('--url', database.url))).stdout).toContain('has no table of dbmate');
    expect(
      (await project.json('migrate', 'up', '--migrations', 'tide', '--url', database.url)).result.steps,
    ).toHaveLength(2);
  });

  test('--record-only takes the folder as it is, edited or not', async () => {
    await project.run(...words());
    project.put({ 'tide/1_a.sql': '-- edited\nCREATE TABLE a (id integer);\n' });
    await project.run('migrate', 'hash', '--migrations', 'tide');
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    expect((await take()).error?.code).toBe('import-target-not-empty');
    expect((await take('--record-only')).result).toMatchObject({
      wrote: false,
      recorded: { revisions: ['1'] },
    });
    expect((await status()).problems).toEqual([]);
  });

  test('a history that has it with another text is refused', async () => {
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    await take();
    project.put({ 'tide/1_a.sql': '-- edited\nCREATE TABLE a (id integer);\n' });
    await project.run('migrate', 'hash', '--migrations', 'tide');
    const { code, error } = await take('--record-only');
    expect([code, error?.code]).toEqual([4, 'import-history-differs']);
  });

  test('a folder that lacks a revision cannot be recorded', async () => {
    await execute(database.url, TABLE, applied('1', '2'));
    project.put({ 'tide/1_a.sql': 'CREATE TABLE a (id integer);\n' });
    await project.run('migrate', 'hash', '--migrations', 'tide');
    expect((await take('--record-only')).error).toMatchObject({
      code: 'import-unknown-revision',
      message: expect.stringContaining('no file for 2'),
    });
  });

  test('a dry run writes no history', async () => {
    await execute(database.url, TABLE, 'CREATE TABLE a (id integer)', applied('1'));
    expect((await take('--dry-run')).result).toMatchObject({ dryRun: true, recorded: { revisions: ['1'] } });
    await expect(rows(database.url, 'SELECT * FROM tidemark.revision')).rejects.toThrow();
    expect(project.names('.')).toEqual(['db']);
  });
}

describeEachServer('recording', recording, { newest: true, embedded: true });
describe('recording (SQLite)', () => recording('sqlite'));

test('a database that is not there yet has nothing to record, and is not made', async () => {
  const { result } = await project.json(...words('--url', 'sqlite:none.db'));
  expect(result).toMatchObject({ wrote: true, recorded: null });
  expect(project.names('.')).toEqual(['db', 'tide']);
});
