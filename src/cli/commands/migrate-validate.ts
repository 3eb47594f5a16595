import { validateMigrations } from '../../planning/validate-migrations.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { severalHeadsWarning } from '../render/several-heads.js';

/** Checks the whole folder without a database; with --replay also runs it, up and down, on the dev database. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const dialect = await context.dialect();
  const bench = context.options.flag('replay') ? await openBench(context) : undefined;
  const result = await validateMigrations(folder, dialect, bench);
  await bench?.close();
  for (const note of bench?.notes ?? []) context.output.warn(note);
  const { migrations, statements, withoutDown, heads, severalHeads } = result;
  if (severalHeads.length > 0) context.output.warn(severalHeadsWarning(severalHeads));
  return {
    result,
    text: [
      `${migrations} migration${migrations === 1 ? '' : 's'} with ${statements} statement${statements === 1 ? '' : 's'}: sums, order, directives and syntax are right`,
      ...(heads.length > 1 ? [`heads: ${heads.join(', ')}`] : []),
      ...(result.replayed ? ['replayed from nothing, and every reverse led back'] : []),
      ...(withoutDown.length > 0 ? [`no way down from: ${withoutDown.join(', ')}`] : []),
    ].join('\n'),
  };
}

async function openBench(context: Context) {
  const { openWorkbench } = await import('../planning.js');
  context.output.progress('replaying the migrations …');
  return openWorkbench(context);
}
