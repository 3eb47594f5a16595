import { type ObjectKind, propsOf, type Rendered } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { ownerSql, plainName } from '../ids.js';
import { quoteName } from '../names.js';
import { comesWithColumn, goesWithColumn } from '../native-change.js';
import { constraintHazards } from '../table-change.js';
import type { ConstraintProps } from '../table-facts.js';

/**
 * Primary keys, UNIQUE, CHECK and foreign keys. They are written in their table's statement; only a CHECK can
 * come and go on its own, since 3.53. One without a name is called after what it says.
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
  create: (object, context) =>
    !context.from.objects.has(object.parent!) || comesWithColumn(object, context)
      ? { sql: [] }
      : { sql: [addCheck(object)], hazards: constraintHazards(object, context) },
  drop: (object, context) =>
    !context.to.objects.has(object.parent!) || goesWithColumn(object, context)
      ? { sql: [] }
      : { sql: [dropCheck(object)] },
  alter: (before, after, _changed, context): Rendered => ({
    sql: [dropCheck(before), addCheck(after)],
    hazards: constraintHazards(after, context),
  }),
};

function addCheck(object: SchemaObject): string {
  const { name } = propsOf<ConstraintProps>(object);
  const named = name === null ? '' : `CONSTRAINT ${quoteName(object.name)} `;
  return `ALTER TABLE ${ownerSql(object)} ADD ${named}CHECK (${String(object.info.expression)})`;
}

function dropCheck(object: SchemaObject): string {
  return `ALTER TABLE ${ownerSql(object)} DROP CONSTRAINT ${quoteName(object.name)}`;
}
