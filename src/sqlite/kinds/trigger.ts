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
  create: (object) => ({ sql: [sqlOf(object)] }),
  drop: (object) => ({ sql: [`DROP TRIGGER ${quoteName(object.name)}`] }),
  alter: () => 'replace',
};
