import { graphOf } from '../../migrations/compare-history.js';
import { branchesOf } from '../../migrations/graph/branches.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { describeStanding, markWords, revisionFacts, revisionLabel } from '../render/revision-line.js';

/** The revisions on which several follow, and the labelled lines. Looks at the folder alone. */
export async function run(context: Context): Promise<Outcome> {
  const folder = await context.migrations();
  const graph = graphOf(folder);
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const { style, verbose } = context.output;
  const line = (id: string) =>
    [revisionLabel(graph.byId.get(id)!, style), ...markWords(describeStanding(graph, id))].join(' ');
  const points = graph.order.filter(({ id }) => (graph.children.get(id)?.length ?? 0) > 1);
  const labels = branchesOf(graph).map(({ label, revision, heads }) => ({ label, revision, heads }));
  const bases = graph.bases.length > 1 ? graph.bases : [];
  const text = [
    ...(bases.length > 0 ? [style.bold('base'), ...bases.map((id) => `    -> ${line(id)}`)] : []),
    ...points.flatMap(({ id }) => [
      line(id),
      ...(verbose ? revisionFacts(graph, id, files.get(id)) : []),
      ...graph.children.get(id)!.map((child) => `    -> ${line(child)}`),
    ]),
    ...labels.map(({ label, revision, heads }) => {
      const ends = heads.length === 0 ? 'merged' : `head ${heads.join(', ')}`;
      return `${style.cyan(label)}: from ${revision}, ${ends}`;
    }),
  ];
  return {
    result: {
      bases: graph.bases,
      branchpoints: points.map(({ id }) => ({
        ...describeStanding(graph, id),
        children: graph.children.get(id)!.map((child) => describeStanding(graph, child)),
      })),
      labels,
    },
    text: text.length > 0 ? text.join('\n') : 'no branches: the migrations are one line',
  };
}
