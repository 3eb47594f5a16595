/**
 * A directed graph over the numbers 0..size-1 in which an edge means "comes before".
 * Just what planning needs: strongly connected parts, and an order with a preference.
 */
export class OrderGraph {
  readonly size: number;
  readonly #after: Set<number>[];

  constructor(size: number) {
    this.size = size;
    this.#after = Array.from({ length: size }, () => new Set<number>());
  }

  /** Says that `first` comes before `second`. An edge from a node to itself says nothing. */
  before(first: number, second: number): void {
    if (first !== second) this.#after[first]!.add(second);
  }

  successors(node: number): ReadonlySet<number> {
    return this.#after[node]!;
  }

  /** True when a path leads from one node to the other. */
  reaches(from: number, to: number): boolean {
    const seen = new Set([from]);
    for (const node of seen) {
      if (node === to) return true;
      for (const next of this.#after[node]!) seen.add(next);
    }
    return false;
  }

  /** The groups of two or more nodes that all come before each other: each one a cycle to be cut. */
  cycles(): number[][] {
    // Tarjan's algorithm with an explicit stack: a chain of 5,000 views must not overflow ours.
    const index = new Int32Array(this.size).fill(-1);
    const low = new Int32Array(this.size);
    const onStack = new Uint8Array(this.size);
    const stack: number[] = [];
    const found: number[][] = [];
    let counter = 0;
    for (let root = 0; root < this.size; root++) {
      if (index[root] !== -1) continue;
      const work: { node: number; next: Iterator<number> }[] = [];
      const enter = (node: number) => {
        index[node] = low[node] = counter++;
        stack.push(node);
        onStack[node] = 1;
        work.push({ node, next: this.#after[node]!.values() });
      };
      enter(root);
      while (work.length > 0) {
        const { node, next } = work[work.length - 1]!;
        const step = next.next();
        if (!step.done) {
          const successor = step.value;
          if (index[successor] === -1) enter(successor);
          else if (onStack[successor]) low[node] = Math.min(low[node]!, index[successor]!);
          continue;
        }
        work.pop();
        const parent = work[work.length - 1]?.node;
        if (parent !== undefined) low[parent] = Math.min(low[parent]!, low[node]!);
        if (low[node] !== index[node]) continue;
        const group: number[] = [];
        for (let member = -1; member !== node; ) {
          member = stack.pop()!;
          onStack[member] = 0;
          group.push(member);
        }
        if (group.length > 1) found.push(group.sort((a, b) => a - b));
      }
    }
    return found;
  }

  /**
   * All nodes in an order that respects every edge. Among nodes that could come next the one with the
   * smallest `rank` does (ranks must be distinct), so the same input always gives the same order.
   * The graph must have no cycles.
   */
  sorted(rank: ArrayLike<number>): number[] {
    const waiting = new Int32Array(this.size);
    for (const successors of this.#after) for (const node of successors) waiting[node]!++;
    const ready = new MinHeap(rank);
    for (let node = 0; node < this.size; node++) if (waiting[node] === 0) ready.push(node);
    const order: number[] = [];
    for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
      order.push(node);
      for (const successor of this.#after[node]!) if (--waiting[successor]! === 0) ready.push(successor);
    }
    if (order.length !== this.size) throw new Error('cannot sort a graph that has cycles');
    return order;
  }
}

class MinHeap {
  readonly #rank: ArrayLike<number>;
  readonly #items: number[] = [];

  constructor(rank: ArrayLike<number>) {
    this.#rank = rank;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#rank[items[parent]!]! <= this.#rank[item]!) break;
      items[at] = items[parent]!;
      at = parent;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#rank[items[child + 1]!]! < this.#rank[items[child]!]!) child++;
      if (this.#rank[items[child]!]! >= this.#rank[last]!) break;
      items[at] = items[child]!;
      at = child;
    }
    items[at] = last;
    return top;
  }
}
