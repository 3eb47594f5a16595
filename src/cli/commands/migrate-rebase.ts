import { TidemarkError } from '../../errors.js';
import { graphOf, type HistoryComparison } from '../../migrations/compare-history.js';
import type { MigrationFolder } from '../../migrations/folder.js';
import { describeRevision } from '../../migrations/graph/revision-graph.js';
import { requireListed } from '../../migrations/require-listed.js';
import { rewriteFolder } from '../../migrations/rewrite-folder.js';
import { readPosition } from '../../migrations/status.js';
import { type RebaseGround, rebaseGround, revisionsToRebase } from '../../planning/rebase-choice.js';
import { planRebase } from '../../planning/rebase-migrations.js';
import { publishedFiles } from '../../project/published-files.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportNotes } from '../planning.js';

/** Moves migrations that are not applied yet after those that came in, proven there. */
export async function run(context: Context): Promise<Outcome> {
  const { options } = context;
  const { migrations, newMigrations } = await context.environment();
  const folder = await context.migrations();
  requireListed(folder);
  const graph = graphOf(folder);
  const comparison = await compareWithDatabase(context, folder);
  const ground = rebaseGround(folder, comparison, await publishedFiles(folder.path));
  const chosen = revisionsToRebase(graph, context.several('REVISION'), ground);
  const nothing = (onto: string | null, text: string): Outcome => ({
    result: { changed: false, written: false, onto, moved: [], withoutDown: [], notLeadingBack: [] },
    text: `nothing to rebase: ${text}`,
  });
  if (chosen.length === 0) {
    const order =
      comparison === undefined ? 'no database was asked for their order' : 'nothing is out of order';
    return nothing(null, `the migrations are one line, and ${order}`);
  }

  const bench = await openWorkbench(context);
  context.output.progress('running them in their new place …');
  const planned = await planRebase(bench, {
    folder,
    moved: chosen,
    onto: options.text('onto'),
    applied: ground.database?.applied ?? new Set(),
    now: new Date(),
    naming: newMigrations.naming,
  });
  await bench.close();
  reportNotes(context, bench);
  const { onto, moved, withoutDown, notLeadingBack } = planned;
  const place = onto === null ? 'the beginning' : describeRevision(graph, onto);
  if (moved.length === 0) return nothing(onto, `they follow ${place} already`);
  await caution(context, ground, chosen);
  for (const id of withoutDown)
    context.output.warn(`${id} has no way down: only the way up is proven past it`);
  for (const id of notLeadingBack) {
    context.output.warn(
      `the reverse of ${id} does not lead back, and did not before: see "tidemark migrate validate --replay"`,
    );
  }

  const dryRun = options.flag('dry-run');
  if (!dryRun) await rewriteFolder(migrations, planned.changes, { afterWrite: newMigrations.afterWrite });
  const lines = moved.map(({ from, to, file, newFile }) =>
    file === newFile ? `  ${file}: ${from} -> ${to}` : `  ${file} -> ${newFile}`,
  );
  return {
    result: { changed: true, written: !dryRun, onto, moved, withoutDown, notLeadingBack },
    text: [`${dryRun ? 'would move' : 'moved'} after ${place}, proven there:`, ...lines].join('\n'),
  };
}

/** The folder beside the environment's database; undefined where none is named or it cannot be reached. */
async function compareWithDatabase(
  context: Context,
  folder: MigrationFolder,
): Promise<HistoryComparison | undefined> {
  const { url } = await context.environment();
  if (url === undefined) return undefined;
  try {
    return (await readPosition(await context.openTarget('empty'), folder)).comparison;
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'cannot-connect') throw error;
    context.output.warn(`the database cannot be asked: ${error.message}`);
    return undefined;
  }
}

/** Says who else may have applied them, as far as nobody has looked. */
async function caution(context: Context, ground: RebaseGround, moved: readonly string[]): Promise<void> {
  const { environmentNames } = await import('../../project/environment-names.js');
  const { name } = await context.environment();
  const names = await environmentNames({
    cwd: context.cwd,
    config: context.options.text('config'),
    env: name,
  });
  const others = names.filter((other) => other !== name);
  const one = moved.length === 1;
  const it = one ? 'it' : 'them';
  const published = moved.filter((id) => ground.published?.has(id));
  if (ground.database === undefined)
    context.output.warn(`no database was asked whether it has applied ${it}`);
  if (published.length > 0) {
    context.output.warn(
      `the upstream branch has ${published.join(', ')} already: others may have applied ${it}`,
    );
  }
  if (others.length > 0) {
    context.output.warn(
      `whether other environments (${others.join(', ')}) have applied ${it} was not looked at: one that has will miss the old ${one ? 'revision' : 'revisions'}`,
    );
  }
}
