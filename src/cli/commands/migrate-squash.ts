import { requireListed } from '../../migrations/require-listed.js';
import { rewriteFolder } from '../../migrations/rewrite-folder.js';
import { planSquash } from '../../planning/squash-migrations.js';
import { hazardLine } from '../../schema/render-plan.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, planOptions, reportNotes } from '../planning.js';
import { relativePath } from '../render/path.js';

/** Makes one migration of many, proven to be equal; the originals move aside. */
export async function run(context: Context): Promise<Outcome> {
  const { options } = context;
  const { migrations, newMigrations } = await context.environment();
  const folder = await context.migrations();
  requireListed(folder);
  const bench = await openWorkbench(context);
  const nothing = { type: 'empty', label: 'nothing' } as const;
  context.output.progress('comparing the states before and after …');
  const planned = await planSquash(bench, {
    folder,
    range: context.required('RANGE'),
    name: options.text('name') ?? 'squash',
    keepStatements: options.flag('keep-statements'),
    plan: await planOptions(context, bench, nothing),
  });
  await bench.close();
  reportNotes(context, bench);
  if (planned.downFile === undefined) {
    context.output.warn('one of them has no way down, and so the squash has none');
  }
  const { revision, replaces, steps, hazards, notRestored, up, downText = null } = planned;
  for (const hazard of hazards.filter(({ level }) => level !== 'note'))
    context.output.warn(hazardLine(hazard));
  const files = [planned.upFile, planned.downFile].filter((file) => file !== undefined);
  const moved = [...(planned.changes.rename?.values() ?? [])];
  const result = { revision, replaces, files, moved, steps, hazards, notRestored };
  if (options.flag('dry-run')) {
    return {
      result: { ...result, written: false, up, downText },
      text: `${up}${downText === null ? '' : `\n-- The reverse:\n\n${downText}`}`.trimEnd(),
    };
  }
  await rewriteFolder(migrations, planned.changes, { afterWrite: newMigrations.afterWrite });
  const shown = files.map((file) => relativePath(migrations, file, context.cwd));
  return {
    result: { ...result, written: true },
    text: [
      `wrote ${shown.join(' and ')} in place of ${replaces.length} migrations, proven equal`,
      `${moved.length} files are now in ${relativePath(migrations, 'squashed', context.cwd)}: databases that have some of them go on with them`,
      ...(notRestored.length > 0 ? ['the reverse brings back the definitions, not the lost data'] : []),
    ].join('\n'),
  };
}
