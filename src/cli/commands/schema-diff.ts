import { differenceOf } from '../../planning/difference.js';
import { planBetween } from '../../planning/plan-between.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  isOnline,
  namedSource,
  openWorkbench,
  planOptions,
  reportPlanning,
  schemaSource,
  targetSource,
} from '../planning.js';

/** Prints the SQL that leads from one state to another, and nothing else, on standard output. */
export async function run(context: Context): Promise<Outcome> {
  const from = context.options.text('from');
  const to = context.options.text('to');
  const wanted = to ? await namedSource(context, to, '--to') : await schemaSource(context);
  const current = from ? await namedSource(context, from, '--from') : await targetSource(context);
  const bench = await openWorkbench(context, [current, wanted]);
  const options = await planOptions(context, bench, wanted, 'drop');
  const plan = await planBetween(bench, current, wanted, {
    ...options,
    prove: false,
    online: await isOnline(context, current),
  });
  await bench.close();
  reportPlanning(context, bench, plan);
  const result = differenceOf(plan);
  if (!result.different) context.output.note(`no difference between ${current.label} and ${wanted.label}`);
  return {
    result,
    text: result.sql.trimEnd(),
    exitCode: result.different && context.options.flag('check') ? 3 : 0,
  };
}
