import type { Schema, SchemaObject } from '../../schema/object.js';
import type { AclClass, Grants } from './grants.js';
import { grantsIn } from './grants.js';

/**
 * What default privileges of the connected role may have given a new object, before or after the plan changes them.
 * Those of a schema only add; the others say for whom they name what there is at all.
 */
export function defaultGrantsFor(
  of: AclClass,
  schema: string | null,
  ...states: readonly Schema[]
): Grants[] {
  return states.flatMap((state) =>
    defaultFacts(state).flatMap(({ info, props }) => {
      if (info.role !== null || info.of !== of) return [];
      return info.inSchema === null || info.inSchema === schema ? [grantsIn(props.grants)] : [];
    }),
  );
}

/** The facts of kind `default-privileges`; few, and looked for often. */
export function defaultFacts(state: Schema): readonly SchemaObject[] {
  let known = CACHE.get(state);
  if (known === undefined) {
    known = [...state.objects.values()].filter(({ kind }) => kind === 'default-privileges');
    CACHE.set(state, known);
  }
  return known;
}
const CACHE = new WeakMap<Schema, SchemaObject[]>();
