import { TidemarkError } from '../errors.js';
import { lineAbove, lineBelow } from '../migrations/graph/reach.js';
import { describeRevision, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { resolveOne } from '../migrations/graph/target.js';

/** What the environment's database says, in ids of the folder's graph. */
export interface RebaseGround {
  /** Applied, or begun. */
  readonly applied: ReadonlySet<string>;
  /** Pending, before something that is applied. */
  readonly outOfOrder: readonly string[];
}

/**
 * Which revisions a rebase moves, in order; none when there is nothing to move. A named one stands for its line
 * where there are several heads, else for itself. Without names it is what the database shows plainly: what is
 * pending before applied revisions, or the one line of which nothing is applied. Throws TidemarkError with exit
 * code 2: `rebase-unclear`, `rebase-shared` for a revision that all lines come from, and as `resolveOne`.
 *
 * @param ground undefined: no database was asked
 */
export function revisionsToRebase(
  graph: RevisionGraph,
  names: readonly string[],
  ground: RebaseGround | undefined,
): readonly string[] {
  const moved =
    names.length > 0 ? new Set(names.flatMap((name) => lineOf(graph, name))) : plainlyLocal(graph, ground);
  return graph.order.map(({ id }) => id).filter((id) => moved.has(id));
}

function lineOf(graph: RevisionGraph, name: string): readonly string[] {
  const id = graph.byId.has(name) ? name : resolveOne(graph, new Set(), name);
  if (id === undefined) {
    throw new TidemarkError('rebase-shared', `"${name}" is where every line begins`, {
      exitCode: 2,
      hints: ['Name the head of the line that is to move.'],
    });
  }
  if (graph.heads.length === 1) return [id];
  const above = lineAbove(graph, [id]);
  const heads = graph.heads.filter((head) => above.has(head));
  const line = ownLine(graph, heads);
  if (line.includes(id)) return line;
  throw new TidemarkError(
    'rebase-shared',
    `${describeRevision(graph, id)} belongs to several lines: ${heads.map((head) => describeRevision(graph, head)).join(', ')} come from it`,
    { exitCode: 2, hints: ['Name the head of the line that is to move.'], details: { heads } },
  );
}

/** What leads to these heads and to no other. */
function ownLine(graph: RevisionGraph, heads: readonly string[]): string[] {
  const others = lineBelow(
    graph,
    graph.heads.filter((head) => !heads.includes(head)),
  );
  return [...lineBelow(graph, heads)].filter((id) => !others.has(id));
}

function plainlyLocal(graph: RevisionGraph, ground: RebaseGround | undefined): ReadonlySet<string> {
  if (ground !== undefined && ground.outOfOrder.length > 0) return new Set(ground.outOfOrder);
  if (graph.heads.length < 2) return new Set();
  const lines = graph.heads.map((head) => ({ head, ids: ownLine(graph, [head]) }));
  const untouched = lines.filter(({ ids }) => !ids.some((id) => ground?.applied.has(id) ?? false));
  const [only] = untouched;
  if (ground !== undefined && untouched.length === 1 && only !== undefined) return new Set(only.ids);
  const reason =
    ground === undefined
      ? 'no database was asked'
      : untouched.length === 0
        ? 'the database has something of each'
        : `the database has nothing of ${untouched.length} of them`;
  throw new TidemarkError('rebase-unclear', `which line is to move cannot be told: ${reason}`, {
    exitCode: 2,
    hints: [
      'Name the one that goes after the others:',
      ...lines.map(
        ({ head, ids }) =>
          `tidemark migrate rebase ${head}  (${ids.length} of ${describeRevision(graph, head)})`,
      ),
    ],
    details: { heads: graph.heads },
  });
}
