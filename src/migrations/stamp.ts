import type { Connection } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import type { MigrationFolder } from './folder.js';
import type { History } from './history.js';
import type { MigrateOptions } from './migrate-options.js';
import { stampedRange, stampRange } from './range-script.js';
import { requireListed } from './require-listed.js';
import { closeInterrupted, closeRun, makeContext, openRun, underLock } from './run-context.js';
import {
  isIdle,
  planPurge,
  planStamp,
  type StampResult,
  stampRecord,
  stampResult,
  stampScript,
} from './stamp-plan.js';

/** What a stamp takes. */
export interface StampOptions
  extends Pick<MigrateOptions, 'dryRun' | 'script' | 'lockTimeoutMs' | 'by' | 'onEvent' | 'signal'> {
  /** Where the database is from now on; several for several branches. */
  readonly targets: readonly string[];
  /** Forget what the history says, also where it is damaged or names revisions that nobody has, and write it anew. */
  readonly purge?: boolean | undefined;
}

/**
 * Declares where a database is: rewrites its history, runs no migration and touches nothing else. The line of
 * each target moves to it, other branches stay; a second time it changes nothing. A database without history
 * tables gets them.
 *
 * Throws TidemarkError: `sum-missing`, `sum-mismatch`; `locked` (exit code 4); `history-missing`, `history-ahead`
 * for applied revisions without a file, unless they are purged; `history-damaged`, likewise; `history-newer`,
 * `history-not-writable`; and with exit code 2 `stamp-overlap`, `target-…`, `branch-unknown`.
 */
export async function migrateStamp(
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: StampOptions,
): Promise<StampResult> {
  requireListed(folder);
  const range = stampedRange(options.targets, options.script === true);
  if (range !== undefined)
    return stampRange(folder, dialect, { range, engine: connection.engine, by: options.by });
  const context = await makeContext(connection, dialect, 'stamp', options);
  const looking = options.dryRun === true || options.script === true;

  const work = async (history: History): Promise<StampResult> => {
    const plan = (options.purge === true ? planPurge : planStamp)(folder, history, options.targets);
    const result = stampResult(plan, looking);
    if (options.script === true) return { ...result, script: stampScript(context, history, plan) };
    if (looking) return result;
    if (isIdle(plan, history)) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      await closeRun(context, [{ outcome: 'done' }], stampRecord(context, plan));
    }
    return result;
  };
  return looking ? work(await context.engine.history.read()) : underLock(context, options, work);
}
