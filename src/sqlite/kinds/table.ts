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

/** The tables that foreign keys of a schema point to, found once for all tables that are dropped. */
const referenced = new WeakMap<Schema, ReadonlySet<string>>();

/** DROP TABLE deletes the rows first, and with foreign keys enforced their children's. */
function isReferenced(table: SchemaObject, from: Schema): boolean {
  let tables = referenced.get(from);
  if (!tables) {
    const constraints = [...from.objects.values()].filter(({ kind }) => kind === 'constraint');
    tables = new Set(constraints.flatMap((constraint) => propsOf<ConstraintProps>(constraint).table ?? []));
    referenced.set(from, tables);
  }
  return tables.has(foldName(table.name));
}
