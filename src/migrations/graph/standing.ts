import type { RevisionGraph } from './revision-graph.js';

/** Where a revision stands in a graph: plain values, what `--json` prints. */
export interface Standing {
  readonly revision: string;
  readonly name: string;
  /** The label of the line that begins here. */
  readonly branch: string | null;
  /** The end of its line: nobody's parent. */
  readonly head: boolean;
  /** What depends on it without following it. */
  readonly neededBy: readonly string[];
  readonly branchpoint: boolean;
  readonly mergepoint: boolean;
}

/** Where a revision of the graph stands. */
export function describeStanding(graph: RevisionGraph, id: string): Standing {
  const { name, branch, parents } = graph.byId.get(id)!;
  const children = graph.children.get(id) ?? [];
  return {
    revision: id,
    name,
    branch: branch ?? null,
    head: children.length === 0,
    neededBy: (graph.dependents.get(id) ?? []).filter((other) => !children.includes(other)),
    branchpoint: children.length > 1,
    mergepoint: parents.length > 1,
  };
}
