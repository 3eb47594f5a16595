import { graphOf } from '../../migrations/compare-history.js';
import { describeRevision } from '../../migrations/graph/revision-graph.js';
import { placeNewRevision } from '../../migrations/new-revision.js';
import { requireListed } from '../../migrations/require-listed.js';
import { writeMigration } from '../../migrations/write-migration.js';
import { headsToMerge, mergeText, proveMerge } from '../../planning/merge-heads.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { openWorkbench, reportNotes } from '../planning.js';
import { relativePath } from '../render/path.js';

/** Joins heads with a migration that follows them all, once it is proven that their order does not matter. */
export async function run(context: Context): Promise<Outcome> {
  const { options } = context;
  const { migrations, newMigrations } = await context.environment();
  const folder = await context.migrations();
  requireListed(folder);
  const graph = graphOf(folder);
  const heads = headsToMerge(graph, context.several('REVISION'));
  if (heads.length < 2) {
    const [head] = heads;
    return {
      result: { changed: false, revision: null, files: [], parents: heads },
      text: `nothing to merge: ${head === undefined ? 'there are no migrations' : `${describeRevision(graph, head)} is the only head`}`,
    };
  }
  const branch = options.text('branch');
  placeNewRevision(graph, { head: heads[0], branch });

  const bench = await openWorkbench(context);
  context.output.progress('running the lines in every order …');
  const proof = await proveMerge(bench, folder, heads);
  await bench.close();
  reportNotes(context, bench);
  for (const id of proof.withoutDown) {
    context.output.warn(`${describeRevision(graph, id)} has no way down: only the way up is proven past it`);
  }
  for (const id of proof.notLeadingBack) {
    context.output.warn(
      `the reverse of ${describeRevision(graph, id)} does not lead back, merged or not: see "tidemark migrate validate --replay"`,
    );
  }

  const text = mergeText(graph, heads);
  const orders = `${proof.orders.length} order${proof.orders.length === 1 ? '' : 's'}`;
  if (options.flag('dry-run')) {
    return {
      result: {
        changed: true,
        revision: null,
        files: [],
        parents: heads,
        proof,
        up: text.up,
        downText: text.down,
      },
      text: `${heads.map((id) => describeRevision(graph, id)).join(' and ')} can be merged: proven in ${orders}`,
    };
  }
  const written = await writeMigration(migrations, {
    name: options.text('name') ?? 'merge',
    version: options.text('revision'),
    branch,
    parents: heads,
    ...text,
    naming: newMigrations.naming,
    afterWrite: newMigrations.afterWrite,
  });
  const files = [written.upFile, written.downFile].filter((file) => file !== undefined);
  const shown = files.map((file) => relativePath(migrations, file, context.cwd));
  return {
    result: { changed: true, revision: written.version, files, parents: written.parents, proof },
    text: `wrote ${shown.join(' and ')}, proven in ${orders}: ${heads.map((id) => describeRevision(graph, id)).join(' and ')} are one line again`,
  };
}
