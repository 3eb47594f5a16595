import { type Action, actionObject } from './actions.js';
import type { Dialect } from './dialect.js';
import { compareText, type Schema, type SchemaObject } from './object.js';

/** Where an action would stand if nothing depended on anything. Compared part by part. */
export type SortKey = readonly (number | string)[];

/**
 * Things are created and altered first, kind by kind, each with what belongs to it (a table, then its
 * indexes, triggers and comments); what goes for good is dropped last, the other way round. A person who
 * moves rows by hand between the two finds both columns there.
 */
export function sortKey(action: Action, from: Schema, to: Schema, dialect: Dialect): SortKey {
  const object = actionObject(action);
  const schema = action.type === 'drop' ? from : to;
  const root = rootOf(object, schema);
  const rank = (of: SchemaObject): number => dialect.kind(of.kind).rank;
  const position = typeof object.info.position === 'number' ? object.info.position : 0;
  const goes = action.type === 'drop' && !action.again;
  const sign = action.type === 'drop' ? -1 : 1;
  const outermost = dialect.kind(root.kind).outermost === true ? 2 * sign : 0;
  return [
    outermost || (goes ? 1 : 0),
    goes ? -rank(root) : rank(root),
    root.schema ?? '',
    root.name,
    root.id,
    action.type === 'drop' ? 0 : 1,
    // The root itself first when it is created, last when it goes.
    object === root ? -sign : 0,
    sign * rank(object),
    position,
    object.name,
    object.id,
  ];
}

function rootOf(object: SchemaObject, schema: Schema): SchemaObject {
  let root = object;
  while (root.parent !== null) {
    const parent = schema.objects.get(root.parent);
    if (!parent) return root;
    root = parent;
  }
  return root;
}

export function compareKeys(a: SortKey, b: SortKey): number {
  for (let i = 0; i < a.length; i++) {
    const left = a[i]!;
    const right = b[i]!;
    if (left === right) continue;
    return typeof left === 'number' && typeof right === 'number'
      ? left - right
      : compareText(String(left), String(right));
  }
  return 0;
}
