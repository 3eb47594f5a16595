import { propsOf, type RenderContext, type Rendered } from '../../schema/kind.js';
import { lastPart, type Schema, type SchemaObject } from '../../schema/object.js';
import { followsParent } from '../attachments.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import { inheritedFrom, partsOf } from '../table-parts.js';
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

/**
 * A foreign key of a partition that goes while another one comes that belongs to the same key of the table above, which
 * stays: nothing drops it, so it gets the other name. Undefined for any other.
 */
export function namedAnew(
  key: SchemaObject,
  context: RenderContext,
): { readonly create: Rendered; readonly drop: Rendered } | undefined {
  const { from, to } = context;
  if (!isAdopted(key) || !followsParent(key, context)) return undefined;
  const [above] = inheritedFrom(key);
  const only = (one: Schema, other: Schema): SchemaObject | undefined =>
    partsOf(one, key.parent!, 'constraint').find(
      (part) => isAdopted(part) && inheritedFrom(part)[0] === above && !other.objects.has(part.id),
    );
  const [old, next] = [only(from, to), only(to, from)];
  if (old === undefined || next === undefined) return undefined;
  const name = `foreign key ${old.name} of ${plainRelationOf(old)}`;
  const rename = `ALTER TABLE ${relationOf(next)} RENAME CONSTRAINT ${quoteIdent(old.name)} TO ${quoteIdent(next.name)}`;
  return {
    create: { sql: [rename], summary: `Rename ${name} to ${next.name}` },
    drop: { sql: [], summary: `Let ${name} take another name` },
  };
}
