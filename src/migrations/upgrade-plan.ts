import { TidemarkError } from '../errors.js';
import { compareHistory, type HistoryComparison, requireUpgradable } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { ancestorsOf, tipsInOrder } from './graph/reach.js';
import type { Revision } from './graph/revision-graph.js';
import { stampPlace } from './graph/stamp-steps.js';
import { upgradeSteps } from './graph/upgrade-steps.js';
import type { AppliedRevision, History } from './history.js';
import type { Job } from './job.js';
import type { MigrateResult, MigrateUpOptions } from './migrate-options.js';
import type { Migration } from './migration-file.js';
import type { PlanContext } from './plan-context.js';
import { loadProgram } from './program.js';
import { entryOf } from './revision-entry.js';
import { programScript, readScript } from './script.js';
import { requireUnchangedStart } from './unchanged-start.js';

/** What an upgrade does. */
export interface UpgradePlan {
  readonly comparison: HistoryComparison;
  /** Recorded without running. */
  readonly baseline: readonly Revision[];
  readonly jobs: readonly Job[];
}

/**
 * Plans an upgrade from where the history says that the database is; reads every script that will run. Throws
 * TidemarkError as `migrateUp` does before it changes anything.
 */
export async function planUpgrade(
  context: PlanContext,
  folder: MigrationFolder,
  history: History,
  options: Pick<MigrateUpOptions, 'target' | 'baseline' | 'outOfOrder'>,
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
  return { comparison, baseline, jobs };
}

/** What an upgrade gives back, before anything ran. */
export function upgradeResult({ comparison, baseline, jobs }: UpgradePlan, dryRun: boolean): MigrateResult {
  const { graph, applied } = comparison;
  const baselined = baseline.map((revision) => revision.id);
  const steps = jobs.map((job) => job.step);
  return {
    direction: 'up',
    dryRun,
    steps,
    baselined,
    before: tipsInOrder(graph, applied),
    after: tipsInOrder(graph, new Set([...applied, ...baselined, ...steps.map((step) => step.revision)])),
    durationMs: 0,
  };
}

function planBaseline(comparison: HistoryComparison, target: string | undefined): Revision[] {
  if (target === undefined) return [];
  const { files } = comparison;
  const wanted = ancestorsOf(files, stampPlace(files, comparison.applied, target).ids);
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
export function baselineRecord(
  { engine, identity }: PlanContext,
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

async function planJob(
  context: PlanContext,
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
