import type { Revision } from './revision-graph.js';

/**
 * Sorts revisions so that each stands after everything it needs; among those that may come next, the first of
 * the list given does. Revisions in a circle, and what needs them, are left out.
 */
export function sortByNeeds(
  revisions: readonly Revision[],
  dependents: ReadonlyMap<string, readonly string[]>,
): Revision[] {
  const place = new Map<string, number>();
  for (const [index, { id }] of revisions.entries()) place.set(id, index);
  const isBefore = (id: string, index: number): boolean => (place.get(id) ?? index) < index;
  // As it nearly always is: the list is in such an order already, and no other comes first.
  const inOrder = ({ parents, dependsOn }: Revision, index: number): boolean =>
    parents.every((id) => isBefore(id, index)) && dependsOn.every((id) => isBefore(id, index));
  if (revisions.every(inOrder)) return [...revisions];
  const waitsFor = revisions.map(({ parents, dependsOn }) =>
    dependsOn.length === 0 ? parents.length : new Set([...parents, ...dependsOn]).size,
  );
  const ready = new SmallestFirst();
  for (const [index, count] of waitsFor.entries()) if (count === 0) ready.push(index);
  const order: Revision[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    const revision = revisions[index]!;
    order.push(revision);
    for (const dependent of dependents.get(revision.id) ?? []) {
      const at = place.get(dependent)!;
      waitsFor[at]! -= 1;
      if (waitsFor[at] === 0) ready.push(at);
    }
  }
  return order;
}

/** A heap of numbers. */
class SmallestFirst {
  readonly #heap: number[] = [];

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]! <= value) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return smallest;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below += 1;
      if (heap[below]! >= last) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return smallest;
  }
}
