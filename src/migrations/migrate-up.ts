import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import type { MigrationFolder } from './folder.js';
import type { History } from './history.js';
import type { MigrateResult, MigrateUpOptions } from './migrate-options.js';
import { upgradeScript } from './offline-script.js';
import { rangeOf, upRange } from './range-script.js';
import { requireListed } from './require-listed.js';
import {
  closeInterrupted,
  makeContext,
  openRun,
  type RunContext,
  transact,
  underLock,
} from './run-context.js';
import { runJobs } from './run-jobs.js';
import { baselineRecord, planUpgrade, type UpgradePlan, upgradeResult } from './upgrade-plan.js';

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
  const range = rangeOf(options.target, options.script === true);
  if (range !== undefined)
    return upRange(folder, dialect, { range, engine: connection.engine, by: options.by });
  const context = await makeContext(connection, dialect, 'up', options);

  const looking = options.dryRun === true || options.script === true;

  const work = async (history: History): Promise<MigrateResult> => {
    const plan = await planUpgrade(context, folder, history, options);
    const { comparison, baseline, jobs } = plan;
    const firstRun = history.revisions.length === 0 && !history.everUsed;
    if (firstRun && jobs.length > 0 && baseline.length === 0 && options.allowDirty !== true) {
      await requireCleanDatabase(context, options);
    }
    const result = upgradeResult(plan, looking);
    if (options.script === true) return { ...result, script: upgradeScript(context, history, plan) };
    if (looking) return result;
    if (jobs.length + baseline.length === 0) await closeInterrupted(context, history);
    else {
      const backup = await begin(result);
      await openRun(context, history, backup);
      await recordBaseline(context, plan);
      await runJobs(context, jobs, comparison.recorded);
    }
    return { ...result, durationMs: Date.now() - started };
  };
  return looking ? work(await context.engine.history.read()) : underLock(context, options, work);

  async function begin({ before, steps }: MigrateResult): Promise<string | undefined> {
    const last = steps.at(-1)?.revision;
    return last === undefined ? undefined : options.beforeFirst?.({ before, steps, last });
  }
}

async function recordBaseline(context: RunContext, plan: UpgradePlan): Promise<void> {
  if (plan.baseline.length === 0) return;
  await transact(context, baselineRecord(context, plan));
  context.emit({ type: 'baseline', revisions: plan.baseline.map((revision) => revision.id) });
}

const LISTED_TABLES = 10;

async function requireCleanDatabase(
  context: RunContext,
  { exclude = [], include }: MigrateUpOptions,
): Promise<void> {
  const tables = await context.engine.userTables({ exclude, include }, LISTED_TABLES + 1);
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
