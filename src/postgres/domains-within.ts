import type { Schema, SchemaObject } from '../schema/object.js';

/** The ids of all domains in a column's type, in its elements, its attributes and theirs. */
export function domainsWithin(column: Pick<SchemaObject, 'dependsOn'>, schema: Schema): string[] {
  const found = new Set<string>();
  const types = new Set(column.dependsOn.filter(isType));
  for (const id of types) {
    if (id.startsWith('domain:')) found.add(id);
    for (const inner of schema.objects.get(id)?.dependsOn ?? []) if (isType(inner)) types.add(inner);
  }
  return [...found];
}

function isType(id: string): boolean {
  return /^(domain|composite-type|range-type):/.test(id);
}
