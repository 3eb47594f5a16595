import type { Change } from '../schema/diff.js';
import { propsOf, type RenderContext } from '../schema/kind.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { MISSING } from './dependent-facts.js';
import { featuresOf } from './engine-features.js';
import { foldName } from './names.js';
import { columnsOf, constraintsOf } from './parts.js';
import type { ColumnProps, ConstraintProps } from './table-facts.js';

/**
 * True when ALTER TABLE can make this change to a part of a table **with rows**: what the engine accepts only
 * while the table is empty is not counted (https://www.sqlite.org/lang_altertable.html).
 */
export function isNative(change: Change, table: SchemaObject, context: RenderContext): boolean {
  if (change.action === 'alter') return change.after.kind === 'column' && altersNatively(change, context);
  const { object } = change;
  if (object.kind === 'column') {
    return change.action === 'create'
      ? addsNatively(object, table, context)
      : dropsNatively(object, table, context);
  }
  if (object.kind !== 'constraint') return false;
  // ADD CHECK (3.53) refuses rows for which the check is NULL, which a CHECK accepts: the rows are copied instead.
  if (change.action === 'create') return comesWithColumn(object, context);
  return goesWithColumn(object, context) || isNamedCheck(object, context);
}

/** True for a constraint written at a column that is added in the same plan. */
function comesWithColumn(constraint: SchemaObject, { from }: RenderContext): boolean {
  const { column } = constraint.info;
  return typeof column === 'string' && !from.objects.has(column);
}

/** True for a constraint written at a column that is dropped in the same plan. */
export function goesWithColumn(constraint: SchemaObject, { to }: RenderContext): boolean {
  const { column } = constraint.info;
  return typeof column === 'string' && !to.objects.has(column);
}

function addsNatively(column: SchemaObject, table: SchemaObject, { to }: RenderContext): boolean {
  const { notNull, default: value, generated } = propsOf<ColumnProps>(column);
  if (generated?.stored) return false;
  const isNull = value === null || value === 'NULL';
  if (notNull && generated === null && isNull) return false;
  // Only a literal counts as constant, with or without a sign; TRUE and FALSE do.
  if (value !== null && /^\(|^CURRENT_/.test(value)) return false;
  return constraintsOf(table, to).every((constraint) => {
    if (constraint.info.column !== column.id) return true;
    const { type } = propsOf<ConstraintProps>(constraint);
    return type === 'check' || (type === 'foreign key' && isNull);
  });
}

function dropsNatively(column: SchemaObject, table: SchemaObject, context: RenderContext): boolean {
  const { from, to } = context;
  if (!featuresOf(context).dropColumn) return false;
  if (!columnsOf(table, from).some(({ id }) => to.objects.has(id))) return false;
  // The engine reads every view and trigger again, and one that mentions a missing table stops it.
  if (mentionsMissing(from) || mentionsMissing(to)) return false;
  const isUsed = (part: SchemaObject): boolean => part.id !== column.id && part.dependsOn.includes(column.id);
  if (columnsOf(table, from).some(isUsed)) return false;
  return constraintsOf(table, from).every((constraint) => {
    if (!isUsed(constraint)) return true;
    const { type } = propsOf<ConstraintProps>(constraint);
    return (type === 'check' || type === 'foreign key') && constraint.info.column === column.id;
  });
}

function mentionsMissing({ objects }: Schema): boolean {
  for (const object of objects.values()) if (object.dependsOn.includes(MISSING)) return true;
  return false;
}

function altersNatively(change: Extract<Change, { action: 'alter' }>, context: RenderContext): boolean {
  const { before, after, changed } = change;
  if (changed.length !== 1 || changed[0] !== 'notNull' || !alterable(after, context)) return false;
  const old = propsOf<ColumnProps>(before).notNull;
  const now = propsOf<ColumnProps>(after).notNull;
  if (old && now) return false;
  const inKey = [...context.from.objects.values()].some(
    (object) =>
      object.kind === 'constraint' &&
      object.props.type === 'primary key' &&
      object.dependsOn.includes(before.id),
  );
  return !inKey && (now === null || now.name === null);
}

function isNamedCheck(constraint: SchemaObject, context: RenderContext): boolean {
  const { type, name } = propsOf<ConstraintProps>(constraint);
  return type === 'check' && name === foldName(constraint.name) && alterable(constraint, context);
}

/**
 * ALTER COLUMN and DROP CONSTRAINT edit the stored text, and may put their words wrong where a comment stands in it.
 */
function alterable(part: SchemaObject, context: RenderContext): boolean {
  const table = context.from.objects.get(part.parent!);
  return featuresOf(context).alterConstraints && !/--|\/\*/.test(String(table?.info.sql));
}
