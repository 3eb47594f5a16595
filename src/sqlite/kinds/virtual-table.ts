import type { Hazard, ObjectKind } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';

/**
 * Virtual tables (FTS5, R*Tree and whatever a module brings), each with the shadow tables it keeps its data in
 * as one thing. One that changes is dropped and created again, and filled again where its rows are another table's.
 */
export const virtualTableKind: ObjectKind = {
  name: 'virtual-table',
  rank: 15,
  holdsData: true,
  label: (object) => `virtual table ${object.name}`,
  slots: (object) => [`relation ${foldName(object.name)}`],
  toleratesReplacing: () => true,
  toleratesDropping: () => true,
  create: (object, { from }) => ({
    sql: [
      sqlOf(object),
      ...(from.objects.has(object.id) && isFilledElsewhere(object) ? [refill(object)] : []),
    ],
  }),
  drop: (object) => ({ sql: [`DROP TABLE ${quoteName(object.name)}`], hazards: dropHazards(object) }),
  alter: () => 'replace',
  rename: (object, newName) => ({
    sql: [`ALTER TABLE ${quoteName(object.name)} RENAME TO ${quoteName(newName)}`],
  }),
};

/** An index over the rows of another table, which can be made again from them. */
function isFilledElsewhere(object: SchemaObject): boolean {
  return object.props.module === 'fts5' && typeof object.info.content === 'string';
}

function refill(object: SchemaObject): string {
  const name = quoteName(object.name);
  return `INSERT INTO ${name} (${name}) VALUES ('rebuild')`;
}

function dropHazards(object: SchemaObject): Hazard[] {
  if (isFilledElsewhere(object)) return [];
  const message = `every row of ${object.name} is lost`;
  return [{ code: 'drop-table', level: 'data-loss', subject: object.name, message }];
}
