import { type ObjectKind, propsOf } from '../../schema/kind.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';
import { alterTable } from '../table-change.js';
import type { ConstraintProps } from '../table-facts.js';

/** Tables. The statement that made one is the truth about it, so it is created by that statement, comments and all. */
export const tableKind: ObjectKind = {
  name: 'table',
  rank: 10,
  holdsData: true,
  label: (object) => `table ${object.name}`,
  slots: (object) => [`relation ${foldName(object.name)}`],
  create: (object) => ({ sql: [sqlOf(object)] }),
  drop: (object, { from }) => ({
    sql: [`DROP TABLE ${quoteName(object.name)}`],
    withoutForeignKeys: isReferenced(object, from),
    hazards: [
      {
        code: 'drop-table',
        level: 'data-loss',
        subject: object.name,
        message: `every row of ${object.name} is lost`,
      },
    ],
  }),
  alterWhole: alterTable,
  alter() {
    throw new Error('a table is altered as a whole');
  },
  rename: (object, newName) => ({
    sql: [`ALTER TABLE ${quoteName(object.name)} RENAME TO ${quoteName(newName)}`],
  }),
};

/** DROP TABLE deletes the rows first, and with foreign keys enforced their children's. */
function isReferenced(table: SchemaObject, from: Schema): boolean {
  for (const object of from.objects.values()) {
    if (object.kind === 'constraint' && propsOf<ConstraintProps>(object).table === foldName(table.name))
      return true;
  }
  return false;
}
