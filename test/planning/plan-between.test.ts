import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { planBetween } from '../../src/planning/plan-between.js';
import { migrationState } from '../../src/planning/resolve-source.js';
import type { StateSource } from '../../src/planning/state-source.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import { planStatements } from '../../src/schema/plan.js';

let folder: string;
let dev: DevDatabase;
let statements: string[];
let bench: Workbench;

beforeAll(() => {
  dev = openEmbeddedDev();
});
afterAll(() => dev.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-planning-'));
  process.env.TIDEMARK_CACHE_DIR = join(folder, 'cache');
  statements = [];
  bench = new Workbench({ dialect: postgresDialect, openDev: async () => recording(dev) });
});
afterEach(() => {
  delete process.env.TIDEMARK_CACHE_DIR;
  rmSync(folder, { recursive: true, force: true });
});

/** The dev database, noting every statement that is run on it. */
function recording(real: DevDatabase): DevDatabase {
  return {
    label: real.label,
    fingerprint: real.fingerprint,
    engineVersion: real.engineVersion,
    close: async () => undefined,
    scratch: (work, options) =>
      real.scratch((connection) => {
        const executeAll = connection.executeAll.bind(connection);
        return work(
          Object.assign(Object.create(connection) as typeof connection, {
            query: connection.query.bind(connection),
            executeAll(batch: readonly string[]) {
              statements.push(...batch);
              return executeAll(batch);
            },
          }),
        );
      }, options),
  };
}

const scripts = (...files: readonly string[]): StateSource => ({
  type: 'scripts',
  label: 'scripts',
  files: files.map((sql, i) => ({ name: `${i}.sql`, sql })),
});
const open = () => Promise.reject(new Error('no database is named here'));
const between = (from: StateSource, to: StateSource) => planBetween(bench, from, to, { open });
const history = Array.from({ length: 12 }, (_, i) => `CREATE TABLE t${i} (id int PRIMARY KEY);`);

describe('planBetween', () => {
  it('proves in both directions, and gives the state it proved', async () => {
    const plan = await between(scripts(history[0]!), scripts(history[0]!, history[1]!));
    expect(planStatements(plan.up)).toHaveLength(1);
    expect(plan.proven?.objects.has('table:public.t1')).toBe(true);
    expect(statements.at(-1)).toBe('DROP TABLE t1');
  });

  it('reads the same text once', async () => {
    await bench.readScripts([{ name: 'a.sql', sql: history[0]! }]);
    statements.length = 0;
    const again = await bench.readScripts([{ name: 'other name.sql', sql: history[0]! }]);
    expect(again.objects.has('table:public.t0')).toBe(true);
    expect(statements).toEqual([]);
  });

  it('does not run a long history again for the next plan, nor the migration it has just proven', async () => {
    const long = scripts(...history, 'ALTER TABLE t0 ADD COLUMN a int;', 'ALTER TABLE t0 DROP COLUMN a;');
    await between(long, long);
    statements.length = 0;
    const wanted = scripts(...history, 'CREATE TABLE extra (id int);');
    const plan = await between(long, wanted);
    expect(plan.proven).toBeDefined();
    expect(statements.filter((sql) => sql.startsWith('ALTER TABLE t0'))).toEqual([]);

    const files = [
      ...(long.type === 'scripts' ? long.files : []),
      { name: 'new.sql', sql: 'CREATE TABLE extra (id int);' },
    ];
    await bench.rememberState(files, plan.proven!);
    statements.length = 0;
    expect((await bench.readScripts(files)).objects.has('table:public.extra')).toBe(true);
    expect(statements).toEqual([]);
  });

  it('runs a long history where its result cannot be built directly', async () => {
    // A range type with a canonical function is not managed: only the history knows how to make it.
    const range = 'CREATE TYPE steps AS RANGE (subtype = int4, canonical = steps_canonical)';
    const long = [
      ...history,
      'CREATE TYPE steps;',
      `CREATE FUNCTION steps_canonical(steps) RETURNS steps IMMUTABLE STRICT LANGUAGE internal AS 'int4range_canonical';`,
      `${range};`,
      'CREATE VIEW v AS SELECT steps(1, 2) AS s;',
    ];
    const plan = await between(scripts(...long), scripts(...long, 'CREATE TABLE extra (id int);'));
    expect(plan.proven?.objects.has('view:public.v')).toBe(true);
    expect(plan.unmanaged.from).toEqual([{ kind: 'range type with a canonical function', name: 'steps' }]);
    expect(statements).toContain(range);
  });

  it('supplies a missing extension once it is known to be missing, and says so every time', async () => {
    const notes = async () => {
      const fresh = new Workbench({ dialect: postgresDialect, openDev: async () => recording(dev) });
      await fresh.readScripts([{ name: 'a.sql', sql: 'CREATE TABLE a (name citext);' }]);
      return fresh.notes;
    };
    expect(await notes()).toEqual([expect.stringContaining('CREATE EXTENSION IF NOT EXISTS citext')]);
    expect(await notes()).toHaveLength(1);
  });
});

describe('migrationState', () => {
  it('is in the order of the graph, and a revision stands for what it needs', async () => {
    writeFileSync(join(folder, '1_a.sql'), 'CREATE TABLE a (id int);\n');
    writeFileSync(join(folder, '2_b.sql'), '-- tidemark:parent 3\nALTER TABLE c ADD COLUMN x int;\n');
    writeFileSync(join(folder, '3_c.sql'), '-- tidemark:parent 1\nCREATE TABLE c (id int);\n');
    const read = await readMigrationFolder(folder);
    const names = (revision?: string) => {
      const state = migrationState(read, revision);
      return state.type === 'scripts' ? state.files.map((file) => file.name.slice(folder.length + 1)) : [];
    };
    expect(names()).toEqual(['1_a.sql', '3_c.sql', '2_b.sql']);
    expect(names('3')).toEqual(['1_a.sql', '3_c.sql']);
    expect(names('base')).toEqual([]);
    expect(() => names('9')).toThrow(/9/);
    const plan = await between({ type: 'empty', label: 'nothing' }, migrationState(read, undefined));
    expect(plan.proven?.objects.has('column:public.c.x')).toBe(true);
  });
});
