import { TidemarkError } from '../../errors.js';
import { ancestorsOf, descendantsOf } from './reach.js';
import type { Revision, RevisionGraph } from './revision-graph.js';
import { type Place, parsePlace, resolvePlaces } from './target.js';

/** The two ends of `A:B`. */
export interface RevisionRange {
  readonly from: Place;
  readonly to: Place;
}

/** True for a text that is a range: no revision has a colon in its id. */
export function isRange(text: string): boolean {
  return text.includes(':');
}

/**
 * Reads `A:B`, both ends as targets; an empty A is base, an empty B all heads. Throws TidemarkError with exit code 2
 * (`range-invalid`) and as `resolvePlace`.
 */
export function parseRange(graph: RevisionGraph, applied: ReadonlySet<string>, text: string): RevisionRange {
  const [, from, to] = /^([^:]*):([^:]*)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) {
    throw new TidemarkError('range-invalid', `"${text}" is not a range`, {
      exitCode: 2,
      hints: ['Write FROM:TO; either end may be left out: base:head, 20250915:, :current, -2:head.'],
    });
  }
  const end = (target: string): Place => {
    const parsed = parsePlace(graph, target);
    // From where the database is: the one place that a bare number of steps can start at.
    const counted = parsed.symbol === undefined ? { ...parsed, symbol: 'current' } : parsed;
    return resolvePlaces(graph, applied, counted);
  };
  return { from: end(from.trim() || 'base'), to: end(to.trim() || 'heads') };
}

/** The revisions between the ends, both included, in order. */
export function revisionsIn(graph: RevisionGraph, { from, to }: RevisionRange): Revision[] {
  const below = ancestorsOf(graph, to.ids);
  // A branch begins where its line does; what leads there without depending on it is shown with it.
  const above = from.ids.length === 0 ? undefined : descendantsOf(graph, from.ids);
  const within = from.label === undefined || above !== undefined ? undefined : branchUpTo(graph, from, below);
  return graph.order.filter(
    ({ id }) => below.has(id) && (above?.has(id) ?? true) && (within?.has(id) ?? true),
  );
}

function branchUpTo(graph: RevisionGraph, { label }: Place, below: ReadonlySet<string>): Set<string> {
  const line = label === undefined ? [] : descendantsOf(graph, [label]);
  return ancestorsOf(
    graph,
    [...line].filter((id) => below.has(id)),
  );
}
