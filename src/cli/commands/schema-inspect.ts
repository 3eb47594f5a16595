import { safeUrl } from '../../database/database-url.js';
import { readState } from '../../planning/plan-between.js';
import { resolveSource } from '../../planning/resolve-source.js';
import type { StateSource } from '../../planning/state-source.js';
import { planChanges } from '../../schema/planner.js';
import { renderPlan } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, unmanagedNames } from '../planning.js';

/** Prints a state as SQL or as facts. */
export async function run(context: Context): Promise<Outcome> {
  const { migrations } = await context.environment();
  const text = context.argument('STATE');
  const source: StateSource = text
    ? await resolveSource(text, { base: context.cwd, migrations })
    : await targetSource(context);
  const bench = await openWorkbench(context);
  const { openDatabase } = await import('../../database/open-database.js');
  const { schema } = await readState(bench, source, { open: (url) => openDatabase(url) }, 'as it is');
  await bench.close();
  for (const note of bench.notes) context.output.warn(note);
  const unmanaged = unmanagedNames(schema.unmanaged);
  if (unmanaged.length > 0) context.output.warn(`not in this output: ${unmanaged.join(', ')}`);
  const facts = {
    engine: schema.engine,
    engineVersion: schema.engineVersion,
    objects: [...schema.objects.values()],
    unmanaged: schema.unmanaged,
  };
  if (context.options.text('format') === 'json')
    return { result: facts, text: JSON.stringify(facts, null, 2) };
  const plan = planChanges(bench.empty(schema.engineVersion), schema, bench.dialect);
  const sql = renderPlan(plan);
  return { result: context.output.json ? { ...facts, sql } : facts, text: sql.trimEnd() };
}

/** The environment's database as a state. */
export async function targetSource(context: Context): Promise<StateSource> {
  const url = await context.url();
  return { type: 'database', label: safeUrl(url), url };
}
