import { objectPath, type SchemaObject } from '../schema/object.js';

/**
 * True when an object calls another overload of a function than before. Changed in place it would need both
 * overloads to be there at once, and then a call may be ambiguous.
 */
export function changesOverload(before: SchemaObject, after: SchemaObject): boolean {
  const gone = routines(before).filter((id) => !after.dependsOn.includes(id));
  const come = routines(after).filter((id) => !before.dependsOn.includes(id));
  const names = new Set(gone.map(nameWithSchema));
  return come.some((id) => names.has(nameWithSchema(id)));
}

function routines(object: SchemaObject): string[] {
  return object.dependsOn.filter((id) => id.startsWith('function:'));
}

function nameWithSchema(id: string): string {
  const [schema, signature] = objectPath(id) as [string, string];
  return `${schema}.${signature.split('(')[0]}`;
}
