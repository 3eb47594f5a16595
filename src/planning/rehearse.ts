import { TidemarkError } from '../errors.js';
import type { Migration } from '../migrations/migration-file.js';
import { diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { downScript, upScript } from './migration-scripts.js';
import { describeChange } from './prove.js';
import { fitsTransaction, runScripts, type SplitScript, splitScripts } from './run-scripts.js';
import type { Workbench } from './workbench.js';

/** What a way down came to. */
export interface DownOutcome {
  readonly migration: Migration;
  /** `none`: it has no reverse. `different`: the reverse does not lead back. */
  readonly outcome: 'exact' | 'none' | 'different';
  /** What is still to be done to get back, a line each. */
  readonly differences: readonly string[];
}

/** Migrations as they ran on the dev database, up and down. */
export interface Rehearsal {
  /** The schema before the first of them, and after each. */
  readonly states: readonly [Schema, ...Schema[]];
  /** The ways down, the last migration first; the first that is not exact is the last one here. */
  readonly downs: readonly DownOutcome[];
}

/** A statement that the dev database refused. */
export interface RefusedMigration {
  readonly migration: Migration;
  readonly direction: 'up' | 'down';
  /** `sql-failed`, with the place. */
  readonly error: TidemarkError;
}

/**
 * Runs migrations on the dev database on top of others, and takes them down again one by one, looking at the schema
 * each time. What the engine refuses is thrown as `refused` makes it, which has to hand on the error's cause (the
 * workbench looks there for what it can supply); the rest of what `splitScripts` and `runScripts` throw comes through.
 */
export async function rehearse(
  bench: Workbench,
  before: readonly Migration[],
  migrations: readonly Migration[],
  refused: (refusal: RefusedMigration) => TidemarkError,
): Promise<Rehearsal> {
  const { dialect } = bench;
  const ground = await splitScripts(before.map(upScript), dialect);
  const ups = await splitScripts(migrations.map(upScript), dialect);
  const downs = await Promise.all(
    migrations.map(async (migration) => {
      const file = await downScript(migration);
      return file === undefined ? [] : splitScripts([file], dialect);
    }),
  );
  const builder = {
    transactional: fitsTransaction([...ground, ...ups, ...downs.flat()]),
    run: async () => undefined,
  };
  return bench.build(builder, async (connection) => {
    const read = (): Promise<Schema> => dialect.readSchema(connection, bench.filter);
    const run = (scripts: readonly SplitScript[]): Promise<void> => runScripts(connection, scripts, dialect);
    const runOne = async (
      scripts: readonly SplitScript[],
      migration: Migration,
      direction: 'up' | 'down',
    ): Promise<void> => {
      try {
        await run(scripts);
      } catch (error) {
        throw error instanceof TidemarkError ? refused({ migration, direction, error }) : error;
      }
    };
    await run(ground);
    const states: [Schema, ...Schema[]] = [await read()];
    for (const [at, migration] of migrations.entries()) {
      await runOne(ups.slice(at, at + 1), migration, 'up');
      states.push(await read());
    }
    const outcomes: DownOutcome[] = [];
    for (const [back, migration] of migrations.toReversed().entries()) {
      const at = migrations.length - 1 - back;
      const scripts = downs[at] ?? [];
      if (scripts.length === 0) {
        outcomes.push({ migration, outcome: 'none', differences: [] });
        break;
      }
      await runOne(scripts, migration, 'down');
      const differences = differencesBetween(bench, await read(), states[at] ?? states[0]);
      outcomes.push({ migration, outcome: differences.length === 0 ? 'exact' : 'different', differences });
      if (differences.length > 0) break;
    }
    return { states, downs: outcomes };
  });
}

/** What is to be done to get from one schema to another, a line each. */
export function differencesBetween(bench: Workbench, from: Schema, to: Schema): string[] {
  return diffSchemas(from, to, bench.dialect).map((change) => describeChange(change, bench.dialect));
}
