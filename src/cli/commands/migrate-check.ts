import { checkMigrations } from '../../planning/check-migrations.js';
import { hazardLine } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportPlanning, schemaSource } from '../planning.js';
import { relativePath } from '../render/path.js';
import { severalHeadsWarning } from '../render/several-heads.js';

/** Whether the migrations lead to the schema files: what `migrate diff` would write. Needs no database. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const wanted = await schemaSource(context);
  const bench = await openWorkbench(context);
  const { openDatabase } = await import('../../database/open-database.js');
  context.output.progress('comparing the migrations with the schema …');
  const result = await checkMigrations(bench, folder, wanted, {
    open: (url) => openDatabase(url, { missing: 'refuse' }),
    onPlanned: (plan) => reportPlanning(context, bench, plan),
  });
  await bench.close();
  const { matches, steps, hazards, severalHeads } = result;
  const { style } = context.output;
  const lines = matches
    ? [`the migrations lead to ${wanted.label}`]
    : [
        `${style.yellow('the schema and the migrations differ')} (tidemark migrate diff NAME writes the difference):`,
        ...steps.map(({ summary }) => `  ${summary}`),
        ...hazards.map((hazard) => `  ${style.yellow('careful:')} ${hazardLine(hazard)}`),
        // Who writes a migration by hand and forgets the schema would else be told to drop what it makes.
        ...(hazards.some(({ level }) => level === 'data-loss')
          ? [
              `where the migrations are right and the schema is old: tidemark schema inspect migrations:${relativePath('', folder.path, context.cwd)} shows what they make`,
            ]
          : []),
      ];
  if (severalHeads.length > 0) {
    lines.push(severalHeadsWarning(severalHeads));
  }
  return { result, text: lines.join('\n'), exitCode: matches && severalHeads.length === 0 ? 0 : 3 };
}
