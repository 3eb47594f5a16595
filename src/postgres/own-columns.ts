import { objectId, objectPath, type SchemaObject } from '../schema/object.js';

/**
 * The column of its own table that an index or constraint is about, as an id, when there is only one: DROP
 * COLUMN takes it along. With more columns it may have to go on its own.
 */
export function onlyColumnOf(object: SchemaObject): string | undefined {
  if (!object.parent?.startsWith('table:')) return undefined;
  const prefix = `${objectId('column', ...objectPath(object.parent))}.`;
  const columns = object.dependsOn.filter((id) => id.startsWith(prefix));
  return columns.length === 1 ? columns[0] : undefined;
}

/** The slot of a unique key over some columns; foreign keys do not care in which order they stand. */
export function keySlot(table: string, columns: readonly string[]): string {
  return objectId('key', ...objectPath(table), ...[...columns].sort());
}
