import { readMigrationFolder } from '../../migrations/folder.js';
import { requireListed, writeMigration } from '../../migrations/write-migration.js';
import { planBetween } from '../../planning/plan-between.js';
import { migrationState } from '../../planning/resolve-source.js';
import { migrationText } from '../../planning/write-migration.js';
import { isEmptyPlan, planHazards } from '../../schema/plan.js';
import { hazardLine } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, planOptions, reportPlanning, schemaSource, unmanagedNames } from '../planning.js';
import { relativePath } from '../render/path.js';

/** Writes the migration from the state after all migrations to the wanted schema. */
export async function run(context: Context): Promise<Outcome> {
  const name = context.required('NAME');
  const { migrations } = await context.environment();
  const folder = await readMigrationFolder(migrations);
  requireListed(folder);
  const wanted = await schemaSource(context);
  const bench = await openWorkbench(context);
  const options = await planOptions(context, bench, wanted);
  context.output.progress('comparing the migrations with the schema …');
  const current = migrationState(folder, undefined);
  const plan = await planBetween(bench, current, wanted, options);
  reportPlanning(context, bench, plan);
  const unmanaged = unmanagedNames(plan.unmanaged.to);
  if (isEmptyPlan(plan.up)) {
    return {
      result: { changed: false, steps: [], unmanaged },
      text: `nothing to do: the migrations already lead to ${wanted.label}`,
    };
  }
  const hazards = planHazards(plan.up);
  for (const hazard of hazards.filter(({ level }) => level !== 'note'))
    context.output.warn(hazardLine(hazard));
  const dryRun = context.options.flag('dry-run');
  const text = migrationText(name, plan.up, plan.down);
  const written = dryRun
    ? undefined
    : await writeMigration(migrations, { name, up: text.up, down: text.down });
  if (written && plan.proven) {
    const before = current.type === 'scripts' ? current.files : [];
    await bench.rememberState([...before, { name: written.upFile, sql: text.up }], plan.proven);
  }
  const files = written ? [written.upFile, written.downFile] : [];
  const result = {
    changed: true,
    revision: written?.version ?? null,
    files,
    steps: plan.up.steps,
    down: plan.down.steps,
    hazards,
    reversible: text.notRestored.length === 0,
    notRestored: text.notRestored,
    transaction: plan.up.transactional,
    unmanaged,
    ...(dryRun ? { up: text.up, downText: text.down } : {}),
  };
  if (dryRun) return { result, text: `${text.up}\n-- The reverse:\n\n${text.down}`.trimEnd() };
  const steps = plan.up.steps.map((step) => `  ${step.summary}`);
  const shown = files
    .filter((file) => file !== undefined)
    .map((file) => relativePath(migrations, file, context.cwd));
  return {
    result,
    text: [
      `wrote ${shown.join(' and ')}, proven up and down:`,
      ...steps,
      ...(text.notRestored.length > 0 ? ['the reverse brings back the definitions, not the lost data'] : []),
    ].join('\n'),
  };
}
