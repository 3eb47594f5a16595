import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { TidemarkError } from '../../src/errors.js';
import { graphOf } from '../../src/migrations/compare-history.js';
import { folderOfTexts } from '../../src/migrations/folder.js';
import { headsToMerge, type MergeProof, mergeText, proveMerge } from '../../src/planning/merge-heads.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';

let cache: string;
let dev: DevDatabase;
beforeAll(() => {
  dev = openEmbeddedDev();
});
afterAll(() => dev.close());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'tidemark-merge-'));
  process.env.TIDEMARK_CACHE_DIR = cache;
});
afterEach(() => {
  delete process.env.TIDEMARK_CACHE_DIR;
  rmSync(cache, { recursive: true, force: true });
});

const folder = (files: Record<string, string>) => folderOfTexts('migrations', new Map(Object.entries(files)));
const prove = (files: Record<string, string>, heads: readonly string[] = ['2', '3']): Promise<MergeProof> => {
  const bench = new Workbench({
    dialect: postgresDialect,
    openDev: async () => ({ ...dev, scratch: dev.scratch.bind(dev), close: async () => undefined }),
  });
  return proveMerge(bench, folder(files), heads);
};
const failure = async (files: Record<string, string>): Promise<TidemarkError> => {
  const error: unknown = await prove(files).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof TidemarkError) return error;
  throw new Error(`expected a TidemarkError, not ${String(error)}`);
};

/** Two lines from one table: `two` and `three` with their reverses. */
const fork = (two: string, twoDown: string, three: string, threeDown: string): Record<string, string> => ({
  '1_base.sql': 'CREATE TABLE users (id int PRIMARY KEY);\nCREATE VIEW names AS SELECT id FROM users;',
  '1_base.down.sql': 'DROP VIEW names;\nDROP TABLE users;',
  '2_left.sql': `-- tidemark:branch left\n-- tidemark:parent 1\n${two}`,
  '2_left.down.sql': twoDown,
  '3_right.sql': `-- tidemark:parent 1\n${three}`,
  '3_right.down.sql': threeDown,
});
const independent = fork(
  'ALTER TABLE users ADD nick text;',
  'ALTER TABLE users DROP nick;',
  'ALTER TABLE users ADD age int;',
  'ALTER TABLE users DROP age;',
);

describe('which heads are merged', () => {
  const graph = graphOf(folder({ ...independent, '4_more.sql': '-- tidemark:parent 3\nSELECT 1;' }));
  const code = (texts: readonly string[]) => {
    try {
      return headsToMerge(graph, texts);
    } catch (error) {
      return error instanceof TidemarkError ? [error.code, error.message] : error;
    }
  };

  it.each([
    ['all by default', [], ['2', '4']],
    ['in the order in which they are named', ['more', 'left'], ['4', '2']],
    ['once when named twice', ['left', 'more', 'left@head'], ['2', '4']],
  ])('%s', (_, texts, heads) => {
    expect(code(texts)).toEqual(heads);
  });

  it.each([
    [
      'what others follow',
      ['right', 'left'],
      ['merge-not-head', '3 (right) is not a head: its line goes on to 4 (more)'],
    ],
    [
      'base',
      ['base', 'left'],
      ['merge-not-head', '"base" is not a head: its line goes on to 2 (left), 4 (more)'],
    ],
    ['one alone', ['left'], ['merge-one', '2 (left) alone cannot be merged']],
  ])('but not %s', (_, texts, expected) => {
    expect(code(texts)).toEqual(expected);
  });

  it('is none or one where there are no branches', () => {
    expect(headsToMerge(graphOf(folder({})), [])).toEqual([]);
    expect(headsToMerge(graphOf(folder({ '1_a.sql': 'SELECT 1;' })), [])).toEqual(['1']);
  });
});

