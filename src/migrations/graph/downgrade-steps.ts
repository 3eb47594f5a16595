import { TidemarkError } from '../../errors.js';
import { branchOf, descendantsOf, lineBelow } from './reach.js';
import type { Revision, RevisionGraph } from './revision-graph.js';
import { type ParsedTarget, parseTarget, resolvePlace, type Target, unreachable } from './target.js';

/**
 * The applied revisions that a downgrade to the target takes back, in the order in which to do it: the target
 * itself stays, and so does every branch that does not come from it. `-N` takes back the last N that were applied.
 * Default: one. Throws TidemarkError with exit code 2 (`target-…`, `branch-unknown`).
 *
 * @param applied in the order in which they were applied
 */
export function downgradeSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  target: Target = -1,
): Revision[] {
  const parsed = parseTarget(graph, target);
  const { symbol, label, relative } = parsed;
  if (symbol === undefined) {
    const steps = parsed.steps ?? 0;
    if (relative && steps > 0) {
      throw unreachable(`a downgrade cannot go ${steps} forward`, 'Use "tidemark migrate up" to go forward.');
    }
    return label === undefined
      ? lastApplied(graph, applied, Math.abs(steps))
      : takenBack(graph, applied, [stepsWithin(graph, applied, label, -steps)]);
  }
  const { ids } = resolvePlace(graph, applied, parsed);
  for (const id of ids) {
    if (applied.has(id)) continue;
    throw unreachable(
      `revision ${id} is not applied, so a downgrade cannot end there`,
      'What is applied is listed by "tidemark migrate history".',
    );
  }
  return takenBack(graph, applied, lineStarts(graph, parsed, ids));
}

/** The revisions whose going takes everything above the target along: its children, or the roots for base. */
function lineStarts(
  graph: RevisionGraph,
  { label }: ParsedTarget,
  ids: readonly string[],
): readonly string[] {
  // What is above one target and is, or leads to, another one stays.
  const kept = lineBelow(graph, ids);
  const all =
    ids.length === 0 ? graph.bases : [...new Set(ids.flatMap((id) => graph.children.get(id) ?? []))];
  const starts = all.filter((id) => !kept.has(id));
  if (label === undefined || starts.length <= 1) return starts;
  const line = lineBelow(graph, [label]);
  return starts.filter((id) => line.has(id));
}

/** Everything applied that needs one of the revisions, those included, dependents first. */
function takenBack(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  starts: readonly string[],
): Revision[] {
  const gone = descendantsOf(graph, starts);
  return graph.order.filter(({ id }) => gone.has(id) && applied.has(id)).reverse();
}

/** The last N applied, each only once nothing that is applied needs it. */
function lastApplied(graph: RevisionGraph, applied: ReadonlySet<string>, steps: number): Revision[] {
  if (steps > applied.size) throw tooFar(steps, applied.size);
  const there = new Set(applied);
  const newestFirst = [...applied].reverse();
  const way: Revision[] = [];
  while (way.length < steps) {
    const last = newestFirst.find(
      (id) => there.has(id) && !(graph.dependents.get(id) ?? []).some((other) => there.has(other)),
    );
    // A graph has no circles: something is always on top.
    const revision = graph.byId.get(last!)!;
    there.delete(revision.id);
    way.push(revision);
  }
  return way;
}

/** `label@-N`: the Nth revision from the top of what is applied of the label's own line. */
function stepsWithin(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  label: string,
  steps: number,
): string {
  const region = branchOf(graph, label);
  const there = new Set([...applied].filter((id) => region.has(id)));
  let at = label;
  for (let done = 0; done < steps; done++) {
    const tops = [...there].filter((id) => !(graph.children.get(id) ?? []).some((child) => there.has(child)));
    if (tops.length === 0) throw tooFar(steps, done);
    if (tops.length > 1) {
      throw new TidemarkError('target-ambiguous', `the branch has several ends: ${tops.join(', ')}`, {
        exitCode: 2,
        hints: ['Name the revision that is to stay.'],
      });
    }
    at = tops[0]!;
    there.delete(at);
  }
  return at;
}

function tooFar(steps: number, there: number): TidemarkError {
  return unreachable(
    `${steps} steps were asked for, but ${there} ${there === 1 ? 'revision is' : 'revisions are'} applied`,
    'Use "base" to take everything down.',
  );
}
