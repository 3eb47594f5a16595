import type { RenderContext } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { childrenOf, partitionId, partitionOf, staysAttached } from '../attachments.js';
import { qualified } from '../identifiers.js';
import { isMadeByAttaching } from './partition-attach.js';

/** What indexes, and the keys that have one, do with the index of a partitioned table they are attached to. */

function above(object: SchemaObject): string | null {
  return (object.props.attachedTo ?? null) as string | null;
}

/** Made with the index above where the table is a partition all the time, else with the partition. */
export function comesWithAttached(object: SchemaObject, context: RenderContext): string | undefined {
  const attachedTo = above(object);
  if (attachedTo === null) return undefined;
  if (staysAttached(object.parent!, context)) return attachedTo;
  return isMadeByAttaching(object) ? partitionId(object.parent!) : undefined;
}

export function vanishesWithAttached(object: SchemaObject, context: RenderContext): string | undefined {
  const attachedTo = above(object);
  return attachedTo !== null && staysAttached(object.parent!, context) ? attachedTo : undefined;
}

/** A table that is detached first keeps its index when the one above goes. */
export function staysWhenAboveGoes(
  object: SchemaObject,
  needed: SchemaObject,
  context: RenderContext,
): boolean {
  return needed.id === above(object) && !staysAttached(object.parent!, context);
}

/**
 * The statements that make an index or key of a table and, where that is partitioned, those of its partitions. One
 * statement does where the server gives them the names they are to have; else each is made by itself and attached.
 */
export function createAttached(
  object: SchemaObject,
  context: RenderContext,
  write: (object: SchemaObject, only: boolean) => string,
): string[] {
  const attachedTo = above(object);
  return [
    ...createWithAttached(object, context, write),
    ...(attachedTo !== null && staysAttached(object.parent!, context)
      ? [attachIndex(object, attachedTo)]
      : []),
  ];
}

function createWithAttached(
  object: SchemaObject,
  context: RenderContext,
  write: (object: SchemaObject, only: boolean) => string,
): string[] {
  const tables = partitionsOf(object.parent!, context);
  if (tables.length === 0 && withoutOf(object).length === 0) return [write(object, false)];
  if (withoutOf(object).length === 0 && isMadeWhole(object, context)) return [write(object, false)];
  return [
    write(object, true),
    ...belowOf(object, context).flatMap((below) => [
      ...createWithAttached(below, context, write),
      attachIndex(below, object.id),
    ]),
  ];
}

/** The partitions that stay; what merely inherits gets no index from above. */
function partitionsOf(table: string, context: RenderContext): string[] {
  return childrenOf(context.to, table).filter(
    (child) => partitionOf(context.to, child) !== undefined && staysAttached(child, context),
  );
}

function belowOf(object: SchemaObject, { folded }: RenderContext): SchemaObject[] {
  return folded.filter((part) => above(part) === object.id);
}

function isMadeWhole(object: SchemaObject, context: RenderContext): boolean {
  const tables = partitionsOf(object.parent!, context);
  const below = belowOf(object, context);
  return (
    below.length === tables.length &&
    below.every((part) => part.info.automaticName === true && isMadeWhole(part, context))
  );
}

/** The partitions that have no part of it: ON ONLY made it, and it is not valid. */
function withoutOf(object: SchemaObject): readonly string[] {
  return object.props.without as readonly string[];
}

/** The partitions that must be there before it: they would get a part of it otherwise. */
export function partitionsBefore(without: readonly string[]): string[] {
  return without.map(partitionId);
}

/** True when a partition is to lose its part of the index, or never to get one: nothing detaches an index. */
export function losesParts(before: SchemaObject, after: SchemaObject, context: RenderContext): boolean {
  return withoutOf(after).some(
    (table) => !withoutOf(before).includes(table) || !staysAttached(table, context),
  );
}

/** The statements for an index that is to be attached where it was not, or elsewhere, and stays. */
export function changeAttachment(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
): string[] | 'replace' {
  // Attaching or detaching the table does it.
  if (!staysAttached(after.parent!, context)) return [];
  const attachedTo = above(after);
  return above(before) !== null || attachedTo === null ? 'replace' : [attachIndex(after, attachedTo)];
}

/** Makes an index a part of the one of the partitioned table. */
export function attachIndex(index: SchemaObject, to: string): string {
  const path = objectPath(to);
  return `ALTER INDEX ${qualified(path[0]!, path.at(-1)!)} ATTACH PARTITION ${qualified(index.schema, index.name)}`;
}
