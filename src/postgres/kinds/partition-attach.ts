import { propsOf, type RenderContext } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import type { PartitionProps } from '../attachments.js';
import { qualified } from '../identifiers.js';
import { inheritedFrom, partsOf } from '../table-parts.js';
import { isClone } from './adopted-foreign-key.js';
import { triggerState } from './trigger-state.js';

/**
 * The statements that make a table a partition. The server then makes what is missing of the parent's indexes, keys,
 * foreign keys and triggers by itself; what is to have another name than it would give was made before.
 */
export function attach(partition: SchemaObject, context: RenderContext): string[] {
  const { of, bound } = propsOf<PartitionProps>(partition);
  const [schema, name] = objectPath(of);
  const table = qualified(partition.schema, partition.name);
  return [
    `ALTER TABLE ${qualified(schema!, name!)} ATTACH PARTITION ${table} ${bound}`,
    ...clonedTriggerStates(partition, context),
  ];
}

/** The statement after which a partition is a table by itself, or that ends what an interrupted one began. */
export function detach(partition: SchemaObject, finalize = partition.props.detaching === true): string[] {
  const { of } = propsOf<PartitionProps>(partition);
  const [schema, name] = objectPath(of);
  const table = qualified(partition.schema, partition.name);
  return [`ALTER TABLE ${qualified(schema!, name!)} DETACH PARTITION ${table}${finalize ? ' FINALIZE' : ''}`];
}

/** True for what ATTACH PARTITION and PARTITION OF make by themselves under the name that is wanted. */
export function isMadeByAttaching(part: SchemaObject): boolean {
  if (part.kind === 'index' || (part.kind === 'constraint' && part.props.attachedTo !== null)) {
    return part.props.attachedTo !== null && part.info.automaticName === true;
  }
  if (part.kind === 'constraint') return isClone(part);
  return part.kind === 'trigger' && part.props.inherited === true;
}

/** Clones of triggers begin in the state of the parent's. */
export function clonedTriggerStates(partition: SchemaObject, context: RenderContext): string[] {
  const { to } = context;
  return partsOf(to, partition.parent!, 'trigger').flatMap((trigger) => {
    const [above] = inheritedFrom(trigger);
    const state = above === undefined ? undefined : to.objects.get(above)?.props.enabled;
    return state === undefined || state === trigger.props.enabled ? [] : [triggerState(trigger, context)];
  });
}
