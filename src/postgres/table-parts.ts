import { sameValue } from '../schema/equal.js';
import type { RenderContext } from '../schema/kind.js';
import { partsOf as allPartsOf } from '../schema/lookup.js';
import type { Schema, SchemaObject } from '../schema/object.js';

/** What the kind `inheritance` says: from which table, and in which order the table inherits from several. */
export type InheritanceProps = {
  readonly of: string;
  /** The ids of all that the table inherits from, in order. */
  readonly parents: readonly string[];
};

/** Both states, which is all that is needed to say who hands what on to whom. */
export type BothStates = Pick<RenderContext, 'from' | 'to'>;

/** The parts of a table of one kind, sorted by id. */
export function partsOf(schema: Schema, table: string, kind: string): readonly SchemaObject[] {
  return allPartsOf(schema, table).filter((part) => part.kind === kind);
}

/** How a table is partitioned cannot be altered: then it is made anew. */
export function isKept(table: string, { from, to }: BothStates): boolean {
  const before = from.objects.get(table);
  const after = to.objects.get(table);
  return (
    before !== undefined &&
    after !== undefined &&
    ['partitionBy', 'partitionKey', 'server'].every((key) => sameValue(before.props[key], after.props[key]))
  );
}

/** True for a table whose rows a foreign server has. */
export function isForeign(table: SchemaObject | undefined): boolean {
  return (table?.props.server ?? null) !== null;
}

/** What a part of a table (a column, a check, a foreign key, a trigger) got from the tables above: their ids. */
export function inheritedFrom(part: SchemaObject): readonly string[] {
  return (part.info.inherits ?? []) as readonly string[];
}
