import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ancestorsOf,
  buildGraph,
  descendantsOf,
  type RevisionGraph,
  type RevisionInput,
  singleHead,
} from '../../src/migrations/graph.js';
import {
  currentRevisions,
  downgradeSteps,
  resolveRevision,
  type Target,
  upgradeSteps,
} from '../../src/migrations/target.js';

/** `a b>a c>a+b d>a~c`: parents after `>`, dependencies after `~`; nothing: it follows the one before. */
function graph(text: string): RevisionGraph {
  return buildGraph(
    text
      .split(' ')
      .filter(Boolean)
      .map((word): RevisionInput => {
        const [, id, parents, dependsOn] = /^([^>~]+)(?:>([^~]*))?(?:~(.*))?$/.exec(word)!;
        return {
          id: id!,
          name: `name_${id}`,
          parents: parents?.split('+').filter(Boolean),
          dependsOn: dependsOn?.split('+') ?? [],
        };
      }),
  );
}

const order = (g: RevisionGraph): string => g.order.map((revision) => revision.id).join(' ');
const LIN = graph('a1 b1 c1 d1 e1');
const FORK = graph('a1 b1>a1 c1>b1 c2>b1 d1>c1 d2>c2');
const DIA = graph('a1 b1>a1 c1>b1 c2>b1 d1>c1 d2>c2 e1>d1+d2 f1>e1');

