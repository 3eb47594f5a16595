import type { Connection } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import { downgradeResult, planDowngrade } from './downgrade-plan.js';
import type { MigrationFolder } from './folder.js';
import type { History } from './history.js';
import type { MigrateOptions, MigrateResult } from './migrate-options.js';
import { downgradeScript } from './offline-script.js';
import { downRange, rangeOf } from './range-script.js';
import { requireListed } from './require-listed.js';
import { closeInterrupted, makeContext, openRun, underLock } from './run-context.js';
import { runJobs } from './run-jobs.js';

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
  const range = rangeOf(options.target, options.script === true);
  if (range !== undefined)
    return downRange(folder, dialect, { range, engine: connection.engine, by: options.by });
  const context = await makeContext(connection, dialect, 'down', options);

  const looking = options.dryRun === true || options.script === true;

  const work = async (history: History): Promise<MigrateResult> => {
    const kept = (revision: string) => context.engine.history.downText(revision);
    const plan = await planDowngrade(context, folder, history, { target: options.target, kept });
    const result = downgradeResult(plan, looking);
    if (options.script === true) return { ...result, script: downgradeScript(context, history, plan) };
    if (looking) return result;
    if (plan.jobs.length === 0) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      await runJobs(context, plan.jobs, plan.comparison.recorded);
    }
    return { ...result, durationMs: Date.now() - started };
  };
  return looking ? work(await context.engine.history.read()) : underLock(context, options, work);
}
