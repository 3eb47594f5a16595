import { type InPlace, propsOf, type RenderContext } from '../../schema/kind.js';
import type { Schema, SchemaObject } from '../../schema/object.js';
import { partitionOf } from '../attachments.js';
import { inheritedFrom } from '../table-parts.js';
import { alterColumnStatements } from './column-alteration.js';
import {
  alterColumn,
  alterColumnOnly,
  type ColumnProps,
  columnSettings,
  defaultText,
} from './column-definition.js';
import { columnsBelow } from './columns-below.js';

/** What else the columns need that the tables below got with an added column: it came to them with its default. */
export function inheritedColumns(column: SchemaObject, context: RenderContext): string[] {
  const { folded } = context;
  const own = folded.find((part) => part.kind === 'default' && part.parent === column.id);
  return folded
    .filter((part) => part.kind === 'column' && part.id !== column.id)
    .flatMap((below) => {
      const value = folded.find((part) => part.kind === 'default' && part.parent === below.id);
      const { type, notNull } = propsOf<ColumnProps>(below);
      const changes = [
        ...(own !== undefined && value === undefined ? ['DROP DEFAULT'] : []),
        ...(value !== undefined && value.props.expression !== own?.props.expression
          ? [`SET DEFAULT ${defaultText(value, type)}`]
          : []),
        ...(notNull && !propsOf<ColumnProps>(column).notNull ? ['SET NOT NULL'] : []),
      ];
      return [
        ...changes.map((change) => `${alterColumnOnly(below, context)} ${change}`),
        ...columnSettings(below, context),
      ];
    });
}

/** What is left to do for a column after the one above has changed, and this one with it. */
export function alterInherited(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
): InPlace | 'replace' {
  const old = propsOf<ColumnProps>(before);
  const next = propsOf<ColumnProps>(after);
  const [above] = inheritedFrom(after);
  const notNullAbove = (schema: Schema) => schema.objects.get(above!)?.props.notNull === true;
  const retyped = old.type !== next.type || old.collation !== next.collation;
  const reached: ColumnProps = {
    ...old,
    type: next.type,
    collation: next.collation,
    notNull: notNullAbove(context.to) || (notNullAbove(context.from) ? next.notNull : old.notNull),
    generated: next.generated,
    // Only a partition's column counts as the one above does.
    identity: partitionOf(context.to, after.parent!) === undefined ? old.identity : next.identity,
    ...(retyped ? { storage: null, compression: null } : {}),
  };
  if (old.generated !== null ? isRemade(old, next) : next.generated !== null) return 'replace';
  return alterColumnStatements({ ...before, props: reached }, after, context);
}

function isRemade(old: ColumnProps, next: ColumnProps): boolean {
  return (
    next.generated !== null && JSON.stringify(old.generated) !== JSON.stringify(next.generated) // made anew above
  );
}

/** DROP NOT NULL reaches the tables below, where it may be wanted still. */
export function keptNotNull(before: SchemaObject, after: SchemaObject, context: RenderContext): string[] {
  if (before.props.notNull !== true || after.props.notNull === true) return [];
  return columnsBelow(after, context)
    .map((id) => context.to.objects.get(id)!)
    .filter((below) => below.props.notNull === true)
    .map((below) => `${alterColumn(below)} SET NOT NULL`);
}
