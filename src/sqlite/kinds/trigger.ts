import type { ObjectKind } from '../../schema/kind.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';

/** Triggers on tables and (INSTEAD OF) on views. */
export const triggerKind: ObjectKind = {
  name: 'trigger',
  rank: 40,
  label: (object) => `trigger ${object.name}`,
  slots: (object) => [`trigger ${foldName(object.name)}`],
  droppedWithParent: () => true,
  // It may mention what depends on its own table; then it is dropped first, by itself.
  cutOrder: () => 1,
  create: (object) => ({ sql: [sqlOf(object)] }),
  drop: (object) => ({ sql: [`DROP TRIGGER ${quoteName(object.name)}`] }),
  alter: () => 'replace',
};
