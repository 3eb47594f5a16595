import { type ObjectKind, propsOf } from '../../schema/kind.js';
import { ownerSql, plainName } from '../ids.js';
import { quoteName } from '../names.js';
import { addColumnHazards, becomesNotNull, dropColumnHazards } from '../table-change.js';
import type { ColumnProps } from '../table-facts.js';

/**
 * Columns, with type, default, collation and expression. Their place is known but never compared. What is
 * done here is only what `isNative` lets through; all else is a rebuild of the table.
 */
export const columnKind: ObjectKind = {
  name: 'column',
  rank: 11,
  holdsData: true,
  label: (object) => `column ${plainName(object)}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  create: (object) => ({
    sql: [`ALTER TABLE ${ownerSql(object)} ADD COLUMN ${String(object.info.sql)}`],
    hazards: addColumnHazards(object),
  }),
  drop: (object) => ({
    sql: [`ALTER TABLE ${ownerSql(object)} DROP COLUMN ${quoteName(object.name)}`],
    hazards: dropColumnHazards(object),
  }),
  alter(before, after) {
    const { notNull } = propsOf<ColumnProps>(after);
    const conflict = notNull?.conflict ? ` ON CONFLICT ${notNull.conflict.toUpperCase()}` : '';
    const action = notNull ? `SET NOT NULL${conflict}` : 'DROP NOT NULL';
    return {
      sql: [`ALTER TABLE ${ownerSql(after)} ALTER COLUMN ${quoteName(after.name)} ${action}`],
      hazards: becomesNotNull(before, after),
    };
  },
  rename: (object, newName) => ({
    sql: [`ALTER TABLE ${ownerSql(object)} RENAME COLUMN ${quoteName(object.name)} TO ${quoteName(newName)}`],
  }),
};
