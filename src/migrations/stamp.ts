import type { Connection } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import type { MigrationFolder } from './folder.js';
import { countsFromDatabase } from './graph/stamp-steps.js';
import { NO_HISTORY } from './history.js';
import { isDamage } from './history-errors.js';
import type { MigrateOptions } from './migrate-options.js';
import { stampedRange, stampRange } from './range-script.js';
import { requireListed } from './require-listed.js';
import {
  closeInterrupted,
  closeRun,
  makeContext,
  openRun,
  type RunContext,
  transact,
  underLockReading,
} from './run-context.js';
import {
  type Found,
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

  const work = async (found: Found): Promise<StampResult> => {
    const plan = (options.purge === true ? planPurge : planStamp)(folder, found.history, options.targets);
    const result = { ...stampResult(plan, looking), remade: found.remake !== undefined };
    if (options.script === true) return { ...result, script: stampScript(context, found, plan) };
    if (looking) return result;
    if (isIdle(plan, found)) await closeInterrupted(context, found.history);
    else await write(context, found, stampRecord(context, plan));
    return result;
  };
  const read = () => readHistory(context, options);
  return looking ? work(await read()) : underLockReading(context, options, read, work);
}

/** A damaged history counts as an empty one when it is to be purged. */
async function readHistory({ engine }: RunContext, { purge, targets }: StampOptions): Promise<Found> {
  try {
    return { history: await engine.history.read() };
  } catch (error) {
    // Nobody can count from a place that nobody knows.
    if (purge !== true || !isDamage(error) || targets.some(countsFromDatabase)) throw error;
    return { history: NO_HISTORY, remake: await engine.history.remake() };
  }
}

async function write(
  context: RunContext,
  { history, remake }: Found,
  statements: readonly string[],
): Promise<void> {
  const { engine, identity } = context;
  if (remake === undefined) {
    await openRun(context, history);
    await closeRun(context, [{ outcome: 'done' }], statements);
    return;
  }
  const log = (outcome: 'started' | 'done') => engine.history.log({ outcome }, identity);
  try {
    await transact(context, [...remake, log('started'), ...statements, log('done')]);
  } catch (error) {
    throw engine.history.whyUnwritable(error);
  }
}
