import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { loadDialect } from '../../src/dialects.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import type { MigrationFolder } from '../../src/migrations/folder.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import type { MigrateUpOptions } from '../../src/migrations/migrate-options.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrateStamp, type StampOptions } from '../../src/migrations/stamp.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeEachServer, freshDatabase, type TestServer } from '../support/postgres-server.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

/** b and c follow a, d merges them; r is a line of its own, and r2 depends on b. */
const FILES = {
  '1000_a.sql': 'CREATE TABLE a (id integer);',
  '1000_a.down.sql': 'DROP TABLE a;',
  '2000_b.sql': '-- tidemark:parent 1000\n-- tidemark:branch bees\nCREATE TABLE b (id integer);',
  '2000_b.down.sql': 'DROP TABLE b;',
  '3000_c.sql': '-- tidemark:parent 1000\nCREATE TABLE c (id integer);',
  '3000_c.down.sql': 'DROP TABLE c;',
  '4000_d.sql': '-- tidemark:parent 2000 3000\nCREATE TABLE d (id integer);',
  '4000_d.down.sql': 'DROP TABLE d;',
  '5000_r.sql': '-- tidemark:parent base\n-- tidemark:branch reports\nCREATE TABLE r (id integer);',
  '5000_r.down.sql': 'DROP TABLE r;',
  '6000_r2.sql': '-- tidemark:parent 5000\n-- tidemark:depends-on 2000\nCREATE TABLE r2 (id integer);',
  '6000_r2.down.sql': 'DROP TABLE r2;',
};

describe('stamp (SQLite)', () => tests());
describeEachServer('stamp', tests, { newest: true });

