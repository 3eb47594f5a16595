import type { Connection } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { migrationEngine } from '../migrations/engine.js';
import { diffSchemas } from '../schema/diff.js';
import type { Schema } from '../schema/object.js';
import { planChanges } from '../schema/planner.js';
import { renderPlan } from '../schema/render-plan.js';
import { inDevTerms } from './dev-terms.js';
import { readDatabase } from './plan-between.js';
import type { Snapshot, SnapshotFacts, SnapshotSubject } from './snapshot-file.js';
import { newestSnapshot, writeSnapshot } from './snapshot-folder.js';
import { unmanagedNames } from './unmanaged-names.js';
import type { Workbench } from './workbench.js';

/** A live schema as it was read, ready to be written as a snapshot. */
export interface ReadSnapshot {
  readonly facts: Omit<SnapshotFacts, keyof SnapshotSubject>;
  readonly sql: string;
  readonly schema: Schema;
  /** What the database has that is not managed, and so not in the snapshot. */
  readonly unmanaged: readonly string[];
}

/** What taking a snapshot gave. Plain data: what `--json` prints. */
export interface TakenSnapshot extends Omit<Snapshot, 'sql'> {
  /** False: the newest snapshot says the same already, and is the one named here. */
  readonly written: boolean;
  /** Its path. */
  readonly path: string;
  readonly objects: number;
  readonly unmanaged: readonly string[];
}

/** Where a snapshot goes. */
export interface SnapshotPlace extends SnapshotSubject {
  /** The folder of snapshots. Absolute. */
  readonly folder: string;
}

/**
 * Reads the schema of an open database as SQL, with where its history stands at that moment. The SQL is tried on the
 * dev database: what it makes there is the schema that was read. Changes nothing. Throws TidemarkError:
 * `target-changed` (exit code 4) when migrations run meanwhile, `snapshot-incomplete` when the SQL cannot make it.
 */
export async function readSnapshot(bench: Workbench, session: Connection): Promise<ReadSnapshot> {
  const before = await readStanding(session);
  const takenAt = new Date().toISOString();
  const schema = await readDatabase(bench, session, 'as it is');
  const { heads, logged, run } = await readStanding(session);
  if (logged !== before.logged || run !== before.run) throw movedMeanwhile(session.label);
  const sql = renderPlan(planChanges(bench.empty(schema.engineVersion), schema, bench.dialect));
  await requireWhole(bench, schema, sql);
  return {
    facts: { engine: session.engine, engineVersion: session.version, takenAt, heads, logged, run },
    sql,
    schema,
    unmanaged: unmanagedNames(schema.unmanaged),
  };
}

/**
 * Writes what was read, unless the newest snapshot says the same. With a name it is written in any case. Throws
 * TidemarkError: `snapshot-not-written`, `snapshot-damaged`.
 */
export async function keepSnapshot(
  { folder, environment, database }: SnapshotPlace,
  { facts, sql, schema, unmanaged }: ReadSnapshot,
  name: string | undefined,
): Promise<Omit<TakenSnapshot, 'path'>> {
  const found = (kept: Snapshot, written: boolean) => {
    const { sql: _, ...said } = kept;
    return { ...said, written, objects: schema.objects.size, unmanaged };
  };
  // Replicas that start together all take one: who comes second finds what the first wrote.
  for (;;) {
    const newest = name === undefined ? await newestSnapshot(folder, { environment, database }) : undefined;
    if (newest !== undefined && saysTheSame(newest, { ...facts, sql })) return found(newest, false);
    const taken = { environment, database, ...facts };
    const written = await writeSnapshot(folder, name ?? environment, taken, sql);
    if (written !== undefined) return found(written, true);
  }
}

function saysTheSame(one: Snapshot, other: Pick<Snapshot, 'sql' | 'logged' | 'run' | 'heads'>): boolean {
  const same = one.logged === other.logged && one.run === other.run;
  return same && one.sql === other.sql && one.heads.join() === other.heads.join();
}

/** Where the history of a database stands: its heads, how many lines its log has, and whose the last is. */
export async function readStanding(
  session: Connection,
): Promise<Pick<SnapshotFacts, 'heads' | 'logged' | 'run'>> {
  const { history } = await migrationEngine(session);
  const [{ revisions }, log] = [await history.read(), await history.readLog()];
  const applied = revisions.filter(({ state }) => state === 'applied');
  const needed = new Set(applied.flatMap(({ parents, dependsOn }) => [...parents, ...dependsOn]));
  const heads = applied.map(({ revision }) => revision).filter((revision) => !needed.has(revision));
  return { heads, logged: log.length, run: log.at(-1)?.run ?? null };
}

async function requireWhole(bench: Workbench, schema: Schema, sql: string): Promise<void> {
  if (sql.trim() === '') return;
  let left: number;
  try {
    const made = await bench.readScripts([{ name: 'the snapshot', sql }]);
    left = diffSchemas(made, await inDevTerms(bench, schema), bench.dialect).length;
  } catch (error) {
    const cause = error instanceof TidemarkError ? error.cause : undefined;
    if (!(error instanceof TidemarkError) || !(cause instanceof DatabaseError)) throw error;
    throw incomplete(`the dev database does not take its SQL: ${error.message}`, error);
  }
  if (left > 0) throw incomplete(`on the dev database ${left} of its objects come out different`);
}

function incomplete(why: string, cause?: unknown): TidemarkError {
  return new TidemarkError(
    'snapshot-incomplete',
    `a snapshot of this schema could not be read again: ${why}`,
    {
      hints: [
        'Nothing was written. Leave what needs something that Tidemark does not manage out with `exclude` in tidemark.config.ts.',
        "Or name a server that has what is missing for trying SQL out: `dev: 'server'`.",
      ],
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

export function movedMeanwhile(label: string): TidemarkError {
  return new TidemarkError(
    'target-changed',
    `${label} was changed by somebody else while its schema was read`,
    {
      exitCode: 4,
      hints: ['Nothing was written. Run the command again.'],
    },
  );
}
