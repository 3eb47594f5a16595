import { propsOf, type RenderContext } from '../../schema/kind.js';
import { lastPart, type SchemaObject } from '../../schema/object.js';
import { inheritedFrom } from '../table-parts.js';
import { type ConstraintProps, constraintAddition } from './constraint-definition.js';

/**
 * True for a foreign key of a partition that belongs to the one of the table above: the server made it of that, or took
 * over what it found.
 */
export function isAdopted(part: SchemaObject): boolean {
  return (
    part.kind === 'constraint' &&
    propsOf<ConstraintProps>(part).type === 'foreign key' &&
    inheritedFrom(part).length > 0
  );
}

/** True for one that attaching or the key above make: the server gives it the name of that. */
export function isClone(part: SchemaObject): boolean {
  return isAdopted(part) && inheritedFrom(part).some((id) => lastPart(id) === part.name);
}

/**
 * The statements that make a foreign key and, where it is that of a partitioned table, those of the partitions that are
 * to have a name of their own: they are there first, and taken over.
 */
export function createForeignKey(key: SchemaObject, context: RenderContext): string[] {
  return [...ownBelow(key, context), constraintAddition(key)];
}

function ownBelow(key: SchemaObject, context: RenderContext): string[] {
  return context.folded
    .filter((part) => part.id !== key.id && isAdopted(part) && inheritedFrom(part).includes(key.id))
    .flatMap((part) => (isClone(part) ? ownBelow(part, context) : createForeignKey(part, context)));
}
