import { objectId, objectPath, type SchemaObject } from '../schema/object.js';
import { foldName, quoteName } from './names.js';

/** The id of an object from its kind and names as they are written. Names that SQLite takes for the same give the same id. */
export function idOf(kind: string, ...names: readonly string[]): string {
  return objectId(kind, ...names.map(foldName));
}

/** The table (or view) that a part belongs to, as the catalog spells it. */
export function ownerName(part: SchemaObject): string {
  return typeof part.info.owner === 'string' ? part.info.owner : objectPath(part.id)[0]!;
}

/** The owner's name as SQL writes it. */
export function ownerSql(part: SchemaObject): string {
  return quoteName(ownerName(part));
}

/** `users.nickname`, as a person writes it in a sentence or after `--allow`. */
export function plainName(object: SchemaObject): string {
  return object.parent === null ? object.name : `${ownerName(object)}.${object.name}`;
}

/** The statement an object was created with. */
export function sqlOf(object: SchemaObject): string {
  return String(object.info.sql);
}
