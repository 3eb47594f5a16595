import { TidemarkError } from '../../errors.js';
import { ancestorsOf, branchOf, descendantsOf, effectiveTipsOf } from './reach.js';
import type { Revision, RevisionGraph } from './revision-graph.js';
import { parseTarget, resolvePlace } from './target.js';

/** What a stamp changes in the history. */
export interface StampSteps {
  /** No longer applied, dependents first. */
  readonly removed: readonly Revision[];
  /** Now applied, in order. */
  readonly added: readonly Revision[];
}

/**
 * What has to be recorded so that the database counts as being at the targets. Where it stands above or below a
 * target, that line is moved to the target; other branches stay as they are. `base` empties the history,
 * `BRANCH@base` that branch's part of it. Throws TidemarkError with exit code 2: `stamp-overlap` when one target
 * is below another, and as `resolvePlace`.
 */
export function stampSteps(
  graph: RevisionGraph,
  applied: ReadonlySet<string>,
  targets: readonly string[],
): StampSteps {
  let tips = effectiveTipsOf(graph, applied);
  const wanted: string[] = [];
  for (const text of targets) {
    const { ids, label } = resolvePlace(graph, applied, parseTarget(graph, text));
    if (ids.length === 0) {
      const gone = label === undefined ? undefined : descendantsOf(graph, branchOf(graph, label));
      tips = gone === undefined ? [] : tips.filter((tip) => !gone.has(tip));
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
    removed: graph.order.filter(({ id }) => applied.has(id) && !stays(id)).reverse(),
    added: graph.order.filter(({ id }) => declared.has(id) && !applied.has(id)),
  };
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
