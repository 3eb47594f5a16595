import { describe, expect, test } from 'vitest';
import { downgradeSteps } from '../../../src/migrations/graph/downgrade-steps.js';
import { lineageOf, tipsOf } from '../../../src/migrations/graph/reach.js';
import { resolveLabel, resolveRevision } from '../../../src/migrations/graph/resolve-revision.js';
import type { RevisionGraph } from '../../../src/migrations/graph/revision-graph.js';
import { parseRange, revisionsIn } from '../../../src/migrations/graph/revision-range.js';
import { stampSteps } from '../../../src/migrations/graph/stamp-steps.js';
import { upgradeSteps } from '../../../src/migrations/graph/upgrade-steps.js';
import { applied, graph, ids, rows } from './graph-text.js';

// The scenarios that were run against Alembic 1.20, by their numbers in the study of it. A database's rows there
// are the tips of what is applied here. Steps are compared as sets: among steps that do not need one another
// Alembic starts at the branch whose newest file sorts last, Tidemark keeps file order.
const graphs = {
  LIN: graph('a b c d e'),
  FORK: graph('a b>a c1[c1branch]>b d1>c1 c2[c2branch]>b d2>c2'),
  FOREST: graph('a1> b1>a1 a2> b2>a2'),
  DIA: graph('a b>a c1>b d1>c1 c2[c2branch]>b d2>c2 e>d1+d2 f>e'),
  M2R: graph('a1> b1>a1 c1>b1 a2> b2>a2 c2>b2 d1>c1+c2 d2>c2'),
  TWIN: graph('a b1>a b2>a b3>a c1>b1+b2+b3 c2>b1+b2+b3 d1>c1 d2>c2'),
  DEP: graph('a1[lib1]> b1>a1 c1[c1lib]>b1 a2> b2>a2 c2>b2~c1 d1>c1 e1>d1 f1>e1'),
  CRISS: graph('a1> a2>a1 b1> b2>b1~a2 b3>b2 a3>a2~b1'),
  NORM: graph('a1> a2>a1 a3>a2 b1> b2>b1~a3 b3>b2 b4>b3~a3'),
  DM: graph('a1> b1>~a1 m>a1+b1'),
  XDEP: graph('a b>a c1[c1branch]>b d1>c1 c2[c2branch]>b d2>c2~c1'),
  EFF: graph('y1[y]> x1[x]> y2>y1~x1 x2>x1'),
  EFF0: graph('y1[y]> x1[x]> y2>y1~x1'),
  KB: graph('a1> a2> a3> am>a1+a2+a3 b1> b2> bm>b1+b2 c1> c2> c3> cm>c1+c2+c3 d1>~a3+b2+c1'),
  LAB: graph(
    'a[abranch]> b>a somelongername>b c>somelongername d> e[ebranch]>d someothername>e f>someothername',
  ),
  XB: graph(
    'base1[b_1]> a1a>base1 b1a>a1a a1b>base1 b1b>a1b~a3 base2[b_2]> a2>base2 b2>a2 c2>b2~a3 d2>c2 base3[b_3]> a3>base3 b3>a3',
  ),
  TREE: graph(
    'a1 a2>a1 a3>a2 b1>a3 b2>a3 cb1>b1 cb2>b2 db1>cb1 db2>cb2 e1b1>db1 fe1b1>e1b1 e2b1>db1 e2b2>db2 merge>e2b1+e2b2',
  ),
  REDUNDANT: graph('a b1>a b2>a m>b1+b2~a'),
} satisfies Record<string, RevisionGraph>;
type Name = keyof typeof graphs;

const sorted = (text: string): string => text.split(' ').filter(Boolean).sort().join(' ');
const without = (all: ReadonlySet<string>, gone: readonly { id: string }[]): Set<string> =>
  new Set([...all].filter((id) => !gone.some((revision) => revision.id === id)));

