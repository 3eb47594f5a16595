import type { Schema, SchemaObject } from './object.js';

/**
 * Answers about a whole schema, each found once for all who ask: a plan asks for every object that changes, and looking
 * through all objects each time would take a large schema the square of its size.
 */
function lookup(
  enter: (object: SchemaObject, under: (key: string) => void) => void,
): (schema: Schema, key: string) => readonly SchemaObject[] {
  const known = new WeakMap<Schema, Map<string, SchemaObject[]>>();
  return (schema, key) => {
    let lists = known.get(schema);
    if (lists === undefined) {
      const made = new Map<string, SchemaObject[]>();
      for (const object of schema.objects.values()) {
        enter(object, (under) => {
          const list = made.get(under);
          if (list === undefined) made.set(under, [object]);
          else list.push(object);
        });
      }
      known.set(schema, made);
      lists = made;
    }
    return lists.get(key) ?? NONE;
  };
}

const NONE: readonly SchemaObject[] = [];

/** The objects that need the object of this id, its parts included, sorted by id. */
export const dependentsOf = lookup((object, under) => {
  for (const needed of object.dependsOn) under(needed);
});

/** The objects of a kind, sorted by id. */
export const objectsOfKind = lookup((object, under) => under(object.kind));

/** The objects that have the object of this id for their parent, sorted by id. */
export const partsOf = lookup((object, under) => {
  if (object.parent !== null) under(object.parent);
});
