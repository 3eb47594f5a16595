import { TidemarkError } from '../errors.js';
import { compareVersions } from './version.js';

/** A revision as the graph is built from it. */
export interface RevisionInput {
  readonly id: string;
  readonly name: string;
  /** Undefined: it follows the revision before it in the list. `[]`: it starts a line of its own. */
  readonly parents: readonly string[] | undefined;
  readonly dependsOn?: readonly string[];
  /** Where it comes from, for messages. */
  readonly file?: string;
}

/** A node: its parents are known. */
export interface Revision extends RevisionInput {
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
}

/** Revisions and how they follow one another. A value: nothing here does I/O. */
export interface RevisionGraph {
  readonly byId: ReadonlyMap<string, Revision>;
  /** Everything after what it needs; equal choices in order of version. */
  readonly order: readonly Revision[];
  /** Revisions that are nobody's parent. */
  readonly heads: readonly string[];
  /** Ids of the revisions that have this one as a parent. */
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/**
 * Builds the graph of revisions given in order of version. Throws TidemarkError: `graph-unknown-parent`,
 * `graph-cycle`, `migration-duplicate`.
 */
export function buildGraph(inputs: readonly RevisionInput[]): RevisionGraph {
  const revisions = inputs.map((input, index): Revision => {
    const before = inputs[index - 1];
    return {
      ...input,
      parents: [...new Set(input.parents ?? (before === undefined ? [] : [before.id]))],
      dependsOn: [...new Set(input.dependsOn ?? [])],
    };
  });
  const byId = new Map<string, Revision>();
  for (const revision of revisions) {
    if (byId.has(revision.id)) {
      throw new TidemarkError('migration-duplicate', `two revisions have the id ${revision.id}`);
    }
    byId.set(revision.id, revision);
  }
  const children = new Map<string, string[]>();
  for (const revision of revisions) {
    for (const needed of needs(revision)) {
      if (!byId.has(needed)) throw unknownParent(revision, needed);
    }
    for (const parent of revision.parents) {
      children.set(parent, [...(children.get(parent) ?? []), revision.id]);
    }
  }
  const heads = revisions.filter((revision) => !children.has(revision.id)).map((revision) => revision.id);
  return { byId, order: sortRevisions(revisions, byId), heads, children };
}

/** The revisions given and everything they need, directly or not. */
export function ancestorsOf(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  return reach(ids, (id) => {
    const revision = graph.byId.get(id);
    return revision === undefined ? [] : needs(revision);
  });
}

/** The revisions given and everything that needs them, directly or not. */
export function descendantsOf(graph: RevisionGraph, ids: Iterable<string>): Set<string> {
  const dependents = new Map<string, string[]>();
  for (const revision of graph.order) {
    for (const needed of needs(revision)) {
      const known = dependents.get(needed);
      if (known === undefined) dependents.set(needed, [revision.id]);
      else known.push(revision.id);
    }
  }
  return reach(ids, (id) => dependents.get(id) ?? []);
}

/**
 * The one head, or undefined when there are no revisions. Throws TidemarkError (`several-heads`) when there
 * are more.
 */
export function singleHead(graph: RevisionGraph): string | undefined {
  if (graph.heads.length <= 1) return graph.heads[0];
  const named = graph.heads.map((id) => graph.byId.get(id)!.file ?? id);
  throw new TidemarkError('several-heads', `the migrations have ${named.length} heads: ${named.join(', ')}`, {
    hints: [
      'Make them one line: let the "-- tidemark:parent" of one name the other, then run "tidemark migrate hash".',
    ],
    details: { heads: graph.heads },
  });
}

function needs(revision: Revision): readonly string[] {
  return revision.dependsOn.length === 0 ? revision.parents : [...revision.parents, ...revision.dependsOn];
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

function sortRevisions(revisions: readonly Revision[], byId: ReadonlyMap<string, Revision>): Revision[] {
  const order: Revision[] = [];
  const done = new Set<string>();
  // Usually everything stands after what it needs already, and one pass does it.
  let open = [...revisions].sort((a, b) => compareVersions(a.id, b.id));
  while (open.length > 0) {
    const waiting: Revision[] = [];
    for (const revision of open) {
      if (needs(revision).every((id) => done.has(id))) {
        done.add(revision.id);
        order.push(revision);
      } else {
        waiting.push(revision);
      }
    }
    if (waiting.length === open.length) throw cycle(waiting, byId);
    open = waiting;
  }
  return order;
}

function cycle(waiting: readonly Revision[], byId: ReadonlyMap<string, Revision>): TidemarkError {
  const stuck = new Set(waiting.map((revision) => revision.id));
  const path: string[] = [];
  let at = waiting[0]!.id;
  while (!path.includes(at)) {
    path.push(at);
    at = needs(byId.get(at)!).find((id) => stuck.has(id))!;
  }
  const loop = [...path.slice(path.indexOf(at)), at];
  return new TidemarkError('graph-cycle', `revisions follow one another in a circle: ${loop.join(' -> ')}`, {
    hints: ['Correct the "-- tidemark:parent" or "-- tidemark:depends-on" of one of them.'],
    details: { cycle: loop },
  });
}

function unknownParent(revision: Revision, needed: string): TidemarkError {
  return new TidemarkError(
    'graph-unknown-parent',
    `${revision.file ?? revision.id} follows revision ${needed}, which is not there`,
    {
      hints: [
        'Correct its "-- tidemark:parent" or "-- tidemark:depends-on", or bring the missing file back.',
      ],
    },
  );
}
