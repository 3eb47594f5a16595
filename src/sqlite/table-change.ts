import type { Change } from '../schema/diff.js';
import { type Hazard, type InPlace, propsOf, type RenderContext } from '../schema/kind.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { MISSING } from './dependent-facts.js';
import { plainName } from './ids.js';
import { quoteName } from './names.js';
import { isNative } from './native-change.js';
import { columnsOf } from './parts.js';
import { rebuildStatements } from './rebuild.js';
import { anyRowStops, checkStops, duplicatesStop, nullsStop, orphansStop, valuesStop } from './row-checks.js';
import type { ColumnProps, ConstraintProps, TableProps } from './table-facts.js';

/**
 * The alteration of a table as a whole: undefined when ALTER TABLE can make every one of its changes, else the
 * one rebuild that makes all of them, however many they are.
 */
export function alterTable(
  before: SchemaObject,
  after: SchemaObject,
  changes: readonly Change[],
  context: RenderContext,
): InPlace | undefined {
  const parts = changes.filter((change) => ['table', 'column', 'constraint'].includes(subject(change).kind));
  if (parts.every((change) => isNative(change, after, context))) return undefined;
  const reasons = parts.filter((change) => subject(change) !== after).map(words);
  return {
    sql: rebuildStatements(before, after, context),
    summary: `Make table ${after.name} anew and keep its rows${reasons.length > 0 ? `: ${reasons.join(', ')}` : ''}`,
    hazards: rebuildHazards(before, after, parts, context),
    withoutForeignKeys: true,
    touches: [...parts.map((change) => subject(change).id).filter((id) => id !== after.id), MISSING],
    // The rename at the end fails while anything mentions the table, which is gone at that moment.
    disturbs: ({ kind }) => kind === 'index' || kind === 'trigger' || kind === 'view',
  };
}

function subject(change: Change): SchemaObject {
  return change.action === 'alter' ? change.after : change.object;
}

function words(change: Change): string {
  const { kind, name } = subject(change);
  const verb = { create: 'add', drop: 'drop', alter: 'change' }[change.action];
  return `${verb} ${kind === 'column' ? 'column ' : ''}${name}`;
}

function rebuildHazards(
  before: SchemaObject,
  after: SchemaObject,
  changes: readonly Change[],
  context: RenderContext,
): Hazard[] {
  const hazards = changes.flatMap((change) => hazardsOf(change, { before, after }, context));
  if (propsOf<TableProps>(after).strict && !propsOf<TableProps>(before).strict) {
    const changed = new Set(changes.map((change) => subject(change).id));
    for (const column of columnsOf(after, context.to)) {
      const old = context.from.objects.get(column.id);
      if (old && !changed.has(column.id)) hazards.push(...some(valuesStop(old, column, { before, after })));
    }
  }
  return hazards;
}

function hazardsOf(
  change: Change,
  tables: { readonly before: SchemaObject; readonly after: SchemaObject },
  context: RenderContext,
): Hazard[] {
  const object = subject(change);
  if (object.kind === 'column') {
    if (change.action === 'drop') return dropColumnHazards(object);
    if (change.action === 'create') return addColumnHazards(object);
    return [
      ...becomesGenerated(change.before, change.after),
      ...becomesNotNull(change.before, change.after),
      ...some(valuesStop(change.before, change.after, tables)),
    ];
  }
  return object.kind === 'constraint' && change.action !== 'drop' ? constraintHazards(object, context) : [];
}

/** What a column that goes takes with it. */
export function dropColumnHazards(column: SchemaObject): Hazard[] {
  const name = plainName(column);
  const computed = propsOf<ColumnProps>(column).generated !== null;
  return [
    {
      code: 'drop-column',
      level: computed ? 'note' : 'data-loss',
      subject: name,
      message: computed
        ? `the values of ${name} go; they were computed from other columns`
        : `every value of ${name} is lost`,
    },
  ];
}

/** A new column has to have a value in the rows that are there. */
export function addColumnHazards(column: SchemaObject): Hazard[] {
  const { notNull, default: value, generated } = propsOf<ColumnProps>(column);
  return notNull && generated === null && (value === null || value === 'NULL') ? [anyRowStops(column)] : [];
}

/** A column that had values of its own and is computed from then on. */
function becomesGenerated(before: SchemaObject, after: SchemaObject): Hazard[] {
  if (propsOf<ColumnProps>(before).generated || !propsOf<ColumnProps>(after).generated) return [];
  const name = plainName(after);
  const message = `every value of ${name} is lost: it is computed from other columns from then on`;
  return [{ code: 'drop-column', level: 'data-loss', subject: name, message }];
}

/** A column that was nullable and no longer is. */
export function becomesNotNull(before: SchemaObject, after: SchemaObject): Hazard[] {
  return propsOf<ColumnProps>(after).notNull && !propsOf<ColumnProps>(before).notNull
    ? [nullsStop(after)]
    : [];
}

/** Rows that a new constraint refuses, where it is about columns that are there already. */
function constraintHazards(constraint: SchemaObject, context: RenderContext): Hazard[] {
  const { from, to } = context;
  const columns = constraint.dependsOn.filter((id) => id.startsWith('column:'));
  if (!columns.every((id) => from.objects.has(id))) return [];
  const { type, columns: keys = [] } = propsOf<ConstraintProps>(constraint);
  switch (type) {
    case 'check':
      return [checkStops(constraint, String(constraint.info.expression))];
    case 'foreign key':
      return some(orphansStop(constraint, context));
    default:
      return [
        duplicatesStop(
          constraint,
          keys.map(({ name, collation }) => collated(name, collation ?? collationOf(constraint, name, to))),
          null,
        ),
      ];
  }
}

function collated(name: string, collation: string | null): string {
  return collation === null ? quoteName(name) : `${quoteName(name)} COLLATE ${quoteName(collation)}`;
}

function collationOf(constraint: SchemaObject, name: string, to: Schema): string | null {
  const table = to.objects.get(constraint.parent!);
  const column = table && columnsOf(table, to).find((each) => each.name.toLowerCase() === name);
  return column ? propsOf<ColumnProps>(column).collation : null;
}

function some<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
