import { TidemarkError } from '../../errors.js';
import { ancestorsOf, branchOf } from './reach.js';
import { needsOf, type Revision, type RevisionGraph } from './revision-graph.js';
import { parseTarget, resolvePlace, singleHead, type Target, unreachable } from './target.js';

/**
 * The revisions that an upgrade to the target runs, in order; each stands after what it needs. Default target:
 * `head`. Throws TidemarkError with exit code 2 (`several-heads`, `target-…`, `branch-unknown`).
 */
export function upgradeSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  target: Target = 'head',
): Revision[] {
  const missingOf = (ids: Iterable<string>): Revision[] => {
    const wanted = ancestorsOf(graph, ids);
    return graph.order.filter(({ id }) => wanted.has(id) && !applied.has(id));
  };
  const parsed = parseTarget(graph, target);
  const { label, symbol, steps = 0 } = parsed;
  if (symbol !== undefined) return missingOf(resolvePlace(graph, applied, parsed).ids);
  if (steps < 0)
    throw unreachable(`an upgrade cannot go ${-steps} back`, 'Use "tidemark migrate down" to go back.');
  if (label !== undefined) return missingOf([stepsWithin(graph, applied, label, steps)]);
  if (parsed.relative) return oneWay(graph, applied, steps);
  const head = singleHead(graph);
  return missingOf(head === undefined ? [] : [head]).slice(0, steps);
}

/** `+N`: the next N, where at each step only one may come next. */
function oneWay(graph: RevisionGraph, applied: ReadonlySet<string>, steps: number): Revision[] {
  const there = new Set(applied);
  const way: Revision[] = [];
  while (way.length < steps) {
    const next = graph.order.filter(
      (revision) => !there.has(revision.id) && needsOf(revision).every((id) => there.has(id)),
    );
    if (next.length === 0) throw tooFar(steps, way.length);
    if (next.length > 1) throw divided(next);
    way.push(next[0]!);
    there.add(next[0]!.id);
  }
  return way;
}

/** `label@+N`: the revision N steps on in the label's own line; what those depend on does not count. */
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
    const next = graph.order.filter(
      ({ id, parents }) =>
        region.has(id) &&
        !there.has(id) &&
        parents.every((parent) => !region.has(parent) || there.has(parent)),
    );
    if (next.length === 0) throw tooFar(steps, done);
    if (next.length > 1) throw divided(next);
    at = next[0]!.id;
    there.add(at);
  }
  return at;
}

function divided(next: readonly Revision[]): TidemarkError {
  return new TidemarkError(
    'target-ambiguous',
    `the way up divides: ${next.map(({ id }) => id).join(' or ')} could be next`,
    {
      exitCode: 2,
      hints: ['Name the revision you want, or the branch (BRANCH@+1), or say "heads" for everything.'],
    },
  );
}

function tooFar(steps: number, there: number): TidemarkError {
  return unreachable(
    `${steps} steps were asked for, but ${there} ${there === 1 ? 'revision is' : 'revisions are'} pending`,
    'Use "head" to apply everything.',
  );
}
