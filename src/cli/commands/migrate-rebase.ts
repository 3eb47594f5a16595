import { TidemarkError } from '../../errors.js';
import { graphOf } from '../../migrations/compare-history.js';
import type { MigrationFolder } from '../../migrations/folder.js';
import { describeRevision, type RevisionGraph } from '../../migrations/graph/revision-graph.js';
import { requireListed } from '../../migrations/require-listed.js';
import { rewriteFolder } from '../../migrations/rewrite-folder.js';
import { readPosition } from '../../migrations/status.js';
import { type RebaseGround, revisionsToRebase } from '../../planning/rebase-choice.js';
import { planRebase } from '../../planning/rebase-migrations.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench } from '../planning.js';

/** Moves migrations that are not applied yet after those that came in, proven there. */
export async function run(context: Context): Promise<Outcome> {
  const { options } = context;
  const { migrations, newMigrations } = await context.environment();
  const folder = await context.migrations();
  requireListed(folder);
  const graph = graphOf(folder);
  const ground = await groundOf(context, folder, graph);
  const chosen = revisionsToRebase(graph, context.several('REVISION'), ground);
  const nothing = (onto: string | null, text: string): Outcome => ({
    result: { changed: false, written: false, onto, moved: [], withoutDown: [], notLeadingBack: [] },
    text: `nothing to rebase: ${text}`,
  });
  if (chosen.length === 0) return nothing(null, 'the migrations are one line, and nothing is out of order');

  const bench = await openWorkbench(context);
  context.output.progress('running them in their new place …');
  const planned = await planRebase(bench, {
    folder,
    moved: chosen,
    onto: options.text('onto'),
    applied: ground?.applied ?? new Set(),
    now: new Date(),
    naming: newMigrations.naming,
  });
  await bench.close();
  for (const note of bench.notes) context.output.warn(note);
  const { onto, moved, withoutDown, notLeadingBack } = planned;
  const place = onto === null ? 'the beginning' : describeRevision(graph, onto);
  if (moved.length === 0) return nothing(onto, `they follow ${place} already`);
  await caution(context, ground, chosen.length === 1);
  for (const id of withoutDown)
    context.output.warn(`${id} has no way down: only the way up is proven past it`);
  for (const id of notLeadingBack) {
    context.output.warn(
      `the reverse of ${id} does not lead back, and did not before: see "tidemark migrate validate --replay"`,
    );
  }

  const dryRun = options.flag('dry-run');
  if (!dryRun) await rewriteFolder(migrations, planned.changes, { afterWrite: newMigrations.afterWrite });
  const lines = moved.map(({ file, newFile }) => `  ${file} -> ${newFile}`);
  return {
    result: { changed: true, written: !dryRun, onto, moved, withoutDown, notLeadingBack },
    text: [`${dryRun ? 'would move' : 'moved'} after ${place}, proven there:`, ...lines].join('\n'),
  };
}

/** What the environment's database has; undefined where none is named or it cannot be reached. */
async function groundOf(
  context: Context,
  folder: MigrationFolder,
  graph: RevisionGraph,
): Promise<RebaseGround | undefined> {
  const { url } = await context.environment();
  if (url === undefined) return undefined;
  try {
    const { comparison } = await readPosition(await context.openTarget('empty'), folder);
    const applied = [...comparison.recorded.keys()].map((id) => graph.aliases.get(id) ?? id);
    return {
      applied: new Set(applied),
      outOfOrder: comparison.outOfOrder.filter((id) => graph.byId.has(id)),
    };
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'cannot-connect') throw error;
    context.output.warn(`the database cannot be asked: ${error.message}`);
    return undefined;
  }
}

/** Says where nobody has looked whether they are applied. */
async function caution(context: Context, ground: RebaseGround | undefined, one: boolean): Promise<void> {
  const { environmentNames } = await import('../../project/environment-names.js');
  const { name } = await context.environment();
  const names = await environmentNames({
    cwd: context.cwd,
    config: context.options.text('config'),
    env: name,
  });
  const others = names.filter((other) => other !== name);
  const it = one ? 'it' : 'them';
  if (ground === undefined) context.output.warn(`no database was asked whether it has applied ${it}`);
  if (others.length > 0) {
    context.output.warn(
      `whether other environments (${others.join(', ')}) have applied ${it} was not looked at: one that has will miss the old ${one ? 'revision' : 'revisions'}`,
    );
  }
}
