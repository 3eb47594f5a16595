import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { loadDialect } from '../../src/dialects.js';
import type { MigrationFolder } from '../../src/migrations/folder.js';
import type { Target } from '../../src/migrations/graph/target.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import type { MigrateEvent, MigrateUpOptions } from '../../src/migrations/migrate-options.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { migrateStamp } from '../../src/migrations/stamp.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { describeEachServer, freshDatabase, type TestServer } from '../support/postgres-server.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

const table = (name: string, head = '') => ({
  up: `${head}CREATE TABLE ${name} (id integer);`,
  down: `DROP TABLE ${name};`,
});

/** left and right follow base and are merged; reports is a line of its own, whose second depends on left. */
const MIGRATIONS: Record<string, { up: string; down: string }> = {
  '1000_base': table('base'),
  '2000_left': table('lefts', '-- tidemark:parent 1000\n-- tidemark:branch left\n'),
  '2500_left2': table('lefts2', '-- tidemark:parent 2000\n'),
  '3000_right': table('rights', '-- tidemark:parent 1000\n-- tidemark:branch right\n'),
  '4000_merge': table('merged', '-- tidemark:parent 2500 3000\n'),
  '5000_reports': table('reports', '-- tidemark:parent base\n-- tidemark:branch reports\n'),
  '6000_more': table('more', '-- tidemark:parent 5000\n-- tidemark:depends-on 2000\n'),
};

function filesOf(migrations: typeof MIGRATIONS): Record<string, string> {
  return Object.fromEntries(
    Object.entries(migrations).flatMap(([stem, { up, down }]) => [
      [`${stem}.sql`, up],
      [`${stem}.down.sql`, down],
    ]),
  );
}

/** The same without files. */
function gone(...stems: string[]): Record<string, null> {
  return Object.fromEntries(
    stems.flatMap((stem) => [`${stem}.sql`, `${stem}.down.sql`]).map((file) => [file, null]),
  );
}

describe('targets (SQLite)', () => tests());
describeEachServer('targets', tests, { newest: true });

