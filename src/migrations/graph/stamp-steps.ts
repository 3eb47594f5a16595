import { TidemarkError } from '../../errors.js';
import { ancestorsOf, branchOf, descendantsOf, effectiveTipsOf } from './reach.js';
import type { Revision, RevisionGraph } from './revision-graph.js';
import { type Place, parsePlace, resolvePlace } from './target.js';

/** What a stamp changes in the history. */
export interface StampSteps {
  /** No longer applied, dependents first. */
  readonly removed: readonly Revision[];
  /** Now applied, in order. */
  readonly added: readonly Revision[];
  /** Half applied or half taken down, and now declared to be applied. */
  readonly settled: readonly Revision[];
}

/**
 * What has to be recorded so that the database counts as being at the targets. Where it stands above or below a
 * target, that line is moved to the target; other branches stay as they are. `base` empties the history,
 * `BRANCH@base` that branch's part of it. Throws TidemarkError with exit code 2: `stamp-overlap` when one target
 * is below another, and as `resolvePlace`.
 *
 * @param unfinished recorded too, but only half there: they go or are settled
 */
export function stampSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  targets: readonly string[],
  unfinished: ReadonlySet<string> = new Set(),
): StampSteps {
  const recorded = new Set([...applied, ...unfinished]);
  let tips = effectiveTipsOf(graph, recorded);
  const wanted: string[] = [];
  for (const text of targets) {
    const { ids, label } = stampPlace(graph, applied, text);
    if (ids.length === 0) {
      const gone = label === undefined ? undefined : descendantsOf(graph, branchOf(graph, label));
      tips = gone === undefined ? [] : tips.flatMap((tip) => without(graph, tip, gone));
    }
    for (const id of ids) {
      const line = new Set([...ancestorsOf(graph, [id]), ...descendantsOf(graph, [id])]);
      const other = wanted.find((known) => line.has(known));
      if (other !== undefined) throw overlap(id, other);
      tips = tips.filter((tip) => !line.has(tip));
      wanted.push(id);
    }
  }
  const kept = ancestorsOf(graph, tips);
  const declared = ancestorsOf(graph, wanted);
  const stays = (id: string) => declared.has(id) || kept.has(id);
  return {
    removed: graph.order.filter(({ id }) => recorded.has(id) && !stays(id)).reverse(),
    added: graph.order.filter(({ id }) => declared.has(id) && !recorded.has(id)),
    settled: graph.order.filter(({ id }) => declared.has(id) && unfinished.has(id) && !applied.has(id)),
  };
}

/** True for a target that means something only where it is known what a database has: `current`, `-1`, `label@+1`. */
export function countsFromDatabase(target: string): boolean {
  return /^(?:[^@]*@)?(?:[+-]\d+|current(?:[+-]\d+)?)$/.test(target.trim());
}

/** A tip, or what is left of its line when all that `gone` holds goes. */
function without(graph: RevisionGraph, tip: string, gone: ReadonlySet<string>): string[] {
  if (!gone.has(tip)) return [tip];
  return [...ancestorsOf(graph, [tip])].filter((id) => !gone.has(id));
}

/**
 * Where a target of a stamp is. A number can only be (the beginning of) a revision; steps count from where the
 * database is. Throws as `resolvePlace`.
 */
export function stampPlace(graph: RevisionGraph, applied: ReadonlySet<string>, text: string): Place {
  const parsed = parsePlace(graph, text);
  const counted = parsed.symbol === undefined && parsed.relative;
  return resolvePlace(graph, applied, counted ? { ...parsed, symbol: 'current' } : parsed);
}

function overlap(id: string, other: string): TidemarkError {
  return new TidemarkError(
    'stamp-overlap',
    `${id} and ${other} are on one line: a database is at one of them`,
    {
      exitCode: 2,
      hints: ['Name only the one that the database has reached; what it needs is recorded with it.'],
    },
  );
}
