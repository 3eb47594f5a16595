import { graphOf } from '../../migrations/compare-history.js';
import { describeHeads } from '../../migrations/describe-graph.js';
import { unlabelledHeads } from '../../migrations/graph/branches.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { markWords, revisionFacts, revisionLabel } from '../render/revision-line.js';

/** The revisions on which none follows. Looks at the folder alone. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const graph = graphOf(folder);
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const { style, verbose } = context.output;
  const heads = describeHeads(folder);
  const lines = heads.flatMap(({ revision, ...marks }) => {
    const line = [revisionLabel(graph.byId.get(revision)!, style), ...markWords(marks)].join(' ');
    return verbose ? [line, ...revisionFacts(graph, revision, files.get(revision))] : [line];
  });
  const several = unlabelledHeads(graph).length > 1;
  if (several) context.output.note('tidemark migrate merge or rebase makes them one line again');
  return {
    result: { heads },
    text: lines.length > 0 ? lines.join('\n') : 'no migrations',
    exitCode: heads.length > 1 && context.options.flag('check') ? 3 : 0,
  };
}
