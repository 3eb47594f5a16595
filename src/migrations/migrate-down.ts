import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import { compareHistory, label, requireRevertible } from './compare-history.js';
import { readDirectives } from './directives.js';
import type { MigrationFolder } from './folder.js';
import { downgradeSteps } from './graph/downgrade-steps.js';
import { tipsOf } from './graph/reach.js';
import type { AppliedRevision, History } from './history.js';
import type { Job } from './job.js';
import type { MigrateOptions, MigrateResult } from './migrate-options.js';
import { requireUnchangedStart } from './migrate-up.js';
import type { Migration, MigrationDown } from './migration-file.js';
import { offlineScript } from './offline-script.js';
import { loadProgram, type Program } from './program.js';
import { requireListed } from './require-listed.js';
import { closeInterrupted, makeContext, openRun, type RunContext, underLock } from './run-context.js';
import { runJobs } from './run-jobs.js';
import { programScript, readScript } from './script.js';
import { hasStatements } from './sql-comments.js';

/**
 * Takes applied migrations down, newest first; the target stays. A migration whose file is gone is taken
 * down with the text kept in the database. History and log stay, also at base.
 *
 * Throws TidemarkError like `migrateUp`, and `no-down` (exit code 4) when a migration has no reverse: then
 * nothing is run.
 */
export async function migrateDown(
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const started = Date.now();
  requireListed(folder);
  const context = await makeContext(connection, dialect, 'down', options);

  const work = async (history: History): Promise<MigrateResult> => {
    const comparison = compareHistory(folder, history, [options.target]);
    requireRevertible(comparison);
    const there = new Set(comparison.recorded.keys());
    const jobs: Job[] = [];
    for (const revision of downgradeSteps(comparison.graph, there, options.target)) {
      const row = comparison.recorded.get(revision.id)!;
      jobs.push(await planJob(context, row, comparison.migrations.get(revision.id)));
    }
    const gone = new Set(jobs.map((job) => job.step.revision));
    const result: MigrateResult = {
      direction: 'down',
      dryRun: options.dryRun === true || options.script === true,
      steps: jobs.map((job) => job.step),
      baselined: [],
      before: tipsOf(comparison.graph, there),
      after: tipsOf(comparison.graph, new Set([...there].filter((id) => !gone.has(id)))),
      durationMs: 0,
    };
    if (options.script === true) return { ...result, script: offlineScript(context, history, jobs) };
    if (result.dryRun) return result;
    if (jobs.length === 0) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      await runJobs(context, jobs, comparison.recorded);
    }
    return { ...result, durationMs: Date.now() - started };
  };
  return options.dryRun === true || options.script === true
    ? work(await context.engine.history.read())
    : underLock(context, options, work);
}

async function planJob(
  context: RunContext,
  row: AppliedRevision,
  migration: Migration | undefined,
): Promise<Job> {
  const { dialect, engine, identity } = context;
  const program = migration?.language === 'program' ? await downgradeOf(migration) : undefined;
  const down = program
    ? { path: migration!.path, sql: migration!.up, transaction: 'file' as const }
    : (migration?.down ?? (await downFromHistory(context, row, migration)));
  const script = program
    ? programScript(down.sql, down.path)
    : await readScript(dialect, down.sql, down.path, down.transaction, engine.mayCommit);
  const reverting = row.state === 'reverting';
  const forward = migration === undefined ? row.statementsTotal > 0 : hasStatements(migration.up);
  if (!program && forward && script.statements.length === 0) throw emptyDown(row, down);
  const resumable = script.mode === 'resumable' || reverting;
  const progress = reverting
    ? { statementsDone: row.statementsDone, statementHashes: row.statementHashes }
    : { statementsDone: 0, statementHashes: [] };
  if (reverting) requireUnchangedStart(down, script.statements, row);
  const finish = [
    engine.history.deleteRevision(row.revision),
    engine.history.log({ revision: row.revision, outcome: 'done' }, identity),
  ];
  return {
    step: {
      revision: row.revision,
      name: row.name,
      direction: 'down',
      path: down.path,
      fromHistory: program === undefined && migration?.down === undefined,
      mode: resumable ? 'resumable' : 'transaction',
      statements: script.statements.map(({ sql, line }) => ({ sql, line })),
      alreadyDone: progress.statementsDone,
    },
    script,
    program,
    record: finish,
    resumable: resumable
      ? {
          begin: engine.history.beginRevert(row.revision, script.statements.length, progress),
          finish,
          progress,
        }
      : undefined,
  };
}

async function downgradeOf(migration: Migration): Promise<Program> {
  const { downgrade } = await loadProgram(migration);
  if (downgrade !== undefined) return downgrade;
  throw new TidemarkError(
    'no-down',
    `${migration.file} cannot be taken down: it exports no function "downgrade"`,
    {
      exitCode: 4,
      location: { file: migration.path, line: 1 },
      hints: ['Add one and run "tidemark migrate hash", or undo it with a new migration.'],
      details: { revision: migration.version },
    },
  );
}

/** To run nothing and call it taken down would leave a database that its history says nothing of. */
function emptyDown(row: AppliedRevision, down: { readonly path: string }): TidemarkError {
  return new TidemarkError('no-down', `${label(row)} cannot be taken down: its reverse has no statement`, {
    exitCode: 4,
    location: { file: down.path, line: 1 },
    hints: [
      'Write what takes it back and run "tidemark migrate hash", or undo it with a new migration.',
      'If there is nothing to take back, say so with a statement that does nothing: SELECT 1;',
    ],
    details: { revision: row.revision },
  });
}

/** The text kept when the migration was applied. Also for a file that lost its reverse since. */
async function downFromHistory(
  context: RunContext,
  row: AppliedRevision,
  migration: Migration | undefined,
): Promise<MigrationDown> {
  const sql = row.hasDown ? await context.engine.history.downText(row.revision) : undefined;
  if (sql === undefined) {
    const file = migration?.file.replace(/(?:\.up)?\.sql$/i, '.down.sql') ?? `${label(row)}.down.sql`;
    throw new TidemarkError(
      'no-down',
      `${label(row)} cannot be taken down: it has no ${file}, and none was kept in the database`,
      {
        exitCode: 4,
        hints: [`Write ${file} beside it and run "tidemark migrate hash", or undo it with a new migration.`],
        details: { revision: row.revision },
      },
    );
  }
  const path = `${label(row)}.down.sql (kept in the database)`;
  return { file: path, path, sql, checksum: '', transaction: readDirectives(sql, path, 'down').transaction };
}
