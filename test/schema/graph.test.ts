import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OrderGraph } from '../../src/schema/graph.js';

const identity = (size: number) => Array.from({ length: size }, (_, i) => i);

function graphOf(size: number, edges: readonly (readonly [number, number])[]): OrderGraph {
  const graph = new OrderGraph(size);
  for (const [first, second] of edges) graph.before(first, second);
  return graph;
}

describe('OrderGraph', () => {
  it('keeps the preferred order where nothing speaks against it', () => {
    expect(graphOf(4, []).sorted([3, 1, 2, 0])).toEqual([3, 1, 2, 0]);
  });

  it('puts what is needed first, however much it is liked less', () => {
    expect(graphOf(3, [[2, 0]]).sorted(identity(3))).toEqual([1, 2, 0]);
  });

  it('ignores an edge from a node to itself', () => {
    const graph = graphOf(1, [[0, 0]]);
    expect(graph.cycles()).toEqual([]);
    expect(graph.sorted([0])).toEqual([0]);
  });

  it('finds each cycle as one group', () => {
    const cycles = graphOf(6, [
      [0, 1],
      [1, 2],
      [2, 0],
      [2, 3],
      [4, 5],
      [5, 4],
    ]).cycles();
    expect(cycles.map((cycle) => cycle.join()).sort()).toEqual(['0,1,2', '4,5']);
  });

  it('refuses to sort a cycle', () => {
    expect(() =>
      graphOf(2, [
        [0, 1],
        [1, 0],
      ]).sorted(identity(2)),
    ).toThrow('cycles');
  });

  it('stands a chain of 50,000', () => {
    const size = 50_000;
    const graph = graphOf(
      size,
      identity(size - 1).map((i) => [i + 1, i] as const),
    );
    expect(graph.cycles()).toEqual([]);
    expect(graph.sorted(identity(size))[0]).toBe(size - 1);
  });

  it('respects every edge and loses no node, whatever the graph', () => {
    const acyclic = fc.integer({ min: 1, max: 30 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1))),
        rank: fc.shuffledSubarray(identity(size), { minLength: size, maxLength: size }),
      }),
    );
    fc.assert(
      fc.property(acyclic, ({ size, edges, rank }) => {
        const forward = edges.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
        const order = graphOf(size, forward).sorted(rank);
        expect([...order].sort((a, b) => a - b)).toEqual(identity(size));
        for (const [a, b] of forward) if (a !== b) expect(order.indexOf(a)).toBeLessThan(order.indexOf(b));
      }),
    );
  });

  it('finds cycles exactly when sorting is impossible', () => {
    const any = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.record({ size: fc.constant(size), edges: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1))) }),
      );
    fc.assert(
      fc.property(any, ({ size, edges }) => {
        const sortable = graphOf(size, edges).cycles().length === 0;
        const sort = () => graphOf(size, edges).sorted(identity(size));
        if (sortable) expect(sort()).toHaveLength(size);
        else expect(sort).toThrow();
      }),
    );
  });
});
