import { join } from 'node:path';
import { snapshotPlace } from '../../library/snapshots.js';
import { keepSnapshot, readSnapshot } from '../../planning/take-snapshot.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportPlanning, targetSource } from '../planning.js';
import { relativePath } from '../render/path.js';

/** Keeps the schema of the environment's database, to see later what was changed. */
export async function run(context: Context): Promise<Outcome> {
  const { output } = context;
  const [environment, url] = [await context.environment(), await context.url()];
  const bench = await openWorkbench(context, [await targetSource(context)]);
  const session = await context.openTarget('refuse');
  output.progress('reading the schema …');
  const place = await snapshotPlace(environment, url, session);
  const read = await readSnapshot(bench, session);
  const kept = await keepSnapshot(place, read, context.options.text('name'));
  reportPlanning(context, bench);
  if (kept.unmanaged.length > 0) output.warn(`not in the snapshot: ${kept.unmanaged.join(', ')}`);
  const path = join(place.folder, kept.file);
  const shown = relativePath(place.folder, kept.file, context.cwd);
  const at = kept.heads.length === 0 ? 'base' : kept.heads.join(', ');
  const text = kept.written
    ? `wrote ${shown}: ${kept.objects} object${kept.objects === 1 ? '' : 's'}, at ${at}`
    : `nothing has changed since ${shown}`;
  return { result: { ...kept, path }, text };
}