describe('graph', () => {
  test('a file without a parent follows the file before it', () => {
    expect(LIN.byId.get('c1')!.parents).toEqual(['b1']);
    expect(LIN.heads).toEqual(['e1']);
    expect(order(LIN)).toBe('a1 b1 c1 d1 e1');
  });

  test('forks, merges, roots and dependencies', () => {
    expect(FORK.heads).toEqual(['d1', 'd2']);
    expect(DIA.heads).toEqual(['f1']);
    expect(order(DIA)).toBe('a1 b1 c1 c2 d1 d2 e1 f1');
    expect(graph('a1> b1> c1>a1+b1').heads).toEqual(['c1']);
    const g = graph('a1> a2>a1 b1> b2>b1~a2');
    expect(ancestorsOf(g, ['b2'])).toEqual(new Set(['b2', 'b1', 'a2', 'a1']));
    expect(descendantsOf(g, ['a1'])).toEqual(new Set(['a1', 'a2', 'b2']));
    expect(order(graph('a1>z9 z9>'))).toBe('z9 a1');
  });

  test.each<[string, string, string]>([
    ['a1>b1 b1', 'graph-cycle', 'circle: a1 -> b1 -> a1'],
    ['a1> b1>c1 c1>d1 d1>b1', 'graph-cycle', 'b1 -> c1 -> d1 -> b1'],
    ['a1>a1', 'graph-cycle', 'a1 -> a1'],
    ['a1~b1 b1', 'graph-cycle', 'circle'],
    ['a1 b1>x9', 'graph-unknown-parent', 'b1 follows revision x9'],
    ['a1 b1 a1', 'migration-duplicate', 'a1'],
  ])('%s is refused', (text, code, message) => {
    expect(() => graph(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('several heads are named', () => {
    expect(singleHead(LIN)).toBe('e1');
    expect(singleHead(graph(''))).toBeUndefined();
    expect(() => singleHead(FORK)).toThrow(
      expect.objectContaining({ code: 'several-heads', details: { heads: ['d1', 'd2'] } }),
    );
  });

  test('everything comes after what it needs, and the same input gives the same order', () => {
    const inputs = fc.array(fc.array(fc.nat({ max: 20 }), { maxLength: 3 }), { maxLength: 20 }).map((lists) =>
      lists.map(
        (list, at): RevisionInput => ({
          id: `r${(at * 7) % 31}_${at}`,
          name: '',
          parents: list.filter((parent) => parent < at).map((parent) => `r${(parent * 7) % 31}_${parent}`),
        }),
      ),
    );
    fc.assert(
      fc.property(inputs, (list) => {
        const g = buildGraph(list);
        const seen = new Set<string>();
        for (const revision of g.order) {
          for (const parent of revision.parents) expect(seen).toContain(parent);
          seen.add(revision.id);
        }
        expect(seen.size).toBe(list.length);
        expect(order(buildGraph([...list].reverse()))).toBe(order(g));
      }),
    );
  });
});

const ids = (revisions: readonly { id: string }[]): string =>
  revisions.map((revision) => revision.id).join(' ');
const upTo = (g: RevisionGraph, text: string): Set<string> =>
  text === '' ? new Set() : ancestorsOf(g, text.split(' '));

describe('targets going up', () => {
  test.each<[RevisionGraph, string, Target | undefined, string]>([
    [LIN, '', undefined, 'a1 b1 c1 d1 e1'],
    [LIN, '', 'head', 'a1 b1 c1 d1 e1'],
    [LIN, 'c1', 'e1', 'd1 e1'],
    [LIN, 'c1', 'c1', ''],
    [LIN, 'c1', 'a1', ''],
    [LIN, 'c1', 'base', ''],
    [LIN, 'c1', 'current', ''],
    [LIN, 'c1', 'current+1', 'd1'],
    [LIN, 'a1', '+2', 'b1 c1'],
    [LIN, '', '+1', 'a1'],
    [LIN, '', 'base+1', 'a1'],
    [LIN, '', '2', 'a1 b1'],
    [LIN, '', 2, 'a1 b1'],
    [LIN, 'd1', 5, 'e1'],
    [LIN, 'a1', 'b1+2', 'b1 c1 d1'],
    [LIN, 'a1', 'd1-2', 'b1'],
    [LIN, '', 'head-1', 'a1 b1 c1 d1'],
    [LIN, '', 'name_b1', 'a1 b1'],
    [LIN, '', 'd', 'a1 b1 c1 d1'],
    [FORK, 'b1', 'd2', 'c2 d2'],
    [DIA, 'd1', 'f1', 'c2 d2 e1 f1'],
  ])('%#: from "%s%s" to "%s"', (g, from, target, expected) => {
    expect(ids(upgradeSteps(g, upTo(g, from), target))).toBe(expected);
  });

  test.each<[RevisionGraph, string, Target, string]>([
    [LIN, 'b1', '+5', 'target-unreachable'],
    [LIN, 'b1', '-2', 'target-unreachable'],
    [LIN, 'b1', 'head+1', 'target-unreachable'],
    [LIN, 'b1', 'base-1', 'target-unreachable'],
    [LIN, 'b1', 'nowhere', 'target-unknown'],
    [LIN, 'b1', '', 'target-unknown'],
    [FORK, '', 'head', 'several-heads'],
    [FORK, '', '+1', 'several-heads'],
    [FORK, '', 'b1+1', 'target-ambiguous'],
    [DIA, 'f1', 'e1-1', 'target-ambiguous'],
    [graph('20250101000000 20250102000000'), '', '2025', 'target-ambiguous'],
    [graph('001 002'), '', '002', 'target-ambiguous'],
  ])('%#: from "%s%s" to "%s" is refused', (g, from, target, code) => {
    expect(() => upgradeSteps(g, upTo(g, from), target)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(/./) }),
    );
  });

  test('an ambiguous prefix says which', () => {
    const g = graph('20250101000000 20250102000000 20260101000000');
    expect(() => resolveRevision(g, '2025')).toThrow(
      '"2025" could be 20250101000000 (name_20250101000000) or 20250102000000 (name_20250102000000)',
    );
    expect(resolveRevision(g, '2026')).toBe('20260101000000');
  });
});

describe('targets going down', () => {
  test.each<[RevisionGraph, string, Target | undefined, string]>([
    [LIN, 'e1', undefined, 'e1'],
    [LIN, 'e1', 'c1', 'e1 d1'],
    [LIN, 'c1', 'base', 'c1 b1 a1'],
    [LIN, 'b1', '-2', 'b1 a1'],
    [LIN, 'b1', '2', 'b1 a1'],
    [LIN, 'b1', 1, 'b1'],
    [LIN, 'd1', 'a1+2', 'd1'],
    [LIN, 'd1', 'c1-2', 'd1 c1 b1'],
    [LIN, 'd1', 'current-1', 'd1'],
    [LIN, 'e1', 'e1', ''],
    [LIN, 'e1', 'head', ''],
    [LIN, '', 'base', ''],
    [DIA, 'f1', 'd1', 'f1 e1'],
    [DIA, 'f1', 'b1', 'f1 e1 d2 d1 c2 c1'],
    [FORK, 'd1 d2', 'c2', 'd2'],
  ])('%#: from "%s%s" to "%s"', (g, from, target, expected) => {
    expect(ids(downgradeSteps(g, upTo(g, from), target))).toBe(expected);
  });

  test.each<[string, Target | undefined, string]>([
    ['b1', '-5', 'target-unreachable'],
    ['b1', 5, 'target-unreachable'],
    ['', undefined, 'target-unreachable'],
    ['b1', '+2', 'target-unreachable'],
    ['b1', 'c1', 'target-unreachable'],
    ['', 'b1', 'target-unreachable'],
    ['b1', 'zzzz', 'target-unknown'],
  ])('from "%s" to "%s" is refused', (from, target, code) => {
    expect(() => downgradeSteps(LIN, upTo(LIN, from), target)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });

  test('current is what nothing applied follows', () => {
    expect(currentRevisions(FORK, upTo(FORK, 'd1 c2'))).toEqual(['c2', 'd1']);
    expect(currentRevisions(LIN, new Set())).toEqual([]);
  });
});
