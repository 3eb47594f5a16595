import { partId, type SchemaObject } from '../../schema/object.js';
import { followersOf } from '../attachments.js';
import type { BothStates } from '../table-parts.js';

/** The ids of the columns of the tables below that change with a column. */
export function columnsBelow(column: SchemaObject, context: BothStates): string[] {
  return followersOf(column.parent!, context)
    .map((table) => partId('column', table, column.name))
    .filter((id) => context.from.objects.has(id) && context.to.objects.has(id));
}
