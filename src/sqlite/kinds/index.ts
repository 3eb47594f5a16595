import type { ObjectKind } from '../../schema/kind.js';
import { columnKind } from './column.js';
import { constraintKind } from './constraint.js';
import { tableKind } from './table.js';
import { indexKind } from './table-index.js';
import { triggerKind } from './trigger.js';
import { viewKind } from './view.js';
import { virtualTableKind } from './virtual-table.js';

/** Every kind of object in a SQLite database. Adding one is adding its file and its line here. */
export const SQLITE_KINDS: readonly ObjectKind[] = [
  tableKind,
  columnKind,
  constraintKind,
  virtualTableKind,
  indexKind,
  viewKind,
  triggerKind,
];
