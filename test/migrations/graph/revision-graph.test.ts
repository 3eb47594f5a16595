import { describe, expect, test } from 'vitest';
import { ancestorsOf, branchOf, descendantsOf, lineageOf } from '../../../src/migrations/graph/reach.js';
import { graph, ids } from './graph-text.js';

const FORK = graph('a1 b1>a1 c1[left]>b1 c2[right]>b1 d1>c1 d2>c2');
const DIA = graph('a1 b1>a1 c1>b1 c2[right]>b1 d1>c1 d2>c2 e1>d1+d2 f1>e1');

describe('graph', () => {
  test('a file without a parent follows the file before it', () => {
    const g = graph('a1 b1 c1 d1 e1');
    expect(g.byId.get('c1')?.parents).toEqual(['b1']);
    expect(g.heads).toEqual(['e1']);
    expect(g.bases).toEqual(['a1']);
    expect(ids(g.order)).toBe('a1 b1 c1 d1 e1');
  });

  test('forks, merges, roots and dependencies', () => {
    expect(FORK.heads).toEqual(['d1', 'd2']);
    expect(DIA.heads).toEqual(['f1']);
    expect(ids(DIA.order)).toBe('a1 b1 c1 c2 d1 d2 e1 f1');
    expect(graph('a1> b1> c1>a1+b1').bases).toEqual(['a1', 'b1']);
    const g = graph('a1> a2>a1 b1> b2>b1~a2');
    expect(ancestorsOf(g, ['b2'])).toEqual(new Set(['b2', 'b1', 'a2', 'a1']));
    expect(descendantsOf(g, ['a1'])).toEqual(new Set(['a1', 'a2', 'b2']));
    expect([g.heads, g.effectiveHeads]).toEqual([['a2', 'b2'], ['b2']]);
  });

  test('file order decides where the graph does not, and the first that may come does', () => {
    expect(ids(graph('a1>z9 z9>').order)).toBe('z9 a1');
    // x waits for y; z, which comes after both in the folder, does not overtake it.
    expect(ids(graph('x>y y> z>').order)).toBe('y x z');
  });

  test('a dependency may be written as a label, and twice', () => {
    const g = graph('a1[lib]> b1>~lib+a1');
    expect(g.byId.get('b1')?.dependsOn).toEqual(['a1']);
    expect(ids(g.order)).toBe('a1 b1');
    expect(ids(graph('a1> b1>a1~a1').order)).toBe('a1 b1');
  });

  test('a label reaches from the last fork or merge to everything that comes from it', () => {
    expect(branchOf(FORK, 'c1')).toEqual(new Set(['c1', 'd1']));
    expect(branchOf(FORK, 'd1')).toEqual(new Set(['c1', 'd1']));
    expect(branchOf(DIA, 'c2')).toEqual(new Set(['c2', 'd2', 'e1', 'f1']));
    expect(branchOf(DIA, 'f1')).toEqual(new Set(['f1']));
    expect(lineageOf(FORK, 'c1')).toEqual(new Set(['a1', 'b1', 'c1', 'd1']));
  });

  test.each<[string, string, string]>([
    ['a1>b1 b1', 'graph-cycle', 'circle: a1 needs b1 needs a1'],
    ['a1> b1>c1 c1>d1 d1>b1', 'graph-cycle', 'b1 needs c1 needs d1 needs b1'],
    ['a1> b1>b1 c1>b1', 'graph-cycle', 'revision b1 needs itself'],
    ['a1~b1 b1', 'graph-cycle', 'circle'],
    ['a1 b1>x9', 'graph-unknown-parent', 'b1 follows revision x9'],
    ['a1 b1~x9', 'graph-unknown-parent', 'b1 depends on revision x9'],
    ['a1 b1 a1', 'migration-duplicate', 'a1'],
    ['a1[x] b1[x]', 'branch-duplicate', 'b1 takes the branch label "x", which stands at a1'],
    ['a1 b1[a1]', 'branch-duplicate', '"a1", which is the id of a1'],
  ])('%s is refused', (text, code, message) => {
    expect(() => graph(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
