import type { Connection } from '../../database/connection.js';
import type { DatabaseUrl } from '../../database/database-url.js';
import { openDatabase } from '../../database/open-database.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { applyPlan } from '../../planning/apply-plan.js';
import { planBetween, readDatabase } from '../../planning/plan-between.js';
import { consentMissing, unconsented } from '../../safety/consent.js';
import { diffSchemas } from '../../schema/diff.js';
import { isEmptyPlan, type Plan, planHazards } from '../../schema/plan.js';
import { hazardLine, renderPlan } from '../../schema/render-plan.js';
import { answersOf, reportIdleAnswers } from '../answers.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  isOnline,
  openWorkbench,
  planOptions,
  reportPlanning,
  schemaSource,
  targetSource,
  unmanagedNames,
} from '../planning.js';

/** Brings the environment's database to the wanted schema: shows the plan, asks, applies, and reads back. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const { allow } = answersOf(context);
  const current = await targetSource(context);
  const wanted = await schemaSource(context);
  const bench = await openWorkbench(context, [current]);
  const planning = await planOptions(context, bench, wanted);
  output.progress('comparing the database with the schema …');
  // A database that is not there yet is empty; it is made when the plan is applied.
  const open = (url: DatabaseUrl) => openDatabase(url, { missing: 'empty' });
  const plan = await planBetween(bench, current, wanted, {
    ...planning,
    open,
    online: await isOnline(context, current),
  });
  reportPlanning(context, bench, plan);
  const result = {
    changed: !isEmptyPlan(plan.up),
    applied: false,
    sql: renderPlan(plan.up),
    steps: plan.up.steps,
    hazards: planHazards(plan.up),
    transaction: plan.up.transactional,
    unmanaged: { from: unmanagedNames(plan.unmanaged.from), to: unmanagedNames(plan.unmanaged.to) },
  };
  reportIdleAnswers(context, plan);
  if (!result.changed)
    return { result, text: `nothing to do: ${current.label} has the schema of ${wanted.label}` };
  if (options.flag('dry-run')) return { result, text: result.sql.trimEnd() };
  const lossy = unconsented(result.hazards, allow);
  if (lossy.length > 0 && !context.prompt.interactive) throw consentMissing(lossy);
  output.note(result.sql);
  for (const hazard of lossy) output.warn(hazardLine(hazard));
  if (!(await agreed(context, plan.up, lossy.length)))
    return { result, text: 'nothing was changed', exitCode: 4 };

  output.progress('applying …');
  const connection = await context.openTarget();
  const engine = await migrationEngine(connection);
  const unlock = await engine.lock(options.duration('lock-timeout') ?? 10_000, () =>
    output.progress('another runner is at work, waiting …'),
  );
  let left: number;
  try {
    await refuseIfMoved(connection);
    await applyPlan(connection, plan.up, {
      dialect: bench.dialect,
      engine,
      settings: engine.freshSession(LOCK_TIMEOUT_MS),
    });
    left = diffSchemas(await readDatabase(bench, connection), plan.to, bench.dialect).length;
  } finally {
    await unlock();
  }
  if (left > 0) {
    output.warn(
      `${left} difference${left === 1 ? ' is' : 's are'} left; \`tidemark schema diff\` shows them`,
    );
  }
  const count = plan.up.steps.length;
  return {
    result: { ...result, applied: true, left },
    text: [
      `applied ${count} step${count === 1 ? '' : 's'}:`,
      ...plan.up.steps.map((step) => `  ${step.summary}`),
    ].join('\n'),
  };

  /** The plan was made from what the database was a moment ago; somebody may have changed it since. */
  async function refuseIfMoved(open: Connection): Promise<void> {
    const now = await readDatabase(bench, open);
    if (diffSchemas(now, plan.from, bench.dialect).length === 0) return;
    throw new TidemarkError(
      'target-changed',
      `${current.label} was changed by somebody else while the plan was made`,
      {
        exitCode: 4,
        hints: ['Nothing was applied. Run the command again to plan from what it is now.'],
      },
    );
  }
}

/** How long a statement waits for a lock on a table that others use, in milliseconds. */
const LOCK_TIMEOUT_MS = 5000;

async function agreed(context: Context, plan: Plan, lossy: number): Promise<boolean> {
  const count = `${plan.steps.length} step${plan.steps.length === 1 ? '' : 's'}`;
  if (lossy > 0)
    return context.prompt.confirm(
      `Apply ${count}, of which ${lossy} lose${lossy === 1 ? 's' : ''} data?`,
      '--allow',
    );
  return context.confirm(`Apply ${count}?`);
}
