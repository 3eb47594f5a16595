import { TidemarkError } from '../errors.js';
import type { Action } from './actions.js';
import { actionObject } from './actions.js';
import type { Dialect } from './dialect.js';
import { OrderGraph } from './graph.js';
import type { RenderContext } from './kind.js';
import { compareText, type Schema, type SchemaObject } from './object.js';
import { compareKeys, type SortKey, sortKey } from './sort-key.js';

/** One action with the actions that are carried out by the same statement. */
export interface Group {
  readonly lead: Action;
  readonly members: readonly Action[];
  /** Indexes of the groups that have to come before it. */
  readonly after: readonly number[];
  /** Those of them that only should. */
  readonly wished: readonly number[];
}

/**
 * Joins actions that one statement can do (a table and its columns; a dropped table and all that goes
 * with it) and puts them in order. Where joining closes a cycle, the members that know how to stand
 * alone are taken out again: two tables that reference each other are created without one foreign key.
 * Throws `plan-cycle` when what is left needs itself.
 */
export function orderActions(
  actions: readonly Action[],
  from: Schema,
  to: Schema,
  dialect: Dialect,
): Group[] {
  const nodes = indexActions(actions);
  const keys = actions.map((action) => sortKey(action, from, to, dialect));
  const wishes: [number, number][] = [];
  const edges = collectEdges(actions, nodes, from, to, dialect, wishes);
  collectWishes(actions, nodes, from, to, dialect, wishes);
  const context: RenderContext = { from, to, folded: [] };
  const joined = actions.map((action) => joinTarget(action, nodes, context, dialect));
  for (;;) {
    const leads = actions.map((_, node) => leadOf(node, joined));
    const graph = new OrderGraph(actions.length);
    for (const [first, second] of edges) graph.before(leads[first]!, leads[second]!);
    const cycles = graph.cycles();
    if (cycles.length === 0) {
      const wished = new Map<number, Set<number>>();
      for (const [first, second] of wishes) {
        const [from, to] = [leads[first]!, leads[second]!];
        if (graph.successors(from).has(to) || graph.reaches(to, from)) continue;
        graph.before(from, to);
        wished.set(from, (wished.get(from) ?? new Set()).add(to));
      }
      return sortGroups(actions, leads, graph, keys, wished);
    }
    for (const cycle of cycles) cut(cycle, actions, leads, joined, edges, keys, dialect);
  }
}

interface NodeIndex {
  readonly create: Map<string, number>;
  readonly drop: Map<string, number>;
  /** Every node that alters the object: its own, and those that touch it. */
  readonly alter: Map<string, number[]>;
}

function indexActions(actions: readonly Action[]): NodeIndex {
  const index: NodeIndex = { create: new Map(), drop: new Map(), alter: new Map() };
  actions.forEach((action, node) => {
    const { id } = actionObject(action);
    if (action.type !== 'alter') index[action.type].set(id, node);
    else {
      for (const altered of [id, ...(action.alteration.touches ?? [])]) {
        index.alter.set(altered, [...(index.alter.get(altered) ?? []), node]);
      }
    }
  });
  return index;
}

/** Pairs of nodes of which the first must come before the second; of which it should, to `wishes`. */
function collectEdges(
  actions: readonly Action[],
  nodes: NodeIndex,
  from: Schema,
  to: Schema,
  dialect: Dialect,
  wishes: [number, number][],
): [number, number][] {
  const edges: [number, number][] = [];
  const add = (first: number | undefined, second: number | undefined): void => {
    if (first !== undefined && second !== undefined && first !== second) edges.push([first, second]);
  };
  const addAlters = (needed: string, place: (alter: number) => [number, number]): void => {
    for (const alter of nodes.alter.get(needed) ?? []) {
      const action = actions[alter]!;
      if (action.type === 'alter' && !action.alteration.unnoticed) add(...place(alter));
    }
  };
  /** What lets go of an object does so before the alteration, which might be refused otherwise. */
  const addReleases = (node: number, needed: string): void => {
    for (const alter of nodes.alter.get(needed) ?? []) {
      const action = actions[alter]!;
      if (action.type !== 'alter' || action.alteration.unnoticed) continue;
      const { disturbs, settles } = action.alteration;
      if (disturbs || settles) add(node, alter);
      else if (node !== alter) wishes.push([node, alter]);
    }
  };
  const freed = new Map<string, number[]>();
  actions.forEach((action, node) => {
    if (action.type === 'drop') {
      for (const needed of action.object.dependsOn) {
        add(node, nodes.drop.get(needed));
        addReleases(node, needed);
      }
      const kind = dialect.kind(action.object.kind);
      for (const slot of (kind.frees ?? kind.slots)?.call(kind, action.object) ?? []) {
        const list = freed.get(slot);
        if (list) list.push(node);
        else freed.set(slot, [node]);
      }
      add(node, nodes.create.get(action.object.id));
      return;
    }
    const { id } = actionObject(action);
    const settled = action.type === 'alter' ? (action.alteration.settles ?? []) : [];
    const needs = needsOf(id, settled, to, from, to, dialect);
    for (const needed of needs) {
      add(nodes.create.get(needed), node);
      addAlters(needed, (alter) => [alter, node]);
    }
    if (action.type !== 'alter') return;
    for (const needed of needsOf(id, settled, from, from, to, dialect)) {
      if (needs.has(needed)) continue;
      add(node, nodes.drop.get(needed));
      addReleases(node, needed);
    }
  });
  actions.forEach((action, node) => {
    if (action.type !== 'create') return;
    for (const slot of dialect.kind(action.object.kind).slots?.(action.object) ?? []) {
      for (const dropped of freed.get(slot) ?? []) add(dropped, node);
    }
  });
  return edges;
}

