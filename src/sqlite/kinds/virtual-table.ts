import type { ObjectKind } from '../../schema/kind.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';

/**
 * Virtual tables (FTS5, R*Tree and whatever a module brings), each with the shadow tables it keeps its data in
 * as one thing. What changes is dropped and created again: only the module knows how to fill it.
 */
export const virtualTableKind: ObjectKind = {
  name: 'virtual-table',
  rank: 15,
  holdsData: true,
  label: (object) => `virtual table ${object.name}`,
  slots: (object) => [`relation ${foldName(object.name)}`],
  toleratesReplacing: () => true,
  toleratesDropping: () => true,
  create: (object) => ({ sql: [sqlOf(object)] }),
  drop: (object) => ({
    sql: [`DROP TABLE ${quoteName(object.name)}`],
    hazards: [
      {
        code: 'drop-table',
        level: 'data-loss',
        subject: object.name,
        message: `every row of ${object.name} is lost, unless the ${String(object.props.module)} table can be filled again from elsewhere`,
      },
    ],
  }),
  alter: () => 'replace',
  rename: (object, newName) => ({
    sql: [`ALTER TABLE ${quoteName(object.name)} RENAME TO ${quoteName(newName)}`],
  }),
};
