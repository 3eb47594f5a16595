import { TidemarkError } from '../errors.js';
import { graphOf, type HistoryComparison } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { lineAbove, lineBelow } from '../migrations/graph/reach.js';
import { describeRevision, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { resolveOne } from '../migrations/graph/target.js';

/** What is known of where the revisions are, in ids of the folder's graph. */
export interface RebaseGround {
  /** Of the environment's database; undefined: none was asked. */
  readonly database:
    | {
        /** Applied, or begun. */
        readonly applied: ReadonlySet<string>;
        /** Pending, before something that is applied. */
        readonly outOfOrder: readonly string[];
      }
    | undefined;
  /** On the upstream branch; undefined: git cannot say. */
  readonly published: ReadonlySet<string> | undefined;
}

/**
 * What a database and git say about a folder.
 *
 * @param comparison undefined: no database was asked
 * @param files what `publishedFiles` gives
 */
export function rebaseGround(
  folder: MigrationFolder,
  comparison: HistoryComparison | undefined,
  files: ReadonlySet<string> | undefined,
): RebaseGround {
  const { byId, aliases } = graphOf(folder);
  const published = folder.migrations.filter(({ file }) => files?.has(file)).map(({ version }) => version);
  return {
    database: comparison && {
      applied: new Set([...comparison.recorded.keys()].map((id) => aliases.get(id) ?? id)),
      // An original of a squash stays where it is.
      outOfOrder: comparison.outOfOrder.filter((id) => byId.has(id)),
    },
    published: files && new Set(published),
  };
}

/**
 * Which revisions a rebase moves, in order; none when there is nothing to move. A named one stands for its line
 * where there are several heads, else for itself. Without names it is what is plain: what is pending before applied
 * revisions, or the one line of which the database has nothing while it has something of every other; git has to agree
 * that nobody else has it, and may say so alone where the database cannot. Throws TidemarkError with exit code 2:
 * `rebase-unclear`, `rebase-shared` for a revision that all lines come from, and as `resolveOne`.
 */
export function revisionsToRebase(
  graph: RevisionGraph,
  names: readonly string[],
  ground: RebaseGround,
): readonly string[] {
  const moved = new Set(
    names.length > 0 ? names.flatMap((name) => lineOf(graph, name)) : plainlyLocal(graph, ground),
  );
  return graph.order.map(({ id }) => id).filter((id) => moved.has(id));
}

function lineOf(graph: RevisionGraph, name: string): readonly string[] {
  const id = resolveOne(graph, new Set(), name);
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

interface Line {
  readonly head: string;
  readonly ids: readonly string[];
}

function plainlyLocal(graph: RevisionGraph, { database, published }: RebaseGround): readonly string[] {
  const isPublished = (id: string): boolean => published?.has(id) === true;
  if (database !== undefined && database.outOfOrder.length > 0) {
    const others = database.outOfOrder.filter(isPublished);
    if (others.length === 0) return database.outOfOrder;
    throw unclear(
      `${others.map((id) => describeRevision(graph, id)).join(', ')} is pending before applied migrations, but the upstream branch has it already`,
      [
        'Others may have applied it: run it out of order ("tidemark migrate up --out-of-order").',
        'If it is to move all the same, name it.',
      ],
      others,
    );
  }
  if (graph.heads.length < 2) return [];
  const lines = graph.heads.map((head): Line => ({ head, ids: ownLine(graph, [head]) }));
  const byDatabase = database && onlyWithout(lines, database.applied);
  const byGit = published && onlyWithout(lines, published);
  const found = byDatabase ?? byGit;
  if (found !== undefined && !(byDatabase !== undefined && found.ids.some(isPublished))) return found.ids;
  const reason =
    found !== undefined
      ? `the database has nothing of ${describeRevision(graph, found.head)}, but the upstream branch has it already`
      : database === undefined
        ? 'no database was asked'
        : 'there is not one line of which the database has nothing';
  throw unclear(
    `which line is to move cannot be told: ${reason}`,
    [
      'Name the one that goes after the others:',
      ...lines.map(
        ({ head, ids }) =>
          `tidemark migrate rebase ${head}  (${describeRevision(graph, head)}, ${ids.length} of its own)`,
      ),
    ],
    graph.heads,
  );
}

/** The one line of which nothing is there, when there is something of every other. */
function onlyWithout(lines: readonly Line[], there: ReadonlySet<string>): Line | undefined {
  const untouched = lines.filter(({ ids }) => !ids.some((id) => there.has(id)));
  return untouched.length === 1 ? untouched[0] : undefined;
}

function unclear(message: string, hints: readonly string[], revisions: readonly string[]): TidemarkError {
  return new TidemarkError('rebase-unclear', message, { exitCode: 2, hints, details: { revisions } });
}
