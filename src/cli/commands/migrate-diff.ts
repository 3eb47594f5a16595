import { readMigrationFolder } from '../../migrations/folder.js';
import { requireListed } from '../../migrations/require-listed.js';
import { generateMigration } from '../../planning/generate-migration.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  migrationConsent,
  openWorkbench,
  planOptions,
  reportHazards,
  reportPlanning,
  schemaSource,
} from '../planning.js';
import { relativePath } from '../render/path.js';

/** Writes the migration from the state after all migrations to the wanted schema. */
export async function run(context: Context): Promise<Outcome> {
  const name = context.required('NAME');
  const { migrations, newMigrations } = await context.environment();
  const folder = await readMigrationFolder(migrations);
  requireListed(folder);
  const wanted = await schemaSource(context);
  const bench = await openWorkbench(context);
  const plan = await planOptions(context, bench, wanted);
  context.output.progress('comparing the migrations with the schema …');
  const result = await generateMigration(bench, {
    folder,
    wanted,
    name,
    plan,
    dryRun: context.options.flag('dry-run'),
    naming: newMigrations.naming,
    afterWrite: newMigrations.afterWrite,
    consent: migrationConsent(context),
    onPlanned: (planned) => {
      reportPlanning(context, bench, planned);
      reportHazards(context, planned);
    },
  });
  if (!result.changed) {
    return { result, text: `nothing to do: the migrations already lead to ${wanted.label}` };
  }
  if (result.up !== undefined) {
    return { result, text: `${result.up}\n-- The reverse:\n\n${result.downText}`.trimEnd() };
  }
  const shown = result.files.map((file) => relativePath(migrations, file, context.cwd));
  return {
    result,
    text: [
      `wrote ${shown.join(' and ')}, proven up and down:`,
      ...result.steps.map((step) => `  ${step.summary}`),
      ...(result.reversible ? [] : ['the reverse brings back the definitions, not the lost data']),
    ].join('\n'),
  };
}