describe('upgrades', () => {
  test.each<[number, Name, string, string, string, string]>([
    [1, 'LIN', '', 'head', 'a b c d e', 'e'],
    [2, 'LIN', 'c', 'e', 'd e', 'e'],
    [3, 'LIN', 'c', 'c', '', 'c'],
    [3, 'LIN', 'c', 'a', '', 'c'],
    [3, 'LIN', 'c', 'base', '', 'c'],
    [4, 'LIN', 'a', '+2', 'b c', 'c'],
    [5, 'LIN', '', '+1', 'a', 'a'],
    [5, 'LIN', '', 'base+1', 'a', 'a'],
    [8, 'LIN', 'a', 'b+2', 'b c d', 'd'],
    [9, 'LIN', 'a', 'd-2', 'b', 'b'],
    [10, 'LIN', '', 'head-1', 'a b c d', 'd'],
    // Alembic: "b overlaps with a". Here every applied revision has its row, so this is what being at b looks like.
    [22, 'LIN', 'a b', 'heads', 'c d e', 'e'],
    [25, 'FORK', '', 'heads', 'a b c2 d2 c1 d1', 'd1 d2'],
    [26, 'FORK', 'd2', 'd1', 'c1 d1', 'd1 d2'],
    [27, 'FORK', 'b', 'c2branch@head', 'c2 d2', 'd2'],
    [27, 'FORK', 'b', 'c2branch@head-1', 'c2', 'c2'],
    [28, 'FORK', 'c1', 'c2branch@+1', 'c2', 'c1 c2'],
    [28, 'FORK', 'c1', 'c2branch@+2', 'c2 d2', 'c1 d2'],
    [29, 'FORK', 'c1 c2', 'c2branch@+1', 'd2', 'c1 d2'],
    [31, 'FORK', 'b', 'c1branch@+1', 'c1', 'c1'],
    [47, 'FOREST', '', 'heads', 'a2 b2 a1 b1', 'b1 b2'],
    [51, 'DIA', 'b', 'f', 'c2 d2 c1 d1 e f', 'f'],
    [52, 'DIA', 'd1', 'e', 'c2 d2 e', 'e'],
    [58, 'M2R', 'd2 b1', 'd1', 'c1 d1', 'd1 d2'],
    [60, 'TWIN', 'a', 'heads', 'b3 b2 b1 c2 d2 c1 d1', 'd1 d2'],
    [62, 'DEP', 'a2', 'c2', 'a1 b1 c1 b2 c2', 'c2'],
    [63, 'DEP', '', 'heads', 'a1 b1 c1 d1 e1 f1 a2 b2 c2', 'c2 f1'],
    [68, 'CRISS', '', 'heads', 'a1 a2 b1 a3 b2 b3', 'a3 b3'],
    [71, 'DM', 'a1', 'b1', 'b1', 'b1'],
    [71, 'DM', 'b1', 'm', 'm', 'm'],
    [76, 'EFF0', '', 'heads', 'x1 y1 y2', 'y2'],
    [80, 'XB', '', 'b_2@head', 'base3 a3 base2 a2 b2 c2 d2', 'd2'],
    // Alembic crashes (KeyError 'a') on a merge that also depends on what its parents come from.
    [88, 'REDUNDANT', '', 'm', 'a b2 b1 m', 'm'],
  ])('%i: %s at "%s", up %s', (_, name, current, target, steps, after) => {
    const g = graphs[name];
    const there = applied(g, current);
    const way = upgradeSteps(g, there, target);
    expect(sorted(ids(way))).toBe(sorted(steps));
    expect(ids(way)).toBe(ids(g.order.filter((revision) => way.includes(revision))));
    expect(rows(g, new Set([...there, ...way.map(({ id }) => id)]))).toBe(sorted(after));
  });

  test.each<[number, Name, string, string, string]>([
    [6, 'LIN', 'b', '+5', 'target-unreachable'],
    [7, 'LIN', 'b', '-2', 'target-unreachable'],
    [24, 'FORK', '', 'head', 'several-heads'],
    [30, 'FORK', 'c1 c2', '+1', 'target-ambiguous'],
    [31, 'FORK', 'b', '+1', 'target-ambiguous'],
    [48, 'FOREST', '', '+1', 'target-ambiguous'],
  ])('%i: %s at "%s", up %s is refused', (_, name, current, target, code) => {
    const g = graphs[name];
    expect(() => upgradeSteps(g, applied(g, current), target)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });
});

describe('downgrades', () => {
  test.each<[number, Name, string, string, string, string]>([
    [11, 'LIN', 'e', 'c', 'e d', 'c'],
    [12, 'LIN', 'c', 'base', 'c b a', ''],
    [13, 'LIN', 'b', '-2', 'b a', ''],
    [15, 'LIN', 'd', 'a+2', 'd', 'c'],
    [16, 'LIN', 'd', 'c-2', 'd c b', 'a'],
    [17, 'LIN', '', 'base', '', ''],
    [20, 'LIN', 'e', 'e', '', 'e'],
    [20, 'LIN', 'e', 'head', '', 'e'],
    [32, 'FORK', 'd1 d2', 'a', 'd1 c1 d2 c2 b', 'a'],
    [33, 'FORK', 'd2 d1', 'base+2', 'd1 c1 d2 c2', 'b'],
    [34, 'FORK', 'd2 d1', 'c2branch@base+2', 'd2 c2', 'd1'],
    [35, 'FORK', 'd2 d1', 'c2branch@base+3', 'd2', 'c2 d1'],
    [35, 'FORK', 'd2 d1', 'c2', 'd2', 'c2 d1'],
    // Alembic takes whatever row the database gives first, with a warning; here it is what was applied last.
    [36, 'FORK', 'd2 d1', '-1', 'd2', 'c2 d1'],
    [37, 'FORK', 'c2 d1', '-1', 'c2', 'd1'],
    [38, 'FORK', 'd1 d2', 'c1branch@-1', 'd1', 'c1 d2'],
    [38, 'FORK', 'd1 d2', 'c1branch@head-1', 'd1', 'c1 d2'],
    [39, 'FORK', 'c1 d2', 'd2-1', 'd2', 'c1 c2'],
    [40, 'FORK', 'c1 d2', 'c1branch@b', 'c1', 'd2'],
    [41, 'FORK', 'd1 d2', 'c2@b', 'd2 c2', 'd1'],
    [42, 'FORK', 'd1 d2', 'c1branch@base', 'd1 c1 d2 c2 b a', ''],
    [44, 'FORK', 'd1 c2', 'd1', '', 'c2 d1'],
    [49, 'FOREST', 'b1 b2', 'b1@base', 'b1 a1', 'b2'],
    [49, 'FOREST', 'b1 b2', 'a1', 'b1', 'a1 b2'],
    [53, 'DIA', 'f', 'b', 'f e d1 c1 d2 c2', 'b'],
    [54, 'DIA', 'f', 'd1', 'f e', 'd1 d2'],
    [54, 'DIA', 'f', 'c1', 'f e d1', 'c1 d2'],
    [55, 'DIA', 'f', '-1', 'f', 'e'],
    // "Ambiguous walk" in Alembic: a merge can never be taken back by one step. Taking back what was applied last
    // needs no choice between its parents, nor does one step back on a branch that is named.
    [55, 'DIA', 'e', '-1', 'e', 'd1 d2'],
    [55, 'DIA', 'f', '-2', 'f e', 'd1 d2'],
    [55, 'DIA', 'e', 'c2branch@-1', 'e', 'd1 d2'],
    [56, 'DIA', 'f', 'c2branch@b', 'f e d2 c2', 'd1'],
    [59, 'M2R', 'd2 d1', 'b1', 'd1 c1', 'b1 d2'],
    [61, 'TWIN', 'd1 d2', 'a', 'd1 c1 d2 c2 b1 b2 b3', 'a'],
    [64, 'DEP', 'c2 d1', 'c1', 'd1', 'c2'],
    [65, 'DEP', 'c2', 'b1', 'c2 c1', 'b1 b2'],
    [65, 'DEP', 'c2', 'b2', 'c2', 'b2 c1'],
    [69, 'CRISS', 'a3 b2', 'b1', 'b2', 'a3'],
    [70, 'NORM', 'b4', 'b3', 'b4', 'b3'],
    [70, 'NORM', 'b4', 'a2', 'b4 b3 b2 a3', 'a2 b1'],
    [71, 'DM', 'm', 'a1', 'm', 'b1'],
    [71, 'DM', 'm', 'b1', 'm', 'b1'],
    [72, 'XDEP', 'd1 d2', 'c2branch@b', 'd2 c2', 'd1'],
    [73, 'XDEP', 'd1 d2', 'c1branch@b', 'd1 d2 c1', 'c2'],
    [74, 'EFF', 'x2 y2', 'x@-1', 'x2', 'y2'],
    [75, 'EFF', 'y2', 'x@-1', 'y2 x1', 'y1'],
    [77, 'EFF0', 'y2', 'y@base', 'y2 y1', 'x1'],
    [78, 'KB', 'am bm cm d1', 'b2', 'bm', 'am b1 cm d1'],
    [79, 'KB', 'am d1 b1 cm', 'd1@base', 'd1', 'am b1 b2 cm'],
    [81, 'XB', 'b1a d2 b1b b3', 'b_2@base', 'd2 c2 b2 a2 base2', 'b1a b1b b3'],
    [82, 'XB', 'b1a d2 b1b b3', 'b_3@base', 'b1b d2 c2 b3 a3 base3', 'a1b b1a b2'],
  ])('%i: %s at "%s", down %s', (_, name, current, target, steps, after) => {
    const g = graphs[name];
    const there = applied(g, current);
    const way = downgradeSteps(g, there, target);
    expect(sorted(ids(way))).toBe(sorted(steps));
    expect(ids(way)).toBe(ids(g.order.filter((revision) => way.includes(revision)).reverse()));
    expect(rows(g, without(there, way))).toBe(sorted(after));
  });

  test.each<[number, Name, string, string, string]>([
    [14, 'LIN', 'b', '-5', 'target-unreachable'],
    [14, 'LIN', 'b', '+2', 'target-unreachable'],
    [18, 'LIN', '', '-1', 'target-unreachable'],
    [19, 'LIN', 'b', 'c', 'target-unreachable'],
    [19, 'LIN', '', 'b', 'target-unreachable'],
    [21, 'LIN', 'e', 'zzzz', 'target-unknown'],
    [43, 'FORK', 'd1', 'c2', 'target-unreachable'],
    [55, 'DIA', 'e', 'e-1', 'target-ambiguous'],
  ])('%i: %s at "%s", down %s is refused', (_, name, current, target, code) => {
    const g = graphs[name];
    expect(() => downgradeSteps(g, applied(g, current), target)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });
});

describe('stamps', () => {
  test.each<[number, Name, string, string, string]>([
    [23, 'LIN', 'd', 'base', ''],
    [23, 'LIN', 'b', 'e', 'e'],
    [23, 'LIN', 'e', 'b', 'b'],
    [23, 'LIN', '', 'e', 'e'],
    [45, 'FORK', 'd1 c2', 'b', 'b'],
    [45, 'FORK', 'd1 c2', 'c1branch@base', 'c2'],
    [45, 'FORK', 'd1 c2', 'c2branch@head', 'd1 d2'],
    [50, 'FOREST', 'b1 b2', 'heads', 'b1 b2'],
    [57, 'DIA', 'e', 'c2', 'c2'],
    [57, 'DIA', 'e', 'a', 'a'],
    [57, 'DIA', 'd1 c2', 'e', 'e'],
    [57, 'DIA', 'd1 c2', 'c2branch@head', 'f'],
    [66, 'DEP', 'e1 c2', 'b1', 'b1'],
  ])('%i: %s at "%s", stamp %s', (_, name, current, target, after) => {
    const g = graphs[name];
    const there = applied(g, current);
    const { added, removed } = stampSteps(g, there, target.split(' '));
    const now = new Set([...without(there, removed), ...added.map(({ id }) => id)]);
    expect(rows(g, now)).toBe(sorted(after));
    expect(now).toEqual(applied(g, after));
  });

  // Alembic accepts it, and fails at the next upgrade.
  test('46: an ancestor and its descendant together are refused', () => {
    expect(() => stampSteps(graphs.FORK, new Set(), ['a', 'd1'])).toThrow(
      expect.objectContaining({ code: 'stamp-overlap', exitCode: 2 }),
    );
  });
});

describe('names', () => {
  test.each<[number, string, string]>([[83, 'ebranch', 'e']])('%i: %s is %s', (_, text, id) => {
    expect(resolveRevision(graphs.LAB, text)).toBe(id);
  });

  test('83: after a label only its lineage counts', () => {
    const line = (label: string) => lineageOf(graphs.LAB, resolveLabel(graphs.LAB, label));
    expect(resolveRevision(graphs.LAB, 'some', line('ebranch'))).toBe('someothername');
    expect(resolveRevision(graphs.LAB, 'd', line('e'))).toBe('d');
    expect(upgradeSteps(graphs.LAB, new Set(), 'abranch@base')).toEqual([]);
  });

  test.each<[string, string]>([
    // Alembic says of all four that it cannot locate the revision, though the first is there twice.
    ['some', 'target-ambiguous'],
    ['ebranch@sos', 'target-unknown'],
    ['ebranch@b', 'target-unknown'],
    ['x@d', 'branch-unknown'],
  ])('84: %s is refused', (text, code) => {
    expect(() => upgradeSteps(graphs.LAB, new Set(), text)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });

  test('67: current are the tips by parents, those that something depends on too', () => {
    expect(tipsOf(graphs.DEP, applied(graphs.DEP, 'c2'))).toEqual(['c1', 'c2']);
    expect(rows(graphs.DEP, applied(graphs.DEP, 'c2'))).toBe('c2');
  });

  test('76: heads, and those on which nothing depends', () => {
    expect(graphs.EFF0.heads).toEqual(['x1', 'y2']);
    expect(graphs.EFF0.effectiveHeads).toEqual(['y2']);
  });
});

describe('ranges', () => {
  test.each<[number, Name, string, string]>([
    [85, 'TREE', 'base:heads', 'a1 a2 a3 b1 b2 cb1 cb2 db1 db2 e1b1 fe1b1 e2b1 e2b2 merge'],
    [86, 'TREE', 'b1:merge', 'b1 cb1 db1 e2b1 merge'],
    [87, 'XB', 'b_2@base:heads', 'base2 a2 b2 base3 a3 c2 d2'],
  ])('%i: %s %s', (_, name, text, expected) => {
    const g = graphs[name];
    expect(ids(revisionsIn(g, parseRange(g, new Set(), text)))).toBe(expected);
  });
});

describe('graphs that are none', () => {
  test.each([
    ['a>a', 'graph-cycle', 'revision a needs itself'],
    ['a>~a', 'graph-cycle', 'revision a needs itself'],
    ['a>c b>a c>b', 'graph-cycle', 'circle'],
    ['a>~c b>a c>b', 'graph-cycle', 'circle'],
  ])('89: %s', (text, code, message) => {
    expect(() => graph(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
