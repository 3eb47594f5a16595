import type { ObjectKind } from '../../schema/kind.js';
import { sqlOf } from '../ids.js';
import { foldName, quoteName } from '../names.js';

export const viewKind: ObjectKind = {
  name: 'view',
  rank: 30,
  label: (object) => `view ${object.name}`,
  slots: (object) => [`relation ${foldName(object.name)}`],
  create: (object) => ({ sql: [sqlOf(object)] }),
  drop: (object) => ({ sql: [`DROP VIEW ${quoteName(object.name)}`] }),
  alter: () => 'replace',
};