/** Everything that an object needs of a schema, and what else its alteration settles; but not what that can be without. */
function needsOf(
  id: string,
  settled: readonly string[],
  schema: Schema,
  from: Schema,
  to: Schema,
  dialect: Dialect,
): ReadonlySet<string> {
  const context: RenderContext = { from, to, folded: [] };
  const needs = new Set(schema.objects.get(id)?.dependsOn);
  for (const part of settled) {
    const object = schema.objects.get(part);
    for (const needed of object?.dependsOn ?? []) {
      const target = schema.objects.get(needed);
      if (!target || !dialect.kind(object!.kind).toleratesDropping?.(object!, target, context))
        needs.add(needed);
    }
  }
  return needs;
}

/** Pairs of nodes of which the first should come before the second, unless an edge says otherwise. */
function collectWishes(
  actions: readonly Action[],
  nodes: NodeIndex,
  from: Schema,
  to: Schema,
  dialect: Dialect,
  wishes: [number, number][],
): void {
  const leaving = new Map<string, number[]>();
  const names = (object: SchemaObject, schema: Schema): readonly string[] =>
    dialect.kind(object.kind).crowds?.(object, schema) ?? [];
  const crowd = (action: Action): { readonly old: readonly string[]; readonly next: readonly string[] } => ({
    old: action.type === 'create' ? [] : names(action.type === 'alter' ? action.before : action.object, from),
    next: action.type === 'drop' ? [] : names(actionObject(action), to),
  });
  actions.forEach((action, node) => {
    const { old, next } = crowd(action);
    for (const name of old) {
      if (!next.includes(name)) leaving.set(name, [...(leaving.get(name) ?? []), node]);
    }
    const object = actionObject(action);
    for (const id of dialect.kind(object.kind).follows?.(object) ?? []) {
      for (const first of [...(nodes.alter.get(id) ?? []), nodes.drop.get(id), nodes.create.get(id)]) {
        if (first !== undefined && first !== node) wishes.push([first, node]);
      }
    }
    if (action.type !== 'alter') return;
    for (const id of action.alteration.follows ?? []) {
      for (const first of [...(nodes.alter.get(id) ?? []), nodes.drop.get(id) ?? node]) {
        if (first !== node) wishes.push([first, node]);
      }
    }
  });
  const changedParts = new Map<string, number[]>();
  actions.forEach((action, node) => {
    if (action.type !== 'alter' || action.after.parent === null) return;
    const { parent, kind } = action.after;
    if (dialect.kind(kind).holdsData === true)
      changedParts.set(parent, [...(changedParts.get(parent) ?? []), node]);
  });
  actions.forEach((action, node) => {
    const { old, next } = crowd(action);
    // While a column holds rows of another table, that one's columns do not change.
    if (action.type !== 'alter' && dialect.kind(action.object.kind).holdsData === true) {
      for (const needed of action.object.dependsOn) {
        if (needed === action.object.parent) continue;
        for (const part of changedParts.get(needed) ?? []) {
          wishes.push(action.type === 'create' ? [part, node] : [node, part]);
        }
      }
    }
    for (const name of next) {
      if (old.includes(name)) continue;
      for (const first of leaving.get(name) ?? []) if (first !== node) wishes.push([first, node]);
    }
  });
}

