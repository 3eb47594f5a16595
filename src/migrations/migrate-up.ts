import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import { statementHash } from './checksum.js';
import { compareHistory, type HistoryComparison, label, requireUpgradable } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { ancestorsOf, tipsOf } from './graph/reach.js';
import type { Revision } from './graph/revision-graph.js';
import { parseTarget, resolvePlace } from './graph/target.js';
import { upgradeSteps } from './graph/upgrade-steps.js';
import type { AppliedRevision, History } from './history.js';
import type { Job } from './job.js';
import type { MigrateResult, MigrateUpOptions } from './migrate-options.js';
import type { Migration } from './migration-file.js';
import { offlineScript } from './offline-script.js';
import { loadProgram } from './program.js';
import { requireListed } from './require-listed.js';
import { entryOf } from './revision-entry.js';
import {
  closeInterrupted,
  makeContext,
  openRun,
  type RunContext,
  transact,
  underLock,
} from './run-context.js';
import { runJobs } from './run-jobs.js';
import { programScript, readScript } from './script.js';

/**
 * Applies pending migrations. Takes the migration lock, checks files, sum, graph and history against each
 * other, reads every script that will run (so that a mistake in the last stops the first), then runs each in
 * its own transaction, or piece by piece where it cannot be in one.
 *
 * Throws TidemarkError: `sum-missing`, `sum-mismatch`; `locked`, `out-of-order`, `database-not-clean` (exit
 * code 4); `history-edited`, `history-missing`, `history-ahead`, `history-unfinished`, `history-newer`,
 * `history-not-writable`; `several-heads`, `target-…`; `baseline-late`; `migration-failed`, with the place
 * and what holds; `connection-lost`; and what splitting a script throws.
 */
export async function migrateUp(
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: MigrateUpOptions = {},
): Promise<MigrateResult> {
  const started = Date.now();
  requireListed(folder);
  const context = await makeContext(connection, dialect, 'up', options);

  const work = async (history: History): Promise<MigrateResult> => {
    const plan = await planUpgrade(context, folder, history, options);
    const result: MigrateResult = {
      direction: 'up',
      dryRun: options.dryRun === true || options.script === true,
      steps: plan.jobs.map((job) => job.step),
      baselined: plan.baseline.map((revision) => revision.id),
      before: tipsOf(plan.comparison.graph, plan.comparison.applied),
      after: tipsOf(
        plan.comparison.graph,
        new Set([
          ...plan.comparison.applied,
          ...plan.baseline.map((revision) => revision.id),
          ...plan.jobs.map((job) => job.step.revision),
        ]),
      ),
      durationMs: 0,
    };
    if (options.script === true)
      return { ...result, script: offlineScript(context, history, plan.jobs, baselineRecord(context, plan)) };
    if (result.dryRun) return result;
    if (plan.jobs.length + plan.baseline.length === 0) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      await recordBaseline(context, plan);
      await runJobs(context, plan.jobs, plan.comparison.recorded);
    }
    return { ...result, durationMs: Date.now() - started };
  };
  return options.dryRun === true || options.script === true
    ? work(await context.engine.history.read())
    : underLock(context, options, work);
}

interface UpgradePlan {
  readonly comparison: HistoryComparison;
  /** Recorded without running. */
  readonly baseline: readonly Revision[];
  readonly jobs: readonly Job[];
}

async function planUpgrade(
  context: RunContext,
  folder: MigrationFolder,
  history: History,
  options: MigrateUpOptions,
): Promise<UpgradePlan> {
  const comparison = compareHistory(folder, history, [options.target, options.baseline]);
  requireUpgradable(comparison, options.outOfOrder === true);
  const baseline = planBaseline(comparison, options.baseline);
  const there = new Set([...comparison.applied, ...baseline.map((revision) => revision.id)]);
  const steps = upgradeSteps(comparison.files, there, options.target);
  const jobs: Job[] = [];
  for (const revision of steps) {
    const migration = comparison.migrations.get(revision.id)!;
    jobs.push(await planJob(context, revision, migration, comparison.recorded.get(revision.id)));
  }
  const firstRun = history.revisions.length === 0 && !history.everUsed;
  if (firstRun && jobs.length > 0 && baseline.length === 0 && options.allowDirty !== true) {
    await requireCleanDatabase(context, options.exclude ?? []);
  }
  return { comparison, baseline, jobs };
}

function planBaseline(comparison: HistoryComparison, target: string | undefined): Revision[] {
  if (target === undefined) return [];
  const { files } = comparison;
  const wanted = ancestorsOf(files, resolvePlace(files, comparison.applied, parseTarget(files, target)).ids);
  // A deployment may pass --baseline every time: it is for the first.
  if ([...wanted].every((revision) => comparison.applied.has(revision))) return [];
  if (comparison.recorded.size > 0) {
    throw new TidemarkError(
      'baseline-late',
      `this database has a history already, so ${target} cannot be its baseline`,
      {
        exitCode: 4,
        hints: ['Leave --baseline out; "tidemark migrate status" shows what is applied.'],
      },
    );
  }
  return files.order.filter((revision) => wanted.has(revision.id));
}

