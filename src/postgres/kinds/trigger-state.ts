import type { SchemaObject } from '../../schema/object.js';
import { alterOnly } from '../attachments.js';
import { ENABLING, type FiringState } from '../firing-state.js';
import { quoteIdent, relationOf } from '../identifiers.js';
import type { BothStates } from '../table-parts.js';

/** The statement that says when a trigger fires, of this table only: the clones in its partitions have their own state. */
export function triggerState(trigger: SchemaObject, context: BothStates): string {
  const enabling = ENABLING[trigger.props.enabled as FiringState];
  return `${alterOnly(trigger.parent!, relationOf(trigger), context)} ${enabling} TRIGGER ${quoteIdent(trigger.name)}`;
}
