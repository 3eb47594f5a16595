import { needsOf, type RevisionGraph } from './revision-graph.js';

/** The revisions given and everything they need, directly or not. Ids that are not in the graph stay alone. */
export function ancestorsOf(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  return reach(ids, (id) => {
    const revision = graph.byId.get(id);
    return revision === undefined ? [] : needsOf(revision);
  });
}

/** The revisions given and everything that needs them, directly or not. */
export function descendantsOf(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  return reach(ids, (id) => graph.dependents.get(id) ?? []);
}

/** As `ancestorsOf`, by parents alone: what it merely depends on belongs to another line. */
export function lineBelow(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  return reach(ids, (id) => graph.byId.get(id)?.parents ?? []);
}

/** As `descendantsOf`, by parents alone. */
export function lineAbove(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  return reach(ids, (id) => graph.children.get(id) ?? []);
}

/** Everything on the line of a revision: what it comes from and what comes from it, by parents. */
export function lineageOf(graph: RevisionGraph, id: string): Set<string> {
  return new Set([...lineBelow(graph, [id]), ...lineAbove(graph, [id])]);
}

/**
 * What belongs to a label alone: what comes from its revision, and what leads to it from the last branch or merge
 * point on, that point not included (as Alembic spreads labels).
 */
export function branchOf(graph: RevisionGraph, id: string): Set<string> {
  const own = lineAbove(graph, [id]);
  for (let at = onlyParent(graph, id); at !== undefined; at = onlyParent(graph, at)) {
    const branches = (graph.children.get(at)?.length ?? 0) > 1;
    const merges = graph.byId.get(at)!.parents.length > 1;
    if (branches || merges) break;
    own.add(at);
  }
  return own;
}

/** Those of the revisions on which, by parents, no other of them follows: the tips of their lines. */
export function tipsOf(graph: RevisionGraph, ids: ReadonlySet<string>): string[] {
  return [...ids].filter((id) => !(graph.children.get(id) ?? []).some((child) => ids.has(child)));
}

/** As `tipsOf`, in the graph's order, whichever was applied first: what people are shown. */
export function tipsInOrder(graph: RevisionGraph, ids: ReadonlySet<string>): string[] {
  const found = tipsOf(graph, ids);
  if (found.length < 2) return found;
  const tips = new Set(found);
  return graph.order.map(({ id }) => id).filter((id) => tips.has(id));
}

/** As `tipsOf`, without those that another of them depends on. */
export function effectiveTipsOf(graph: RevisionGraph, ids: ReadonlySet<string>): string[] {
  return [...ids].filter((id) => !(graph.dependents.get(id) ?? []).some((other) => ids.has(other)));
}

function onlyParent(graph: RevisionGraph, id: string): string | undefined {
  const { parents } = graph.byId.get(id)!;
  return parents.length === 1 ? parents[0] : undefined;
}

function reach(start: Iterable<string>, next: (id: string) => readonly string[]): Set<string> {
  const seen = new Set<string>();
  const open = [...start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...next(id));
  }
  return seen;
}