function tests(server?: TestServer): void {
  const sqlite = server === undefined;
  let folder: TestFolder;
  let files: MigrationFolder;
  let db: Connection;
  let drop = async () => {};

  beforeEach(async () => {
    folder = await testFolder();
    files = await folder.put(filesOf(MIGRATIONS));
    const fresh = sqlite ? undefined : await freshDatabase(server);
    if (fresh !== undefined) drop = fresh.drop;
    db = await connect(fresh?.url ?? 'sqlite:memory');
  });
  afterEach(async () => {
    await db.close();
    await drop();
    await folder.remove();
  });

  const events: MigrateEvent[] = [];
  const onEvent = (event: MigrateEvent) => events.push(event);
  const up = async (target?: Target, options: MigrateUpOptions = {}) =>
    (await migrateUp(db, files, await loadDialect(db.engine), { target, onEvent, ...options })).steps.map(
      (step) => step.revision,
    );
  const down = async (target?: Target) => {
    events.length = 0;
    const { steps } = await migrateDown(db, files, await loadDialect(db.engine), { target, onEvent });
    return steps.map((step) => step.revision);
  };
  const current = async () => (await migrationStatus(db, files)).current;
  const tables = async () =>
    (
      await db.query<{ name: string }>(
        sqlite
          ? "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'tidemark%' AND name NOT LIKE 'sqlite%' ORDER BY 1"
          : "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1",
      )
    ).map(({ name }) => name);

  test('everything, and everything back', async () => {
    await expect(up()).rejects.toMatchObject({ code: 'several-heads', exitCode: 2 });
    expect(await tables()).toEqual([]);
    expect(await up('heads')).toEqual(['1000', '2000', '2500', '3000', '4000', '5000', '6000']);
    expect(await current()).toEqual(['4000', '6000']);
    expect(await up('heads')).toEqual([]);
    expect(await down('base')).toEqual(['6000', '5000', '4000', '3000', '2500', '2000', '1000']);
    expect(await tables()).toEqual([]);
  });

  test('a branch brings what it depends on, and nothing else; its siblings are not out of order', async () => {
    expect(await up('reports@head')).toEqual(['1000', '2000', '5000', '6000']);
    expect(await tables()).toEqual(['base', 'lefts', 'more', 'reports']);
    expect((await migrationStatus(db, files)).problems).toEqual([]);
    expect(await up('right')).toEqual(['3000']);
    expect(await up('left@+1')).toEqual(['2500']);
    expect(await up('+1')).toEqual(['4000']);
    expect((await migrationStatus(db, files)).problems).toEqual([]);
  });

  test('what comes late below applied ones is out of order, what comes late beside them is not', async () => {
    await up('heads');
    files = await folder.put(filesOf({ '3500_beside': table('beside', '-- tidemark:parent 3000\n') }));
    expect((await migrationStatus(db, files)).problems).toEqual([]);
    expect(await up('3500')).toEqual(['3500']);
    files = await folder.put(filesOf({ '4500_below': table('below'), '4600_on': table('on_it') }));
    // It follows what is before it in the folder; 5000 has a parent of its own.
    expect(await up('4600')).toEqual(['4500', '4600']);
    files = await folder.put(filesOf({ '4550_between': table('midway') }));
    await expect(up('heads')).rejects.toMatchObject({ code: 'out-of-order', exitCode: 4 });
    expect(await tables()).not.toContain('midway');
    expect(await up('heads', { outOfOrder: true })).toEqual(['4550']);
    expect(await down('4500')).toEqual(['4600', '4550']);
  });

  test('steps up where only one way leads on', async () => {
    await expect(up('+2')).rejects.toMatchObject({ code: 'target-ambiguous', exitCode: 2 });
    expect(await up('left@+1')).toEqual(['1000', '2000']);
    expect(await up('left@+1')).toEqual(['2500']);
    await expect(up('left@+2')).rejects.toMatchObject({ exitCode: 2 });
    expect(await tables()).toEqual(['base', 'lefts', 'lefts2']);
  });

  test('down within a branch leaves the others', async () => {
    await up('heads');
    expect(await down('reports@-1')).toEqual(['6000']);
    expect(await down('reports@base')).toEqual(['5000']);
    expect(await current()).toEqual(['4000']);
    expect(await down('left@2000')).toEqual(['4000', '2500']);
    expect(await current()).toEqual(['2000', '3000']);
    expect(await down('right@base')).toEqual(['3000', '2000', '1000']);
  });

  test('from a merge, the parents stay', async () => {
    await up('4000');
    expect(await down()).toEqual(['4000']);
    expect(await current()).toEqual(['2500', '3000']);
    expect(await down('left@-1')).toEqual(['2500']);
    expect(await up('4000')).toEqual(['2500', '4000']);
    expect(await down('3000')).toEqual(['4000']);
    expect(await down('1000')).toEqual(['3000', '2500', '2000']);
  });

  test('steps down follow the order in which they were applied, not that of the files', async () => {
    await up('5000');
    await up('right');
    await up('2000');
    await up('6000');
    await up('2500');
    expect(await down(-2)).toEqual(['2500', '6000']);
    expect(await down('-2')).toEqual(['2000', '3000']);
    expect(await down(-1)).toEqual(['1000']);
    expect(await tables()).toEqual(['reports']);
  });

  test('an upgrade to what is behind does nothing', async () => {
    await up('4000');
    expect(await up('1000')).toEqual([]);
    expect(await up('current')).toEqual([]);
    await expect(up(-1)).rejects.toMatchObject({ code: 'target-unreachable' });
    await expect(up('-1')).rejects.toMatchObject({ code: 'target-unreachable' });
    expect(await current()).toEqual(['4000']);
  });

  test('a downgrade to what is not applied is refused, and changes nothing', async () => {
    await up('left');
    await expect(down('3000')).rejects.toMatchObject({ code: 'target-unreachable', exitCode: 2 });
    await expect(down(-5)).rejects.toMatchObject({ code: 'target-unreachable', exitCode: 2 });
    expect(await current()).toEqual(['2000']);
  });

  describe('a database ahead of its files', () => {
    const fromHistory = () =>
      events.flatMap((event) =>
        event.type === 'migration-started' && event.step.fromHistory ? [event.step.revision] : [],
      );
    const refusal = async () => {
      const error = await up('heads').then(
        () => {
          throw new Error('it was not refused');
        },
        (thrown: { code: string; message: string; hints: string[] }) => thrown,
      );
      return { code: error.code, message: error.message, hints: error.hints };
    };
    /** The commands between quotes of the way out that takes down. */
    const waysDown = ({ hints }: { hints: readonly string[] }) => {
      const hint = hints.find((line) => line.includes('migrate down'));
      return [...(hint ?? '').matchAll(/"tidemark migrate down ([^"]+)"/g)].map(([, target]) => target!);
    };

    test('says why that may be and the ways out, and each of them works', async () => {
      await up('heads');
      const before = await tables();
      const lost = gone('4000_merge', '6000_more');
      files = await folder.put(lost);
      const refused = await refusal();
      expect(refused).toMatchObject({
        code: 'history-ahead',
        message: 'the database is ahead of the folder, which has no file for 4000_merge, 6000_more',
        hints: [
          expect.stringContaining('another branch is checked out'),
          expect.stringContaining('version control'),
          expect.stringContaining('migrate down'),
          expect.stringContaining('stamp --purge'),
        ],
      });
      const problems = (await migrationStatus(db, files)).problems.map(({ code }) => code);
      expect(problems).toEqual(['history-ahead', 'history-ahead']);
      expect(await tables()).toEqual(before);

      // The files come back.
      files = await folder.put(filesOf(MIGRATIONS));
      expect(await up('heads')).toEqual([]);

      // They are taken down.
      files = await folder.put(lost);
      const ways = waysDown(refused);
      expect(ways).toEqual(['4000@2500', '6000@5000']);
      for (const way of ways) await down(way);
      expect(await current()).toEqual(['2500', '3000', '5000']);
      expect(await up('heads')).toEqual([]);

      // The history is written anew.
      files = await folder.put(filesOf(MIGRATIONS));
      await up('heads');
      files = await folder.put(lost);
      await db.executeAll(['DROP TABLE merged', 'DROP TABLE more']);
      const targets = ['left@head', 'right', 'reports'];
      await migrateStamp(db, files, await loadDialect(db.engine), { targets, purge: true });
      expect(await current()).toEqual(['2500', '3000', '5000']);
      expect(await up('heads')).toEqual([]);
      expect((await migrationStatus(db, files)).problems).toEqual([]);
    });

    test('comes down by the texts it kept, and says so of each', async () => {
      await up('heads');
      files = await folder.put(gone('2500_left2', '4000_merge', '6000_more'));
      expect((await refusal()).code).toBe('history-ahead');
      expect(await down('left')).toEqual(['4000', '2500']);
      expect(fromHistory()).toEqual(['4000', '2500']);
      expect(await tables()).toEqual(['base', 'lefts', 'more', 'reports', 'rights']);
      expect(await down('base')).toEqual(['6000', '5000', '3000', '2000', '1000']);
      expect(fromHistory()).toEqual(['6000']);
      expect(await tables()).toEqual([]);
    });

    test('a whole folder that is gone can be taken down', async () => {
      await up('heads');
      files = await folder.put(gone(...Object.keys(MIGRATIONS)));
      expect(waysDown(await refusal())).toEqual(['base']);
      expect(await down(-1)).toEqual(['6000']);
      expect(await down('base')).toHaveLength(6);
      expect(await tables()).toEqual([]);
      expect(await up('heads')).toEqual([]);
    });

    test('a file that is gone between two others: what follows it goes down with it, and comes again', async () => {
      files = await folder.put(filesOf({ '7100_x': table('x'), '7200_y': table('y'), '7300_z': table('z') }));
      await up('heads');
      files = await folder.put(gone('7200_y'));
      const refused = await refusal();
      expect(refused).toMatchObject({
        code: 'history-missing',
        message: 'applied migrations have no file any more: 7200_y',
      });
      expect(waysDown(refused)).toEqual(['7200@7100']);
      expect(await down('7200@7100')).toEqual(['7300', '7200']);
      expect(fromHistory()).toEqual(['7200']);
      expect(await up('heads')).toEqual(['7300']);
      expect(await tables()).not.toContain('y');
    });

    test('one that ran statement by statement comes down so too', async () => {
      const alone = sqlite ? 'VACUUM' : 'CREATE INDEX CONCURRENTLY pieces_id ON pieces (id)';
      files = await folder.put(
        filesOf({
          '7000_pieces': {
            up: `-- tidemark:transaction none\n-- tidemark:parent 1000\nCREATE TABLE pieces (id integer);\n${alone};`,
            down: `-- tidemark:transaction none\n${sqlite ? 'VACUUM' : 'DROP INDEX CONCURRENTLY pieces_id'};\nDROP TABLE pieces;`,
          },
        }),
      );
      await up('7000');
      files = await folder.put(gone('7000_pieces'));
      expect(waysDown(await refusal())).toEqual(['1000']);
      expect(await down('1000')).toEqual(['7000']);
      expect(fromHistory()).toEqual(['7000']);
      expect(await tables()).toEqual(['base']);
    });

    test('half taken down, it is finished with the text that was kept', async () => {
      files = await folder.put(
        filesOf({
          '7000_pieces': {
            up: '-- tidemark:parent 1000\nCREATE TABLE pieces (id integer);\nCREATE TABLE rest (id integer);',
            down: '-- tidemark:transaction none\nDROP TABLE pieces;\nDROP TABLE rest;',
          },
        }),
      );
      await up('7000');
      files = await folder.put(gone('7000_pieces'));
      await db.executeAll(['ALTER TABLE rest RENAME TO hidden']);
      await expect(down('1000')).rejects.toMatchObject({ code: 'migration-failed' });
      expect(await tables()).toEqual(['base', 'hidden']);
      await expect(down('base')).rejects.toMatchObject({ code: 'migration-failed' });
      await db.executeAll(['ALTER TABLE hidden RENAME TO rest']);
      expect(await down('base')).toEqual(['7000', '1000']);
      expect(await tables()).toEqual([]);
    });

    test('without a text it cannot come down, and nothing is run', async () => {
      files = await folder.put({
        '7000_forever.sql': '-- tidemark:parent 1000\nCREATE TABLE forever (id integer);',
      });
      await up('7000');
      files = await folder.put(gone('7000_forever'));
      await expect(down('base')).rejects.toMatchObject({ code: 'no-down', exitCode: 4 });
      expect(await tables()).toEqual(['base', 'forever']);
    });
  });
}
