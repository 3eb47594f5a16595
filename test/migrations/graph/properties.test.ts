import fc from 'fast-check';
import { expect, test } from 'vitest';
import { downgradeSteps } from '../../../src/migrations/graph/downgrade-steps.js';
import { ancestorsOf } from '../../../src/migrations/graph/reach.js';
import {
  buildGraph,
  needsOf,
  type RevisionGraph,
  type RevisionInput,
} from '../../../src/migrations/graph/revision-graph.js';
import { stampSteps } from '../../../src/migrations/graph/stamp-steps.js';
import { upgradeSteps } from '../../../src/migrations/graph/upgrade-steps.js';
import { applied, ids } from './graph-text.js';

/** Roots, forks, merges and dependencies on anything before, in a folder whose order is another one. */
const graphs: fc.Arbitrary<RevisionGraph> = fc
  .array(
    fc.record({
      parents: fc.array(fc.nat({ max: 30 }), { maxLength: 3 }),
      dependsOn: fc.array(fc.nat({ max: 30 }), { maxLength: 2 }),
      labelled: fc.boolean(),
      place: fc.nat(),
    }),
    { minLength: 1, maxLength: 16 },
  )
  .map((list) => {
    const before = (at: number) => (other: number) => other < at;
    const inputs = list.map(({ parents, dependsOn, labelled, place }, at) => ({
      id: `r${at}x`,
      name: '',
      branch: labelled ? `label_${at}` : undefined,
      parents: parents.filter(before(at)).map((parent) => `r${parent}x`),
      dependsOn: dependsOn.filter(before(at)).map((needed) => `r${needed}x`),
      place,
    }));
    return buildGraph(inputs.sort((a, b) => a.place - b.place).map((input): RevisionInput => input));
  });

/** A graph, a state of a database on it, and one of its revisions. */
const places = graphs.chain((g) =>
  fc.record({
    g: fc.constant(g),
    there: fc.subarray([...g.byId.keys()]).map((rows) => applied(g, rows.join(' '))),
    target: fc.constantFrom(...g.byId.keys()),
    label: fc.constantFrom(...g.byId.keys()),
  }),
);

function isWhole(g: RevisionGraph, there: ReadonlySet<string>): boolean {
  return [...there].every((id) => needsOf(g.byId.get(id)!).every((needed) => there.has(needed)));
}

/** Goes a way step by step; each step must leave a state in which everything has what it needs. */
function go(g: RevisionGraph, there: ReadonlySet<string>, up: boolean, way: readonly { id: string }[]) {
  const now = new Set(there);
  for (const { id } of way) {
    expect(now.has(id)).toBe(!up);
    if (up) now.add(id);
    else now.delete(id);
    expect(isWhole(g, now)).toBe(true);
  }
  return now;
}

/** What a call gives, or undefined when it refuses in words. */
function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).toMatchObject({ exitCode: 2 });
    return undefined;
  }
}

test('everything stands after what it needs, and the order hangs on nothing but the folder', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const seen = new Set<string>();
      for (const revision of g.order) {
        for (const needed of needsOf(revision)) expect(seen.has(needed)).toBe(true);
        seen.add(revision.id);
      }
      expect(seen.size).toBe(g.byId.size);
      // Parents and dependencies named in another order are the same graph.
      const turned = [...g.byId.values()].map((revision) => ({
        ...revision,
        parents: [...revision.parents].reverse(),
        dependsOn: [...revision.dependsOn].reverse(),
      }));
      expect(ids(buildGraph(turned).order)).toBe(ids(g.order));
      // In order already, it stays so.
      expect(ids(buildGraph(g.order).order)).toBe(ids(g.order));
    }),
  );
});

test('up leads to the target and what it needs and no further, down again to where it began', () => {
  fc.assert(
    fc.property(places, ({ g, there, target }) => {
      const way = upgradeSteps(g, there, target);
      const now = go(g, there, true, way);
      expect(now).toEqual(new Set([...there, ...ancestorsOf(g, [target])]));
      if (way.length === 0) return;
      const back = downgradeSteps(g, now, -way.length);
      expect(go(g, now, false, back)).toEqual(there);
    }),
  );
});

test('heads brings everything, base takes everything', () => {
  fc.assert(
    fc.property(places, ({ g, there }) => {
      const all = go(g, there, true, upgradeSteps(g, there, 'heads'));
      expect(all.size).toBe(g.byId.size);
      expect(go(g, all, false, downgradeSteps(g, all, 'base')).size).toBe(0);
      expect(go(g, there, false, downgradeSteps(g, there, 'base')).size).toBe(0);
    }),
  );
});

test('down to a revision keeps it, and up again brings back what was taken', () => {
  fc.assert(
    fc.property(places, ({ g, there, target }) => {
      const way = unlessRefused(() => downgradeSteps(g, there, target));
      expect(way === undefined).toBe(!there.has(target));
      if (way === undefined) return;
      const now = go(g, there, false, way);
      expect(now.has(target)).toBe(true);
      const back = new Set(now);
      for (const { id } of [...way].reverse())
        for (const step of upgradeSteps(g, back, id)) back.add(step.id);
      expect(back).toEqual(there);
    }),
  );
});

test('whatever a branch target means, every step of the way is a state that can be', () => {
  const suffixes = fc.constantFrom(
    'head',
    'heads',
    'base',
    'current',
    '+1',
    '+2',
    '-1',
    '-2',
    'head-1',
    'base+1',
  );
  fc.assert(
    fc.property(places, suffixes, ({ g, there, label }, suffix) => {
      const up = unlessRefused(() => upgradeSteps(g, there, `${label}@${suffix}`));
      if (up !== undefined) go(g, there, true, up);
      const down = unlessRefused(() => downgradeSteps(g, there, `${label}@${suffix}`));
      if (down !== undefined) go(g, there, false, down);
    }),
  );
});

test('a stamp leaves a state that can be, at its target, and from nothing the one that up would reach', () => {
  fc.assert(
    fc.property(places, ({ g, there, target }) => {
      const { added, removed } = stampSteps(g, there, [target]);
      const now = go(g, go(g, there, false, removed), true, added);
      expect(now.has(target)).toBe(true);
      expect([...now].some((id) => id !== target && ancestorsOf(g, [id]).has(target))).toBe(false);
      expect(stampSteps(g, now, [target])).toEqual({ added: [], removed: [], settled: [] });
      expect(ids(stampSteps(g, new Set(), [target]).added)).toBe(ids(upgradeSteps(g, new Set(), target)));
    }),
  );
});

test('ten thousand revisions with two hundred merges are planned', () => {
  const list: RevisionInput[] = [];
  for (let at = 0; at < 10_000; at++) {
    // Every fiftieth forks off two before and is merged by the one after it.
    const fork = at % 50 === 0 && at > 0;
    const merge = at % 50 === 1 && at > 1;
    const parents =
      at === 0 ? [] : fork ? [`r${at - 2}`] : merge ? [`r${at - 2}`, `r${at - 1}`] : [`r${at - 1}`];
    list.push({ id: `r${at}`, name: '', parents });
  }
  const g = buildGraph(list);
  expect(g.order.filter(({ parents }) => parents.length > 1)).toHaveLength(199);
  expect(upgradeSteps(g, new Set(), 'heads')).toHaveLength(10_000);
  expect(downgradeSteps(g, new Set(g.byId.keys()), 'base')).toHaveLength(10_000);
});
