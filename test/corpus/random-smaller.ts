import type { Candidate } from './random-schema.js';

/**
 * The fewest statements for which something still fails: takes out runs of statements, from all states at once and
 * from each alone, as long as that is so.
 * @param fails tells whether these states, or what the server takes of them, fail in the same way
 */
export async function smaller(
  states: readonly Candidate[],
  fails: (states: readonly Candidate[]) => Promise<boolean>,
): Promise<readonly Candidate[]> {
  let best = await fewerStates(states, fails);
  for (let size = 8; size >= 1; size = Math.floor(size / 2)) {
    for (let again = true; again; ) {
      again = false;
      const all = [...new Set(best.flat())];
      for (let start = all.length; start > 0; start -= size) {
        const gone = new Set(all.slice(Math.max(0, start - size), start));
        if (![...gone].some((sql) => best.some((state) => state.includes(sql)))) continue;
        for (const without of [
          best.map(() => true),
          ...best.map((_, which) => best.map((_, at) => at === which)),
        ]) {
          const candidate = best.map((state, at) =>
            without[at] ? state.filter((sql) => !gone.has(sql)) : state,
          );
          if (candidate.flat().length === best.flat().length || !(await fails(candidate))) continue;
          best = candidate;
          again = size === 1;
          break;
        }
      }
    }
  }
  return best;
}

async function fewerStates(
  states: readonly Candidate[],
  fails: (states: readonly Candidate[]) => Promise<boolean>,
): Promise<readonly Candidate[]> {
  for (let at = 0; states.length > 2 && at + 1 < states.length; at++) {
    const pair = states.slice(at, at + 2);
    if (await fails(pair)) return pair;
  }
  return states;
}
