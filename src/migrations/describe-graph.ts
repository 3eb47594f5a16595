import { graphOf } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { branchesOf } from './graph/branches.js';
import { describeStanding, type Standing } from './graph/standing.js';

/** A revision on which none follows. */
export interface Head extends Standing {
  readonly file: string | null;
}

/** Where the lines of a folder part. */
export interface BranchPoints {
  /** Revisions that begin a line. */
  readonly bases: readonly string[];
  /** Revisions on which several follow. */
  readonly branchpoints: readonly (Standing & { readonly children: readonly Standing[] })[];
  readonly labels: readonly {
    readonly label: string;
    readonly revision: string;
    readonly heads: readonly string[];
  }[];
}

/** The heads of a folder, in file order. Throws TidemarkError as `graphOf`. */
export function describeHeads(folder: MigrationFolder): Head[] {
  const graph = graphOf(folder);
  const files = new Map(folder.migrations.map(({ version, file }) => [version, file]));
  return graph.heads.map((id) => ({ ...describeStanding(graph, id), file: files.get(id) ?? null }));
}

/** The branchpoints and labelled lines of a folder, in file order. Throws TidemarkError as `graphOf`. */
export function describeBranches(folder: MigrationFolder): BranchPoints {
  const graph = graphOf(folder);
  const standing = (id: string): Standing => describeStanding(graph, id);
  const points = graph.order.filter(({ id }) => (graph.children.get(id)?.length ?? 0) > 1);
  return {
    bases: graph.bases,
    branchpoints: points.map(({ id }) => ({
      ...standing(id),
      children: (graph.children.get(id) ?? []).map(standing),
    })),
    labels: branchesOf(graph).map(({ label, revision, heads }) => ({ label, revision, heads })),
  };
}
