import type { Dialect } from './dialect.js';
import { type Change, diffSchemas } from './diff.js';
import type { InPlace, RenderContext } from './kind.js';
import { dependentsOf } from './lookup.js';
import type { Schema, SchemaObject } from './object.js';

/** What has to happen to one object. A replaced object has both a drop and a create. */
export type Action =
  | { readonly type: 'create'; readonly object: SchemaObject; readonly again: boolean }
  | { readonly type: 'drop'; readonly object: SchemaObject; readonly again: boolean }
  | {
      readonly type: 'alter';
      readonly before: SchemaObject;
      readonly after: SchemaObject;
      readonly alteration: InPlace;
    };

/** The object an action is about: as it will be, or for a drop as it was. */
export function actionObject(action: Action): SchemaObject {
  return action.type === 'alter' ? action.after : action.object;
}

/**
 * Decides what happens to every object on the way from one schema to the other: the differences, plus
 * everything that has to be dropped and created again because something under it is. Definitions come
 * from the right side, so what is created again is already in its new form.
 */
export function decideActions(
  from: Schema,
  to: Schema,
  dialect: Dialect,
  conversions?: RenderContext['conversions'],
  unwhole: ReadonlySet<string> = new Set(),
): Action[] {
  const context: RenderContext = { from, to, folded: [], ...(conversions && { conversions }) };
  const creates = new Map<string, SchemaObject>();
  const drops = new Map<string, SchemaObject>();
  const alters = new Map<string, Alter>();
  const replaced = new Set<string>();
  const queue: string[] = [];

  const replace = (id: string): void => {
    if (replaced.has(id)) return;
    replaced.add(id);
    alters.delete(id);
    drops.set(id, from.objects.get(id)!);
    creates.set(id, to.objects.get(id)!);
    queue.push(id);
  };

  const changes = diffSchemas(from, to, dialect);
  const { wholes, covered } = alterWholes(changes, context, dialect, unwhole);
  for (const whole of wholes) alters.set(whole.after.id, whole);
  for (const change of changes) {
    if (covered.has(changedId(change))) continue;
    if (change.action === 'create') creates.set(change.object.id, change.object);
    else if (change.action === 'drop') {
      drops.set(change.object.id, change.object);
      queue.push(change.object.id);
    } else {
      const { before, after, changed } = change;
      const alteration = dialect.kind(after.kind).alter(before, after, changed, context);
      if (alteration === 'replace') replace(after.id);
      else alters.set(after.id, { type: 'alter', before, after, alteration });
    }
  }
  for (const [id, object] of changes.length === 0 ? [] : to.objects) {
    const kind = dialect.kind(object.kind);
    if (kind.mustBeReplaced && from.objects.has(id) && kind.mustBeReplaced(object, context)) replace(id);
  }
  for (const { after, alteration } of [...alters.values()]) {
    if (!alteration.disturbs) continue;
    for (const altered of [after.id, ...(alteration.touches ?? [])]) {
      for (const dependent of dependentsOf(from, altered)) {
        const { id } = dependent;
        if (covered.has(id) || !to.objects.has(id)) continue;
        if (!isReleased(id, altered) && alteration.disturbs(dependent)) replace(id);
      }
    }
  }
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const needed = from.objects.get(id)!;
    for (const dependent of dependentsOf(from, id)) {
      const dependentId = dependent.id;
      if (!to.objects.has(dependentId) || covered.has(dependentId) || isReleased(dependentId, id)) continue;
      const kind = dialect.kind(dependent.kind);
      if (replaced.has(id) && kind.toleratesReplacing?.(dependent, needed, context)) continue;
      if (!replaced.has(id) && kind.toleratesDropping?.(dependent, needed, context)) continue;
      // An unchanged dependent of something that goes for good: its new form must not need it either,
      // and only a new definition can say so.
      replace(dependentId);
    }
  }
  // What is made anew with its own whole has nothing left to alter.
  const gone = wholes.map(({ after }) => after.id).filter((id) => isWithin(id, replaced, from));
  if (gone.length > 0) {
    return decideActions(from, to, dialect, conversions, new Set([...unwhole, ...gone]));
  }

  /** True when an in-place alteration ends the dependency by itself, so that it only has to come first. */
  function isReleased(dependent: string, needed: string): boolean {
    const alter = alters.get(dependent);
    return alter !== undefined && !alter.after.dependsOn.includes(needed);
  }

  return [
    ...[...drops.values()].map(
      (object): Action => ({ type: 'drop', object, again: replaced.has(object.id) }),
    ),
    ...alters.values(),
    ...[...creates.values()].map(
      (object): Action => ({ type: 'create', object, again: replaced.has(object.id) }),
    ),
  ];
}

type Alter = Extract<Action, { type: 'alter' }>;

/** The objects that take the changes of their parts over, and the ids of all changes this settles. */
function alterWholes(
  changes: readonly Change[],
  context: RenderContext,
  dialect: Dialect,
  besides: ReadonlySet<string>,
): { readonly wholes: readonly Alter[]; readonly covered: ReadonlySet<string> } {
  const ofWhole = new Map<string, Change[]>();
  for (const change of changes) {
    const object = change.action === 'alter' ? change.after : change.object;
    for (const id of [object.id, object.parent]) {
      if (id === null) continue;
      const known = ofWhole.get(id);
      if (known) known.push(change);
      else ofWhole.set(id, [change]);
    }
  }
  const wholes: Alter[] = [];
  const covered = new Set<string>();
  for (const [id, parts] of ofWhole) {
    const before = context.from.objects.get(id);
    const after = context.to.objects.get(id);
    if (!before || !after || besides.has(id)) continue;
    const alteration = dialect.kind(after.kind).alterWhole?.(before, after, parts, context);
    if (!alteration) continue;
    const settles = alteration.settles ?? alteration.touches ?? [];
    wholes.push({ type: 'alter', before, after, alteration: { ...alteration, settles } });
    for (const settled of [id, ...settles]) covered.add(settled);
  }
  return { wholes, covered };
}

/** True when what the object is a part of, directly or further up, is among `ids`. */
function isWithin(id: string, ids: ReadonlySet<string>, schema: Schema): boolean {
  const parent = schema.objects.get(id)?.parent ?? null;
  return parent !== null && (ids.has(parent) || isWithin(parent, ids, schema));
}

function changedId(change: Change): string {
  return change.action === 'alter' ? change.after.id : change.object.id;
}
