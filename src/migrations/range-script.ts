import type { EngineName } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import { assumedHistory } from './assumed-history.js';
import { downgradeResult, planDowngrade } from './downgrade-plan.js';
import type { MigrationFolder } from './folder.js';
import { isRange } from './graph/revision-range.js';
import { countsFromDatabase } from './graph/stamp-steps.js';
import type { Target } from './graph/target.js';
import type { MigrateResult } from './migrate-options.js';
import { downgradeScript, upgradeScript } from './offline-script.js';
import { planContext } from './plan-context.js';
import { requireListed } from './require-listed.js';
import { planStamp, type StampResult, stampResult, stampScript } from './stamp-plan.js';
import { planUpgrade, upgradeResult } from './upgrade-plan.js';

/** What a script for a range takes. */
export interface RangeOptions {
  /** `FROM:TO`: where the database is taken to be, and where it is to go; see `rangeEnds`. */
  readonly range: string;
  readonly engine: EngineName;
  /** As in `MigrateOptions`. */
  readonly by?: string | undefined;
}

/**
 * The script of an upgrade from one revision to another; no database is asked. It stops on one that is elsewhere
 * before it changes anything. Throws TidemarkError as `migrateUp`, and `range-invalid` (exit code 2).
 */
export async function upRange(
  folder: MigrationFolder,
  dialect: Dialect,
  { range, engine, by }: RangeOptions,
): Promise<MigrateResult & { readonly script: string }> {
  requireListed(folder);
  const { from, to } = rangeEnds(range, 'heads');
  const context = await planContext(dialect, engine, 'up', by);
  const history = assumedHistory(folder, from, context.engine.history.format);
  const plan = await planUpgrade(context, folder, history, { target: to });
  return { ...upgradeResult(plan, true), script: upgradeScript(context, history, plan) };
}

/** As `upRange`, for a downgrade: `FROM` is the newer end. Throws TidemarkError as `migrateDown`. */
export async function downRange(
  folder: MigrationFolder,
  dialect: Dialect,
  { range, engine, by }: RangeOptions,
): Promise<MigrateResult & { readonly script: string }> {
  requireListed(folder);
  const { from, to } = rangeEnds(range, 'base');
  const context = await planContext(dialect, engine, 'down', by);
  const history = assumedHistory(folder, from, context.engine.history.format);
  const plan = await planDowngrade(context, folder, history, { target: to, kept: async () => undefined });
  return { ...downgradeResult(plan, true), script: downgradeScript(context, history, plan) };
}

/** As `upRange`, for a stamp. Throws TidemarkError as `migrateStamp`. */
export async function stampRange(
  folder: MigrationFolder,
  dialect: Dialect,
  { range, engine, by }: RangeOptions,
): Promise<StampResult & { readonly script: string }> {
  requireListed(folder);
  const { from, to } = rangeEnds(range, 'heads');
  const context = await planContext(dialect, engine, 'stamp', by);
  const history = assumedHistory(folder, from, context.engine.history.format);
  const plan = planStamp(folder, history, [to]);
  return { ...stampResult(plan, true), remade: false, script: stampScript(context, { history }, plan) };
}

/**
 * The two ends of `FROM:TO`. An end that is left out is the far one: with `last` as `heads`, FROM is base and TO all
 * heads; with `base` the other way round. Throws TidemarkError with exit code 2 (`range-invalid`), also for an end
 * that is counted from where a database is.
 */
export function rangeEnds(
  range: string,
  last: 'heads' | 'base',
): { readonly from: string; readonly to: string } {
  const [, from, to] = /^([^:]*):([^:]*)$/.exec(range)?.map((end) => end.trim()) ?? [];
  if (from === undefined || to === undefined) throw invalid(`"${range}" is not a range`);
  if (countsFromDatabase(from)) {
    throw invalid(`"${from}" is counted from where a database is, and a range asks none`);
  }
  return { from: from || (last === 'heads' ? 'base' : 'heads'), to: to || last };
}

/**
 * A target that is a range; undefined for any other. Throws TidemarkError (`range-without-sql`, exit code 2) unless
 * it is for a script: a database is where it is.
 */
export function rangeOf(target: Target | undefined, script: boolean): string | undefined {
  if (typeof target !== 'string' || !isRange(target)) return undefined;
  if (script) return target;
  throw new TidemarkError(
    'range-without-sql',
    `"${target}" is a range, and a run begins where the database is`,
    {
      exitCode: 2,
      hints: ['Name only where to go; or add --sql for a script that begins at the first end.'],
    },
  );
}

/** As `rangeOf` for the targets of a stamp, of which a range can only be the only one. */
export function stampedRange(targets: readonly string[], script: boolean): string | undefined {
  const [range] = targets.flatMap((target) => rangeOf(target, script) ?? []);
  if (range !== undefined && targets.length > 1)
    throw invalid(`the range "${range}" stands with other targets`);
  return range;
}

function invalid(message: string): TidemarkError {
  return new TidemarkError('range-invalid', message, {
    exitCode: 2,
    hints: ['Write FROM:TO, for example base:head, 20250915195954:head, 20250915195954:20251101120000.'],
  });
}
