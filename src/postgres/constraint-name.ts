import { objectPath, type SchemaObject } from '../schema/object.js';

/** The name of a constraint, a NOT NULL among them, as what only one constraint of its table can have. */
export function constraintName({ id }: SchemaObject, name: string): string[] {
  const [schema, table] = objectPath(id);
  return [JSON.stringify(['constraint', schema, table, name])];
}
