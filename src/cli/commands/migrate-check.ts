import { graphOf } from '../../migrations/compare-history.js';
import { unlabelledHeads } from '../../migrations/graph/branches.js';
import { requireListed } from '../../migrations/write-migration.js';
import { planBetween } from '../../planning/plan-between.js';
import { renameComments } from '../../planning/rename-comments.js';
import { migrationState } from '../../planning/resolve-source.js';
import { unmanagedNames } from '../../planning/unmanaged-names.js';
import { isEmptyPlan, planHazards } from '../../schema/plan.js';
import { hazardLine } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportPlanning, schemaSource } from '../planning.js';

/**
 * Whether the migrations lead to the schema files: what `migrate diff` would write. Needs no database; a likely
 * rename is shown as the drop and create that it would be, because either way there is something to write.
 */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  requireListed(folder);
  const several = unlabelledHeads(graphOf(folder));
  const wanted = await schemaSource(context);
  const bench = await openWorkbench(context);
  const { openDatabase } = await import('../../database/open-database.js');
  context.output.progress('comparing the migrations with the schema …');
  const plan = await planBetween(bench, migrationState(folder, undefined), wanted, {
    open: (url) => openDatabase(url, { missing: 'refuse' }),
    prove: false,
    renames: wanted.type === 'scripts' ? renameComments(wanted.files) : [],
  });
  await bench.close();
  reportPlanning(context, bench, plan);
  const hazards = planHazards(plan.up);
  const matches = isEmptyPlan(plan.up);
  const { style } = context.output;
  const lines = matches
    ? [`the migrations lead to ${wanted.label}`]
    : [
        `${style.yellow('the schema and the migrations differ')} (tidemark migrate diff NAME writes the difference):`,
        ...plan.up.steps.map(({ summary }) => `  ${summary}`),
        ...hazards.map((hazard) => `  ${style.yellow('careful:')} ${hazardLine(hazard)}`),
      ];
  if (several.length > 1) {
    lines.push(
      `there are several heads without a branch label: ${several.join(', ')} (tidemark migrate merge or rebase makes them one line again)`,
    );
  }
  return {
    result: {
      matches,
      steps: plan.up.steps,
      hazards,
      heads: graphOf(folder).heads,
      severalHeads: several.length > 1 ? several : [],
      unmanaged: unmanagedNames(plan.unmanaged.to),
    },
    text: lines.join('\n'),
    exitCode: matches && several.length <= 1 ? 0 : 3,
  };
}
