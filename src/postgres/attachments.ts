import { propsOf } from '../schema/kind.js';
import { objectsOfKind } from '../schema/lookup.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { keepsInheriting } from './inheriting.js';
import { type BothStates, type InheritanceProps, inheritedFrom, isKept } from './table-parts.js';

/** What the kind `partition` says: of which table, with which rows. */
export type PartitionProps = {
  /** The id of the partitioned table. */
  readonly of: string;
  /** `FOR VALUES IN (1, 2)`, `DEFAULT`. */
  readonly bound: string;
  /** True for what an interrupted DETACH CONCURRENTLY leaves behind: the parent does not see it any more. */
  readonly detaching: boolean;
};

/** The attachment of a table to its parent, if it is a partition. */
export function partitionOf(schema: Schema, table: string): SchemaObject | undefined {
  return schema.objects.get(partitionId(table));
}

/** The id of the attachment of a table, by the table's id. */
export function partitionId(table: string): string {
  return `partition${table.slice(table.indexOf(':'))}`;
}

/** The slot that a partition frees when it is detached, and that columns of its own take. */
export function standsAlone(table: string): string {
  return `alone ${table}`;
}

/** The slot that partitions free when they are detached, and that whatever would be handed on to them takes. */
export function handsOn(table: string): string {
  return `below ${table}`;
}

/** The slot that dropped columns and checks free, and that two tables take of which one becomes a part of the other. */
export function shapeOf(table: string): string {
  return `shape of ${table}`;
}

/** The ids of the tables that hang on a table directly, sorted. */
export function childrenOf(schema: Schema, table: string): readonly string[] {
  let children = CHILDREN.get(schema);
  if (children === undefined) {
    children = new Map();
    for (const object of ['inheritance', 'partition'].flatMap((kind) => objectsOfKind(schema, kind))) {
      if (object.parent === null) continue;
      const { of } = propsOf<PartitionProps | InheritanceProps>(object);
      const known = children.get(of);
      if (known) known.push(object.parent);
      else children.set(of, [object.parent]);
    }
    CHILDREN.set(schema, children);
  }
  return children.get(table) ?? [];
}

const CHILDREN = new WeakMap<Schema, Map<string, string[]>>();

/** The ids of all tables below a table that hang on it before and after, so that what it does to itself it does to them. */
export function followersOf(table: string, context: BothStates): string[] {
  return childrenOf(context.to, table)
    .filter((child) => staysAttached(child, context))
    .flatMap((child) => [child, ...followersOf(child, context)]);
}

/**
 * True when a table is attached to the same parent in the same way all the time: then what comes to, changes in and
 * goes from the parent does so in this table by itself. Otherwise it is detached first and attached last, and stands
 * alone in between.
 */
export function staysAttached(table: string, { from, to }: BothStates): boolean {
  const before = partitionOf(from, table);
  const after = partitionOf(to, table);
  if (before === undefined || after === undefined) return keepsInheriting(table, { from, to });
  const old = propsOf<PartitionProps>(before);
  const next = propsOf<PartitionProps>(after);
  return (
    old.of === next.of &&
    old.bound === next.bound &&
    !old.detaching &&
    isKept(table, { from, to }) &&
    isKept(next.of, { from, to })
  );
}

/** True when a part is the affair of the table above in both states. */
export function followsParent(part: SchemaObject, context: BothStates): boolean {
  return inheritedFrom(part).length > 0 && part.parent !== null && staysAttached(part.parent, context);
}

/** `ALTER TABLE` would reach the tables below too; `ALTER TABLE ONLY` where there are any. */
export function alterOnly(table: string, written: string, { from, to }: BothStates): string {
  const hasChildren = childrenOf(from, table).length > 0 || childrenOf(to, table).length > 0;
  return `ALTER TABLE ${hasChildren ? 'ONLY ' : ''}${written}`;
}
