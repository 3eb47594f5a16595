import type { Schema, SchemaObject } from '../schema/object.js';

type PartKind = 'column' | 'constraint';

/** The parts of each table of a schema; found once, because every changed table asks. */
const known = new WeakMap<Schema, Map<string, SchemaObject[]>>();

/** The columns or constraints of a table in the order of its statement. */
export function partsOf(table: SchemaObject, schema: Schema, kind: PartKind): readonly SchemaObject[] {
  let parts = known.get(schema);
  if (!parts) {
    parts = new Map();
    for (const object of schema.objects.values()) {
      if (object.parent === null) continue;
      const key = `${object.kind} of ${object.parent}`;
      const list = parts.get(key);
      if (list) list.push(object);
      else parts.set(key, [object]);
    }
    for (const list of parts.values()) list.sort((a, b) => Number(a.info.position) - Number(b.info.position));
    known.set(schema, parts);
  }
  return parts.get(`${kind} of ${table.id}`) ?? [];
}

export function columnsOf(table: SchemaObject, schema: Schema): readonly SchemaObject[] {
  return partsOf(table, schema, 'column');
}

export function constraintsOf(table: SchemaObject, schema: Schema): readonly SchemaObject[] {
  return partsOf(table, schema, 'constraint');
}
