import { graphOf } from '../../migrations/compare-history.js';
import { describeBranches } from '../../migrations/describe-graph.js';
import { describeStanding, type Standing } from '../../migrations/graph/standing.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { markWords, revisionFacts, revisionLabel } from '../render/revision-line.js';

/** The revisions on which several follow, and the labelled lines. Looks at the folder alone. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const graph = graphOf(folder);
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const { style, verbose } = context.output;
  const result = describeBranches(folder);
  const line = (one: Standing) =>
    [revisionLabel(graph.byId.get(one.revision)!, style), ...markWords(one)].join(' ');
  const bases = result.bases.length > 1 ? result.bases.map((id) => describeStanding(graph, id)) : [];
  const below = (ones: readonly Standing[]) => ones.map((one) => `    -> ${line(one)}`);
  const text = [
    ...(bases.length > 0 ? [style.bold('base'), ...below(bases)] : []),
    ...result.branchpoints.flatMap((point) => [
      line(point),
      ...(verbose ? revisionFacts(graph, point.revision, files.get(point.revision)) : []),
      ...below(point.children),
    ]),
    ...result.labels.map(({ label, revision, heads }) => {
      const ends = heads.length === 0 ? 'merged' : `head ${heads.join(', ')}`;
      return `${style.cyan(label)}: from ${revision}, ${ends}`;
    }),
  ];
  return { result, text: text.length > 0 ? text.join('\n') : 'no branches: the migrations are one line' };
}