/** The statements that record a baseline. */
function baselineRecord(
  { engine, identity }: RunContext,
  { baseline, comparison }: UpgradePlan,
): readonly string[] {
  const run = { ...identity, operation: 'baseline' as const };
  return baseline.flatMap((revision) => [
    engine.history.insertRevision(
      { ...entryOf(revision, comparison.migrations.get(revision.id)!, 0), origin: 'baseline' },
      run,
    ),
    engine.history.log({ revision: revision.id, outcome: 'done' }, run),
  ]);
}

async function recordBaseline(context: RunContext, plan: UpgradePlan): Promise<void> {
  if (plan.baseline.length === 0) return;
  await transact(context, baselineRecord(context, plan));
  context.emit({ type: 'baseline', revisions: plan.baseline.map((revision) => revision.id) });
}

async function planJob(
  context: RunContext,
  revision: Revision,
  migration: Migration,
  unfinished: AppliedRevision | undefined,
): Promise<Job> {
  const { dialect, engine, identity } = context;
  const program = migration.language === 'program' ? (await loadProgram(migration)).upgrade : undefined;
  const script = program
    ? programScript(migration.up, migration.path)
    : await readScript(
        dialect,
        migration.up,
        migration.path,
        migration.directives.transaction,
        engine.mayCommit,
      );
  // What was begun piece by piece is finished so, also when the file has become one that needs it no more.
  const resumable = script.mode === 'resumable' || unfinished !== undefined;
  const mode = resumable ? 'resumable' : 'transaction';
  const entry = entryOf(revision, migration, script.statements.length);
  const logDone = engine.history.log({ revision: revision.id, outcome: 'done' }, identity);
  const progress = {
    statementsDone: unfinished?.statementsDone ?? 0,
    statementHashes: unfinished?.statementHashes ?? [],
  };
  if (unfinished !== undefined) requireUnchangedStart(migration, script.statements, unfinished);
  return {
    step: {
      revision: revision.id,
      name: migration.name,
      direction: 'up',
      path: migration.path,
      fromHistory: false,
      mode,
      statements: script.statements.map(({ sql, line }) => ({ sql, line })),
      alreadyDone: progress.statementsDone,
    },
    script,
    program,
    record: [engine.history.insertRevision(entry, identity), logDone],
    resumable: resumable
      ? {
          begin:
            unfinished === undefined
              ? engine.history.insertRevision(
                  { ...entry, state: 'applying', transactionMode: 'none' },
                  identity,
                )
              : engine.history.resumeRevision({ ...entry, transactionMode: 'none' }, progress),
          finish: [engine.history.finishRevision(revision.id, identity), logDone],
          progress,
        }
      : undefined,
  };
}

/** Throws TidemarkError (`history-edited`) when a statement that has run is not in its place any more. */
export function requireUnchangedStart(
  file: { readonly path: string },
  statements: readonly { readonly sql: string; readonly line: number }[],
  unfinished: AppliedRevision,
): void {
  const changed = unfinished.statementHashes.findIndex((hash, at) => {
    const statement = statements[at];
    return statement === undefined || statementHash(statement.sql) !== hash;
  });
  if (changed === -1) return;
  const place = statements[changed];
  throw new TidemarkError(
    'history-edited',
    `statement ${changed + 1} of ${label(unfinished)} has run, and it ${place === undefined ? 'is gone from the file' : 'was changed since'}`,
    {
      location: { file: file.path, line: place?.line ?? 1 },
      hints: [
        `The first ${unfinished.statementsDone} of its statements are applied and must stay as they were; only what comes after them may be changed.`,
      ],
      details: {
        revision: unfinished.revision,
        statement: changed + 1,
        statementsDone: unfinished.statementsDone,
      },
    },
  );
}

const LISTED_TABLES = 10;

async function requireCleanDatabase(context: RunContext, exclude: readonly string[]): Promise<void> {
  const tables = await context.engine.userTables(exclude, LISTED_TABLES + 1);
  if (tables.length === 0) return;
  const listed = tables.slice(0, LISTED_TABLES).join(', ');
  throw new TidemarkError(
    'database-not-clean',
    `the database has no migration history, but it has tables: ${listed}${tables.length > LISTED_TABLES ? ', …' : ''}`,
    {
      exitCode: 4,
      hints: [
        'If they are what the migrations up to some revision make, say so: --baseline REVISION records those as applied without running them.',
        'If the migrations have nothing to do with them, run with --allow-dirty, or leave them out with "exclude" in the configuration.',
        'If this is the wrong database, check the address.',
      ],
      details: { tables },
    },
  );
}
