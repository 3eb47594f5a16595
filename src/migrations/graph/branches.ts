import { branchOf } from './reach.js';
import type { RevisionGraph } from './revision-graph.js';

/** A labelled line: where its label stands, and the heads that belong to it alone. */
export interface Branch {
  readonly label: string;
  readonly revision: string;
  /** Every revision that the label spreads to; see `branchOf`. */
  readonly region: ReadonlySet<string>;
  readonly heads: readonly string[];
}

/** The labelled lines of a graph, in the order of the list it was built from. */
export function branchesOf(graph: RevisionGraph): Branch[] {
  return [...graph.branches].map(([label, revision]) => {
    const region = branchOf(graph, revision);
    return { label, revision, region, heads: graph.heads.filter((id) => region.has(id)) };
  });
}

/**
 * The heads that no label tells from the others: a label counts where it leads to one head. Two or more are most
 * likely an accident, two people who wrote a migration at the same time; labelled lines are deliberate.
 */
export function unlabelledHeads(
  graph: RevisionGraph,
  branches: readonly Branch[] = branchesOf(graph),
): string[] {
  const labelled = new Set(branches.flatMap(({ heads }) => (heads.length === 1 ? heads : [])));
  return graph.heads.filter((id) => !labelled.has(id));
}
