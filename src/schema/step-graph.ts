import { isApart, type Step } from './plan.js';

/** A step and what has to come before and after it. */
export interface StepNode {
  step: Step;
  readonly before: Set<StepNode>;
  readonly after: Set<StepNode>;
  /** Those of `after` that only should come after it. */
  readonly wished: Set<StepNode>;
}

/**
 * The steps of a plan before they have their final order: in an order that is possible, and with what each really has
 * to wait for. A dialect may change steps, split them and join them; `arranged` then puts them in segments.
 */
export class StepGraph {
  #nodes: StepNode[];

  /** `order[i]` has the indexes of the steps that have to come before step i, and of those that only should. */
  constructor(
    steps: readonly Step[],
    order: readonly { readonly after: readonly number[]; readonly wished?: readonly number[] }[],
  ) {
    this.#nodes = steps.map(newNode);
    order.forEach(({ after, wished = [] }, second) => {
      for (const first of after) connect(this.#nodes[first]!, this.#nodes[second]!);
      for (const first of wished) this.#nodes[first]!.wished.add(this.#nodes[second]!);
    });
  }

  /** In an order that is possible. */
  get nodes(): readonly StepNode[] {
    return this.#nodes;
  }

  /** Puts a step right behind another. What waited for that one waits for both, or for the first alone. */
  insertBehind(node: StepNode, step: Step, waits: (later: StepNode) => boolean = () => true): StepNode {
    const added = newNode(step);
    for (const later of node.after) if (waits(later)) connect(added, later);
    connect(node, added);
    this.#nodes.splice(this.#nodes.indexOf(node) + 1, 0, added);
    return added;
  }

  /**
   * Lets `second` do what `first` did, so that `first` is no step any more. False, and nothing changed, where a step
   * has to stand between the two; one that only should does not count `pastWishes`.
   */
  joinInto(second: StepNode, first: StepNode, pastWishes = false): boolean {
    if (pastWishes) for (const wished of first.wished) disconnect(first, wished);
    if (isBetween(first, second)) {
      for (const wished of first.wished) connect(first, wished);
      return false;
    }
    for (const before of first.before) {
      before.after.delete(first);
      connect(before, second);
    }
    for (const after of first.after) {
      after.before.delete(first);
      connect(second, after);
    }
    const later = reachable(second);
    const rest = this.#nodes.filter((node) => node !== first);
    const at = rest.indexOf(second);
    const [early, moved] = [false, true].map((moves) =>
      rest.slice(0, at).filter((node) => later.has(node) === moves),
    );
    this.#nodes = [...early!, second, ...moved!, ...rest.slice(at + 1)];
    return true;
  }
}

/** Everything that has to wait for a step. */
function reachable(node: StepNode): Set<StepNode> {
  const seen = new Set(node.after);
  for (const one of seen) for (const next of one.after) seen.add(next);
  return seen;
}

function newNode(step: Step): StepNode {
  return { step, before: new Set(), after: new Set(), wished: new Set() };
}

function connect(first: StepNode, second: StepNode): void {
  if (first === second) return;
  first.after.add(second);
  second.before.add(first);
}

function disconnect(first: StepNode, second: StepNode): void {
  first.after.delete(second);
  second.before.delete(first);
}

function isBetween(first: StepNode, second: StepNode): boolean {
  const seen = new Set([...first.after].filter((node) => node !== second));
  for (const node of seen) {
    for (const next of node.after) {
      if (next === second) return true;
      seen.add(next);
    }
  }
  return false;
}

/**
 * The steps in the order in which they run, in as few segments as can be: steps that share a transaction, then steps
 * that cannot, and so on. The first step of a segment that only has to wait for a commit says so.
 */
export function arranged(
  graph: StepGraph,
  needsCommitted: (later: Step, committed: Step) => boolean,
): readonly Step[] {
  const { nodes } = graph;
  const simple = nodes.every(
    ({ step, after }) =>
      !isApart(step) && !(step.commitAfter && [...after].some((later) => needsCommitted(later.step, step))),
  );
  if (simple) return nodes.map(({ step }) => step);
  const [together, apart] = [false, true].map((first) => segments(nodes, first, needsCommitted));
  const best = together!.length <= apart!.length ? together! : apart!;
  return best.flatMap((segment, index) => {
    const [first, ...rest] = segment;
    const previous = best[index - 1]?.find((step) => step.sql.length > 0);
    const same = previous !== undefined && isApart(previous) === isApart(first!);
    return same ? [{ ...first!, commitBefore: true as const }, ...rest] : segment;
  });
}

function segments(
  nodes: readonly StepNode[],
  apartFirst: boolean,
  needsCommitted: (later: Step, committed: Step) => boolean,
): Step[][] {
  const waiting = new Map(nodes.map((node) => [node, node.before.size]));
  let ready = nodes.filter((node) => node.before.size === 0);
  const place = new Map(nodes.map((node, index) => [node, index]));
  const found: Step[][] = [];
  let apart = apartFirst;
  while (ready.length > 0) {
    const segment: Step[] = [];
    const held = new Set<StepNode>();
    const next = (): StepNode | undefined =>
      ready.find(({ step }) => step.sql.length === 0) ??
      ready.find((node) => !held.has(node) && isApart(node.step) === apart);
    for (let node = next(); node !== undefined; node = next()) {
      const taken = node;
      ready = ready.filter((other) => other !== taken);
      if (taken.step.sql.length > 0) segment.push(taken.step);
      for (const after of taken.after) {
        if (taken.step.commitAfter && needsCommitted(after.step, taken.step)) held.add(after);
        const left = waiting.get(after)! - 1;
        waiting.set(after, left);
        if (left > 0) continue;
        const at = ready.findIndex((other) => place.get(other)! > place.get(after)!);
        ready.splice(at === -1 ? ready.length : at, 0, after);
      }
    }
    if (segment.length > 0) found.push(segment);
    apart = ready.some(({ step }) => isApart(step) !== apart) ? !apart : apart;
  }
  return found;
}
