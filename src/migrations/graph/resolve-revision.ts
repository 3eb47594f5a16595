import { TidemarkError } from '../../errors.js';
import { describeRevision, type RevisionGraph } from './revision-graph.js';

/** How many revisions an ambiguous text lists. */
const LISTED = 8;

/**
 * The revision that a text names: a full id, the label of a branch, a name, or the beginning of an id or a label
 * that fits no other. Throws TidemarkError with exit code 2 (`target-unknown`, `target-ambiguous`).
 *
 * @param within only these count: `label@text` means a revision of the label's lineage
 */
export function resolveRevision(graph: RevisionGraph, text: string, within?: ReadonlySet<string>): string {
  const counts = (id: string) => within?.has(id) ?? true;
  if (graph.byId.has(text) && counts(text)) return text;
  const labelled = graph.branches.get(text);
  if (labelled !== undefined && counts(labelled)) return labelled;
  const meant = graph.aliases.get(text);
  if (meant !== undefined && counts(meant)) return meant;
  const matches = text === '' ? [] : matching(graph, text).filter(counts);
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    const listed = matches.slice(0, LISTED).map((id) => describeRevision(graph, id));
    const more = matches.length > LISTED ? ` or ${matches.length - LISTED} others` : '';
    throw new TidemarkError('target-ambiguous', `"${text}" could be ${listed.join(' or ')}${more}`, {
      exitCode: 2,
      hints: ['Write more of the id.'],
      details: { matches },
    });
  }
  throw unknown(graph, text, within);
}

/**
 * The revision at which a branch label stands; any revision may stand where a label does. Throws like
 * `resolveRevision`, and `branch-unknown`.
 */
export function resolveLabel(graph: RevisionGraph, label: string): string {
  try {
    return resolveRevision(graph, label);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'target-unknown') throw error;
    const labels = [...graph.branches.keys()];
    throw new TidemarkError('branch-unknown', `there is no branch "${label}"`, {
      exitCode: 2,
      hints: [
        labels.length > 0
          ? `The labels are: ${labels.join(', ')}. A revision of the branch may stand there too.`
          : 'No migration has a "-- tidemark:branch" label; a revision of the branch may stand in its place.',
      ],
    });
  }
}

function matching(graph: RevisionGraph, text: string): string[] {
  const revisions = [...graph.byId.values()];
  const named = revisions.filter((revision) => revision.name === text);
  if (named.length > 0) return named.map(({ id }) => id);
  const byId = revisions.filter(({ id }) => id.startsWith(text)).map(({ id }) => id);
  const byLabel = [...graph.branches].filter(([label]) => label.startsWith(text)).map(([, id]) => id);
  if (byId.length + byLabel.length > 0) return [...new Set([...byId, ...byLabel])];
  const byAlias = [...graph.aliases].filter(([alias]) => alias.startsWith(text)).map(([, id]) => id);
  return [...new Set(byAlias)];
}

function unknown(graph: RevisionGraph, text: string, within: ReadonlySet<string> | undefined): TidemarkError {
  const elsewhere = within !== undefined && matching(graph, text).length > 0;
  const newest = graph.order.at(-1);
  const same = /^\d+$/.test(text) ? graph.order.find(({ id }) => sameNumber(id, text)) : undefined;
  const there =
    newest === undefined
      ? 'There are no migrations yet.'
      : same !== undefined
        ? `Did you mean ${describeRevision(graph, same.id)}?`
        : `The newest is ${describeRevision(graph, newest.id)}.`;
  return new TidemarkError(
    'target-unknown',
    elsewhere ? `"${text}" is not on that branch` : `there is no revision "${text}"`,
    {
      exitCode: 2,
      hints: [
        elsewhere ? '"tidemark migrate history" shows the branches.' : there,
        'A revision is named by its id, the beginning of one, its name or label, head, heads, base, current, +N, -N, or one of those after BRANCH@.',
      ],
    },
  );
}

/** True for `3` and `0003`. */
function sameNumber(id: string, text: string): boolean {
  return /^\d+$/.test(id) && BigInt(id) === BigInt(text);
}
