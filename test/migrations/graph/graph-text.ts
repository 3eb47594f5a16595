import { effectiveTipsOf } from '../../../src/migrations/graph/reach.js';
import {
  buildGraph,
  type RevisionGraph,
  type RevisionInput,
} from '../../../src/migrations/graph/revision-graph.js';

/** `a b[label]>a c>a+b d>a~c e>`: parents after `>`, dependencies after `~`; no `>`: it follows the one before. */
export function inputs(text: string): RevisionInput[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => {
      const [, id, branch, parents, dependsOn] = /^([^>~[]+)(?:\[(.*?)\])?(?:>([^~]*))?(?:~(.*))?$/.exec(
        word,
      )!;
      return {
        id: id!,
        name: `name_${id}`,
        branch,
        parents: parents?.split('+').filter(Boolean),
        dependsOn: dependsOn?.split('+') ?? [],
      };
    });
}

export const graph = (text: string): RevisionGraph => buildGraph(inputs(text));

export const ids = (revisions: readonly { readonly id: string }[]): string =>
  revisions.map(({ id }) => id).join(' ');

/** What is applied when the database's rows are these, applied in file order. */
export function applied(g: RevisionGraph, rows: string): Set<string> {
  const seen = new Set<string>();
  const open = rows.split(' ').filter(Boolean);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const { parents, dependsOn } = g.byId.get(id)!;
    open.push(...parents, ...dependsOn);
  }
  return new Set(g.order.map(({ id }) => id).filter((id) => seen.has(id)));
}

/** The rows that Alembic would keep: what is applied and neither parent nor dependency of something applied. */
export const rows = (g: RevisionGraph, there: ReadonlySet<string>): string =>
  effectiveTipsOf(g, there).sort().join(' ');
