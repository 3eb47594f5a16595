import { planBetween } from '../../planning/plan-between.js';
import { isEmptyPlan, planHazards } from '../../schema/plan.js';
import { renderPlan } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  namedSource,
  openWorkbench,
  planOptions,
  reportPlanning,
  schemaSource,
  targetSource,
  unmanagedNames,
} from '../planning.js';

/** Prints the SQL that leads from one state to another, and nothing else, on standard output. */
export async function run(context: Context): Promise<Outcome> {
  const from = context.options.text('from');
  const to = context.options.text('to');
  const wanted = to ? await namedSource(context, to, '--to') : await schemaSource(context);
  const current = from ? await namedSource(context, from, '--from') : await targetSource(context);
  const bench = await openWorkbench(context, [current, wanted]);
  const options = await planOptions(context, bench, wanted, 'drop');
  const plan = await planBetween(bench, current, wanted, { ...options, prove: false });
  await bench.close();
  reportPlanning(context, bench, plan);
  const different = !isEmptyPlan(plan.up);
  if (!different) context.output.note(`no difference between ${current.label} and ${wanted.label}`);
  const sql = renderPlan(plan.up);
  return {
    result: {
      different,
      sql,
      steps: plan.up.steps,
      hazards: planHazards(plan.up),
      transaction: plan.up.transactional,
      unmanaged: { from: unmanagedNames(plan.unmanaged.from), to: unmanagedNames(plan.unmanaged.to) },
    },
    text: sql.trimEnd(),
    exitCode: different && context.options.flag('check') ? 3 : 0,
  };
}