function tests(server?: TestServer): void {
  let folder: TestFolder;
  let files: MigrationFolder;
  let db: Connection;
  let url: string;
  let drop = async () => {};

  beforeEach(async () => {
    folder = await testFolder();
    files = await folder.put(FILES);
    const fresh = server === undefined ? undefined : await freshDatabase(server);
    if (fresh !== undefined) drop = fresh.drop;
    url = fresh?.url ?? 'sqlite:memory';
    db = await connect(url);
  });
  afterEach(async () => {
    await db.close();
    await drop();
    await folder.remove();
  });

  const history = server === undefined ? 'tidemark_' : 'tidemark.';
  const stamp = async (targets: string, options: Partial<StampOptions> = {}) =>
    migrateStamp(db, files, await loadDialect(db.engine), { targets: targets.split(' '), ...options });
  const up = async (options: MigrateUpOptions = {}) =>
    migrateUp(db, files, await loadDialect(db.engine), options);
  const down = async (target?: string) => migrateDown(db, files, await loadDialect(db.engine), { target });
  const rows = () => db.query(`SELECT * FROM ${history}revision ORDER BY position`);
  const applied = async () => (await rows()).map((row) => row.revision);
  const ids = (stamped: readonly { readonly revision: string }[]) => stamped.map(({ revision }) => revision);
  const noTable = (name: string) => expect(db.query(`SELECT * FROM ${name}`)).rejects.toThrow();

  test('adopts a database without a history: what the target needs is recorded, nothing is run', async () => {
    await db.executeAll(['CREATE TABLE a (mine text)', "INSERT INTO a VALUES ('kept')"]);
    const result = await stamp('d', { by: 'ada' });
    expect(ids(result.added)).toEqual(['1000', '2000', '3000', '4000']);
    expect(result).toMatchObject({ removed: [], settled: [], before: [], after: ['4000'], dryRun: false });
    expect(await db.query('SELECT * FROM a')).toEqual([{ mine: 'kept' }]);
    await noTable('b');
    for (const row of await rows()) {
      const migration = files.migrations.find(({ version }) => version === row.revision)!;
      expect(row).toMatchObject({
        name: migration.name,
        state: 'applied',
        origin: 'stamp',
        checksum: migration.checksum,
        down_sql: migration.down?.sql,
        down_checksum: migration.down?.checksum,
        applied_by: 'ada',
      });
    }
    const status = await migrationStatus(db, files);
    expect(status).toMatchObject({
      current: ['4000'],
      problems: [],
      lastRun: { operation: 'stamp', outcome: 'done' },
    });
  });

  test('a second time it changes nothing, not even a row', async () => {
    await stamp('heads');
    const before = await rows();
    expect(await stamp('heads')).toMatchObject({
      added: [],
      removed: [],
      settled: [],
      after: ['4000', '6000'],
    });
    expect(await rows()).toEqual(before);
  });

  test('up goes on from there, and down takes back what was stamped', async () => {
    await db.executeAll(['CREATE TABLE a (id integer)', 'CREATE TABLE b (id integer)']);
    await stamp('bees');
    expect((await up({ target: 'heads' })).steps.map((step) => step.revision)).toEqual([
      '3000',
      '4000',
      '5000',
      '6000',
    ]);
    await down('base');
    await noTable('a');
    expect(await applied()).toEqual([]);
  });

  test('moves a line up and down, other branches stay', async () => {
    await stamp('4000 5000');
    expect(await stamp('c')).toMatchObject({ after: ['3000', '5000'] });
    expect(ids((await stamp('bees 3000')).added)).toEqual(['2000']);
    expect(ids((await stamp('d')).added)).toEqual(['4000']);
    const back = await stamp('1000');
    expect(ids(back.removed)).toEqual(['4000', '3000', '2000']);
    expect(await applied()).toEqual(['1000', '5000']);
    const log = await db.query(`SELECT operation, revision, outcome FROM ${history}log ORDER BY id`);
    expect(log.slice(-5)).toEqual([
      { operation: 'stamp', revision: null, outcome: 'started' },
      ...['4000', '3000', '2000'].map((revision) => ({ operation: 'unstamp', revision, outcome: 'done' })),
      { operation: 'stamp', revision: null, outcome: 'done' },
    ]);
  });

  test('a line that depends on one that goes is moved with it, as Alembic does', async () => {
    await stamp('heads');
    const back = await stamp('1000');
    expect(ids(back.removed)).toEqual(['6000', '5000', '4000', '3000', '2000']);
    expect(back.after).toEqual(['1000']);
  });

  test.each([
    ['base', []],
    ['reports@base', ['1000', '2000', '3000', '4000']],
    ['head', 'several-heads'],
    ['bees@head', ['1000', '2000', '3000', '4000', '5000', '6000']],
    ['bees@base', ['1000', '3000', '5000']],
    ['3000-1', ['1000']],
    ['6000-1', ['1000', '2000', '3000', '4000', '5000']],
  ] as const)('%s from everything', async (target, expected) => {
    await stamp('heads');
    if (typeof expected === 'string')
      await expect(stamp(target)).rejects.toMatchObject({ code: expected, exitCode: 2 });
    else await stamp(target);
    expect((await applied()).sort()).toEqual(
      typeof expected === 'string' ? (await applied()).sort() : expected,
    );
  });

  test.each([
    ['1000 3000', 'stamp-overlap'],
    ['4000 bees', 'stamp-overlap'],
    ['9999', 'target-unknown'],
    ['nosuch@head', 'branch-unknown'],
    ['7', 'target-unknown'],
  ])('%s is refused with %s, and nothing changes', async (targets, code) => {
    await stamp('2000 3000');
    const before = await rows();
    await expect(stamp(targets)).rejects.toMatchObject({ code, exitCode: 2 });
    await expect(stamp(targets, { purge: true })).rejects.toMatchObject({ code, exitCode: 2 });
    expect(await rows()).toEqual(before);
  });

  test('base makes the tables where there are none', async () => {
    expect(await stamp('base')).toMatchObject({ added: [], after: [] });
    expect(await rows()).toEqual([]);
  });

  test('looking writes nothing', async () => {
    const dry = await stamp('2000', { dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, after: ['2000'] });
    expect(dry.script).toBeUndefined();
    expect((await stamp('2000', { script: true })).script).toContain("'2000'");
    await expect(rows()).rejects.toThrow();
  });

  test('an applied revision that no file has is refused; --purge forgets it', async () => {
    await up({ target: 'heads' });
    files = await folder.put({ '6000_r2.sql': null, '6000_r2.down.sql': null });
    const before = await rows();
    await expect(stamp('4000')).rejects.toMatchObject({
      code: 'history-ahead',
      message: expect.stringContaining('6000_r2'),
      hints: expect.arrayContaining([expect.stringContaining('stamp --purge')]),
    });
    expect(await rows()).toEqual(before);
    const result = await stamp('4000 5000', { purge: true });
    expect(ids(result.removed)).toEqual(['1000', '2000', '3000', '4000', '5000', '6000']);
    expect(ids(result.added)).toEqual(['1000', '2000', '3000', '4000', '5000']);
    expect(await applied()).toEqual(['1000', '2000', '3000', '4000', '5000']);
    expect(await db.query('SELECT * FROM r2')).toEqual([]);
    expect((await up({ target: 'heads' })).steps).toEqual([]);
  });

  test('an edited file stays edited for a stamp; a purge takes it as it is now', async () => {
    await up({ target: 'reports' });
    files = await folder.put({ '5000_r.sql': `-- words\n${FILES['5000_r.sql']}` });
    await expect(up({ target: 'heads' })).rejects.toMatchObject({
      code: 'history-edited',
      hints: expect.arrayContaining([expect.stringContaining('stamp --purge')]),
    });
    expect((await stamp('reports')).added).toEqual([]);
    await expect(up({ target: 'heads' })).rejects.toMatchObject({ code: 'history-edited' });
    await stamp('reports', { purge: true });
    expect((await up({ target: 'heads' })).steps).toHaveLength(5);
  });

  test('a purge declares all branches: what is not named is no longer recorded', async () => {
    await stamp('heads');
    await stamp('bees', { purge: true });
    expect(await applied()).toEqual(['1000', '2000']);
    await stamp('current', { purge: true });
    expect(await applied()).toEqual(['1000', '2000']);
    await stamp('base', { purge: true });
    expect(await applied()).toEqual([]);
  });

  // What it costs is the folder; the statements are the same everywhere.
  test.runIf(server === undefined)(
    'ten thousand revisions are stamped, and the next stamp finds nothing to do',
    async () => {
      const many: Record<string, string> = {};
      for (let at = 0; at < 10_000; at++) many[`${20_000 + at}_m.sql`] = '-- nothing';
      files = await folder.put({ ...many, '20000_m.sql': '-- tidemark:parent base\n-- nothing' });
      expect((await stamp('29999')).added).toHaveLength(10_000);
      expect((await stamp('29999')).added).toHaveLength(0);
      expect((await stamp('20000')).removed).toHaveLength(9_999);
    },
  );

  describe('with a migration half applied', () => {
    beforeEach(async () => {
      files = await folder.put({
        '2500_half.sql':
          '-- tidemark:parent 1000\n-- tidemark:transaction none\nCREATE TABLE h (id integer);\nSELECT * FROM nowhere;',
        '2500_half.down.sql': 'DROP TABLE h;',
      });
      await expect(up({ target: '2500' })).rejects.toMatchObject({ code: 'migration-failed' });
      expect(await applied()).toEqual(['1000', '2500']);
    });

    test('stamping it settles it and says so', async () => {
      const result = await stamp('2500');
      expect(ids(result.settled)).toEqual(['2500']);
      expect(result).toMatchObject({ added: [], removed: [], before: ['1000'], after: ['2500'] });
      const [, half] = await rows();
      expect(half).toMatchObject({ state: 'applied', origin: 'stamp', error: null, attempt: null });
      expect((await migrationStatus(db, files)).problems).toEqual([]);
      expect((await down()).steps.map(({ revision }) => revision)).toEqual(['2500']);
    });

    test('stamping what is below it forgets it', async () => {
      expect(ids((await stamp('1000')).removed)).toEqual(['2500']);
      expect(await applied()).toEqual(['1000']);
    });

    test('current is where it was before', async () => {
      expect(ids((await stamp('current')).removed)).toEqual(['2500']);
    });

    test('stamping another branch leaves it as it is', async () => {
      const result = await stamp('3000');
      expect(result.settled).toEqual([]);
      expect((await rows()).find(({ revision }) => revision === '2500')).toMatchObject({ state: 'applying' });
      await expect(down()).rejects.toMatchObject({ code: 'history-unfinished' });
    });
  });

  if (server === undefined || server.embedded) return;

  test('waits for a run at work, and says who it is', async () => {
    const other = await connect(url);
    const release = await (await migrationEngine(other)).lock(1000, () => {});
    try {
      await expect(stamp('1000', { lockTimeoutMs: 100 })).rejects.toMatchObject({
        code: 'locked',
        exitCode: 4,
      });
    } finally {
      await release();
      await other.close();
    }
    expect((await stamp('1000')).after).toEqual(['1000']);
  });
}