describe('the proof of a merge', () => {
  it('takes lines whose order does not matter, though columns stand in another one', async () => {
    expect(await prove(independent)).toEqual({
      orders: [
        ['2', '3'],
        ['3', '2'],
      ],
      withoutDown: [],
      notLeadingBack: [],
    });
  });

  it('names the statement that fails in the other order', async () => {
    const error = await failure(
      fork(
        'ALTER TABLE users RENAME TO people;',
        'ALTER TABLE people RENAME TO users;',
        '-- first\nALTER TABLE users ADD age int;',
        'ALTER TABLE users DROP age;',
      ),
    );
    expect(error.code).toBe('merge-conflict');
    expect(error.message).toBe('3_right.sql fails after 2_left.sql: relation "users" does not exist');
    expect(error.location).toMatchObject({ file: 'migrations/3_right.sql', line: 3 });
    expect(error.details).toMatchObject({ revision: '3', direction: 'up', order: ['2', '3'] });
  });

  it('names what differs when the last one wins', async () => {
    const view = (column: string) => `CREATE OR REPLACE VIEW names AS SELECT id${column} FROM users;`;
    const back = 'DROP VIEW names;\nCREATE VIEW names AS SELECT id FROM users;';
    const error = await failure(fork(view(' + 0 AS id'), back, view(' * 1 AS id'), back));
    expect(error.code).toBe('merge-conflict');
    expect(error.excerpt).toContain('view names');
    expect(error.details.orders).toEqual([
      ['2', '3'],
      ['3', '2'],
    ]);
  });

  it('names the reverse that leads elsewhere after the other line', async () => {
    // Up there is no difference: both set the same default. Down, each takes it away from the other.
    const error = await failure(
      fork(
        "ALTER TABLE users ADD IF NOT EXISTS nick text DEFAULT 'x';",
        'ALTER TABLE users DROP IF EXISTS nick;',
        "ALTER TABLE users ADD IF NOT EXISTS nick text DEFAULT 'x';",
        'ALTER TABLE users DROP IF EXISTS nick;',
      ),
    );
    expect(error).toMatchObject({ code: 'merge-conflict' });
    expect(error.message).toBe(
      'migrations/3_right.down.sql does not lead back after 2_left.sql, 3_right.sql',
    );
    expect(error.details).toMatchObject({ revision: '3', direction: 'down' });
  });

  it('does not blame the merge for a reverse that leads nowhere by itself, or is not there', async () => {
    const files = fork(
      'ALTER TABLE users ADD nick text;',
      'SELECT 1;',
      'ALTER TABLE users ADD age int;',
      '-- none',
    );
    expect(await prove(files)).toMatchObject({ withoutDown: ['3'], notLeadingBack: ['2'] });
  });

  it('runs what lines have in common first, also several lines, and from nothing', async () => {
    const table = (name: string) => `-- tidemark:parent base\nCREATE TABLE ${name} ();`;
    const files = {
      '1_a.sql': table('a'),
      '1_a.down.sql': 'DROP TABLE a;',
      '2_b.sql': table('b'),
      '2_b.down.sql': 'DROP TABLE b;',
      '3_c.sql': table('c'),
      '3_c.down.sql': 'DROP TABLE c;',
    };
    const { orders } = await prove(files, ['1', '2', '3']);
    expect(orders).toEqual([
      ['1', '2', '3'],
      ['2', '1', '3'],
      ['3', '1', '2'],
    ]);
  });

  it('also runs lines in file order, where they lie between one another', async () => {
    const { orders } = await prove(
      { ...independent, '4_more.sql': '-- tidemark:parent 2\nSELECT 1;', '4_more.down.sql': 'SELECT 1;' },
      ['4', '3'],
    );
    expect(orders).toEqual([
      ['2', '4', '3'],
      ['3', '2', '4'],
      ['2', '3', '4'],
    ]);
  });
});

it('writes what is joined, and nothing that runs', () => {
  const graph = graphOf(folder(independent));
  expect(mergeText(graph, ['2', '3'])).toEqual({
    up: '-- Joins\n--   - 2_left.sql (left)\n--   - 3_right.sql\n-- There is nothing to run: each line has made its own changes.\n',
    down: '-- Takes the merge back. There is nothing to run: the lines stay as they are.\n',
  });
});