/** The node whose statement can do this action too, if any. */
function joinTarget(
  action: Action,
  nodes: NodeIndex,
  context: RenderContext,
  dialect: Dialect,
): number | undefined {
  if (action.type === 'alter') return undefined;
  const { object } = action;
  const kind = dialect.kind(object.kind);
  if (action.type === 'create') {
    const whole =
      object.parent !== null && kind.foldsIntoParent?.(object) ? nodes.create.get(object.parent) : undefined;
    const maker = whole === undefined ? kind.comesWith?.(object, context) : undefined;
    return maker === undefined ? whole : nodes.create.get(maker);
  }
  const owner = kind.vanishesWith?.(object, context);
  const vanished = owner === undefined ? undefined : nodes.drop.get(owner);
  if (vanished !== undefined) return vanished;
  return object.parent !== null && kind.droppedWithParent?.(object)
    ? nodes.drop.get(object.parent)
    : undefined;
}

function leadOf(node: number, joined: readonly (number | undefined)[]): number {
  let lead = node;
  for (let next = joined[lead]; next !== undefined; next = joined[lead]) lead = next;
  return lead;
}

/**
 * Takes members out of the statements of one cycle. Only members that point to another statement of the
 * cycle matter, and of those only the ones that point against the preferred order: without them the rest
 * all points one way.
 */
function cut(
  cycle: readonly number[],
  actions: readonly Action[],
  leads: readonly number[],
  joined: (number | undefined)[],
  edges: readonly [number, number][],
  keys: readonly SortKey[],
  dialect: Dialect,
): void {
  const inside = new Set(cycle);
  const candidates = new Map<number, { level: number; against: boolean }>();
  for (const [first, second] of edges) {
    const from = leads[first]!;
    const to = leads[second]!;
    if (from === to || !inside.has(from) || !inside.has(to)) continue;
    const against = compareKeys(keys[from]!, keys[to]!) > 0;
    for (const member of [first, second]) {
      if (joined[member] === undefined) continue;
      const object = actionObject(actions[member]!);
      const level = dialect.kind(object.kind).cutOrder?.(object);
      if (level === undefined) continue;
      const known = candidates.get(member);
      candidates.set(member, { level, against: against || (known?.against ?? false) });
    }
  }
  if (candidates.size === 0) throw cycleError(cycle, actions, dialect);
  const lowest = Math.min(...[...candidates.values()].map((candidate) => candidate.level));
  const level = [...candidates].filter(([, candidate]) => candidate.level === lowest);
  const against = level.filter(([, candidate]) => candidate.against);
  for (const [member] of against.length > 0 ? against : level) joined[member] = undefined;
}

function cycleError(cycle: readonly number[], actions: readonly Action[], dialect: Dialect): TidemarkError {
  const labels = cycle.map((node) => {
    const object = actionObject(actions[node]!);
    return `${actions[node]!.type} ${dialect.kind(object.kind).label(object)}`;
  });
  return new TidemarkError(
    'plan-cycle',
    `no order exists for these steps, each needs another one first: ${labels.join(', ')}`,
    {
      hints: ['Split the change in two migrations, for example by dropping one of these objects first.'],
      details: { steps: labels },
    },
  );
}

function sortGroups(
  actions: readonly Action[],
  leads: readonly number[],
  graph: OrderGraph,
  keys: readonly SortKey[],
  wished: ReadonlyMap<number, ReadonlySet<number>>,
): Group[] {
  const byKey = actions.map((_, node) => node).sort((a, b) => compareKeys(keys[a]!, keys[b]!));
  const rank = new Int32Array(actions.length);
  byKey.forEach((node, place) => {
    rank[node] = place;
  });
  const members = new Map<number, number[]>();
  for (const node of byKey) {
    const lead = leads[node]!;
    if (lead !== node) members.set(lead, [...(members.get(lead) ?? []), node]);
  }
  const order = graph.sorted(rank).filter((node) => leads[node] === node);
  const after = order.map((): number[] => []);
  const wishes = order.map((): number[] => []);
  const place = new Map(order.map((node, index) => [node, index]));
  order.forEach((node, index) => {
    for (const later of graph.successors(node)) {
      const at = place.get(later)!;
      after[at]!.push(index);
      if (wished.get(node)?.has(later)) wishes[at]!.push(index);
    }
  });
  return order.map((node, index) => ({
    lead: actions[node]!,
    members: (members.get(node) ?? []).map((member) => actions[member]!),
    after: after[index]!,
    wished: wishes[index]!,
  }));
}

/** Sorts the parts of one statement: by kind, then the place they have in their parent, then by name. */
export function sortParts(objects: readonly SchemaObject[], dialect: Dialect): SchemaObject[] {
  const place = (object: SchemaObject): number =>
    typeof object.info.position === 'number' ? object.info.position : 0;
  return [...objects].sort(
    (a, b) =>
      dialect.kind(a.kind).rank - dialect.kind(b.kind).rank || place(a) - place(b) || compareText(a.id, b.id),
  );
}
