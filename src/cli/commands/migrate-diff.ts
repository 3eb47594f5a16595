import { readMigrationFolder } from '../../migrations/folder.js';
import { requireListed } from '../../migrations/require-listed.js';
import { type GeneratedPart, generateMigration } from '../../planning/generate-migration.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  isOnline,
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
    plan: { ...plan, online: await isOnline(context), inParts: true },
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
  const written = (part: GeneratedPart): string[] => [
    `wrote ${part.files.map((file) => relativePath(migrations, file, context.cwd)).join(' and ')}, proven up and down:`,
    ...part.steps.map((step) => `  ${step.summary}`),
  ];
  return {
    result,
    text: [
      ...result.migrations.flatMap(written),
      ...(result.reversible ? [] : ['the reverse brings back the definitions, not the lost data']),
    ].join('\n'),
  };
}
