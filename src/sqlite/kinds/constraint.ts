import { type ObjectKind, propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { ownerSql, plainName } from '../ids.js';
import { quoteName } from '../names.js';
import { goesWithColumn } from '../native-change.js';
import type { ConstraintProps } from '../table-facts.js';

/**
 * Primary keys, UNIQUE, CHECK and foreign keys. They are written in their table's statement; only a CHECK can
 * be dropped on its own, since 3.53. One without a name is called after what it says.
 */
export const constraintKind: ObjectKind = {
  name: 'constraint',
  rank: 12,
  label: (object) => `constraint ${plainName(object)}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  // Two tables may refer to each other: SQLite creates and drops them in any order.
  cutOrder: (object) => (propsOf<ConstraintProps>(object).type === 'foreign key' ? 0 : undefined),
  toleratesReplacing: () => true,
  toleratesDropping: (object, needed) => needed.kind === 'table' && object.parent !== needed.id,
  // Written with its table, with its column, or in the rebuild of its table: never on its own.
  create: () => ({ sql: [] }),
  drop: (object, context) =>
    context.to.objects.has(object.parent!) && !goesWithColumn(object, context)
      ? { sql: [dropCheck(object)] }
      : { sql: [] },
  alter() {
    throw new Error('a constraint is altered with its table');
  },
};

function dropCheck(object: SchemaObject): string {
  return `ALTER TABLE ${ownerSql(object)} DROP CONSTRAINT ${quoteName(object.name)}`;
}
