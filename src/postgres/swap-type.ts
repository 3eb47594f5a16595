import type { Alteration, Hazard, RenderContext } from '../schema/kind.js';
import { propsOf } from '../schema/kind.js';
import { compareText, type Schema, type SchemaObject } from '../schema/object.js';
import { plainName, qualified, quoteIdent } from './identifiers.js';
import { postgresKind } from './kind-registry.js';
import { type ColumnProps, columnSettings } from './kinds/column-definition.js';
import { createTypeSql, TYPE_KINDS } from './type-sql.js';

/** How a column's value gets from the old type into the new one; `value` is the column's quoted name. */
export type Conversion = (value: string, type: string) => string;

/** By way of its text form: right for every type whose old text the new type can read, arrays included. */
const BY_TEXT: Conversion = (value, type) => `${value}::text::${type}`;

/**
 * Changes a type where PostgreSQL has no ALTER for it, without losing a row: the old type is renamed, the new one made
 * under its name, every column converted, the old one dropped. Types that are built on it (a domain over an
 * enum, a composite with one) are made anew with it. Whatever else uses these types or columns is dropped before
 * and created again after, by the planner.
 *
 * `replace` when no column holds values of the type: then a plain drop and create does.
 */
export function swapType(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
  options: { readonly convert?: Conversion; readonly hazards?: readonly Hazard[] } = {},
): Alteration {
  const types = typesBuiltOn(before, context);
  const typeIds = new Set(types.map((type) => type.id));
  const columns = columnsOf(typeIds, context);
  if (columns.length === 0) return 'replace';

  const taken = new Set([...context.from.objects.values(), ...context.to.objects.values()].map(nameKey));
  const old = new Map(types.map((type) => [type.id, temporaryName(type, taken)]));
  const touched = new Set([...typeIds, ...columns.map((column) => column.id)]);
  const name = plainName(after.schema, after.name);
  return {
    sql: [
      ...types.map(
        (type) =>
          `ALTER TYPE ${qualified(type.schema, type.name)} RENAME TO ${quoteIdent(old.get(type.id)!)}`,
      ),
      ...types.map((type) => createTypeSql(type === before ? after : type)),
      ...convertColumns(columns, context.from, (column) =>
        column.dependsOn.includes(before.id) ? (options.convert ?? BY_TEXT) : BY_TEXT,
      ),
      // The new type brings its own storage with it.
      ...columns.flatMap(columnSettings),
      ...types.toReversed().map((type) => `DROP TYPE ${qualified(type.schema, old.get(type.id)!)}`),
    ],
    summary: `Make ${postgresKind(after.kind).label(after)} anew and convert the columns that use it`,
    hazards: [
      ...(options.hazards ?? []),
      {
        code: 'rewrite-table',
        level: 'blocking',
        subject: name,
        message: `every table with a column of type ${name} is rewritten and locked meanwhile`,
      },
    ],
    touches: [...touched].filter((id) => id !== after.id).sort(compareText),
    disturbs: (dependent) => !touched.has(dependent.id) && isInTheWay(dependent, typeIds),
  };
}

/** The columns of user-made tables whose values are of one of the types. */
export function columnsUsing(type: SchemaObject, context: RenderContext): SchemaObject[] {
  return columnsOf(new Set(typesBuiltOn(type, context).map((found) => found.id)), context);
}

/** The type and, after what they need, all types that stay and are built on it. */
function typesBuiltOn(type: SchemaObject, { from, to }: RenderContext): SchemaObject[] {
  const order: SchemaObject[] = [];
  const seen = new Set<string>();
  const visit = (current: SchemaObject): void => {
    if (seen.has(current.id)) return;
    seen.add(current.id);
    for (const object of from.objects.values()) {
      if (TYPE_KINDS.has(object.kind) && to.objects.has(object.id) && object.dependsOn.includes(current.id)) {
        visit(object);
      }
    }
    order.push(current);
  };
  visit(type);
  return order.reverse();
}

/** Columns that use the types before and after; computed ones are the planner's, they hold no values of their own. */
function columnsOf(types: ReadonlySet<string>, { from, to }: RenderContext): SchemaObject[] {
  const uses = (column: SchemaObject): boolean => column.dependsOn.some((needed) => types.has(needed));
  return [...from.objects.values()].filter((object) => {
    const after = to.objects.get(object.id);
    return (
      object.kind === 'column' && !isGenerated(object) && uses(object) && after !== undefined && uses(after)
    );
  });
}

function isGenerated(column: SchemaObject): boolean {
  return propsOf<ColumnProps>(column).generated !== null;
}

/** One ALTER TABLE a table, so that each is rewritten once. */
function convertColumns(
  columns: readonly SchemaObject[],
  from: Schema,
  conversionOf: (column: SchemaObject) => Conversion,
): string[] {
  return [...groupByTable(columns)].map(([tableId, own]) => {
    const table = from.objects.get(tableId)!;
    const changes = own.map((column) => {
      const value = quoteIdent(column.name);
      const { type, collation } = propsOf<ColumnProps>(column);
      const collate = collation === null ? '' : ` COLLATE ${collation}`;
      return `ALTER COLUMN ${value} TYPE ${type}${collate} USING ${conversionOf(column)(value, type)}`;
    });
    return `ALTER TABLE ${qualified(table.schema, table.name)}\n  ${changes.join(',\n  ')}`;
  });
}

function groupByTable(columns: readonly SchemaObject[]): Map<string, SchemaObject[]> {
  const groups = new Map<string, SchemaObject[]>();
  for (const column of columns) groups.set(column.parent!, [...(groups.get(column.parent!) ?? []), column]);
  return groups;
}

/**
 * True for what PostgreSQL would refuse to keep, or would keep bound to the old type: everything that names the type
 * itself, and what blocks the type change of a column. Indexes and constraints on plain columns are rebuilt by
 * the server.
 */
function isInTheWay(dependent: SchemaObject, types: ReadonlySet<string>): boolean {
  if (['table', 'schema', 'sequence'].includes(dependent.kind)) return false;
  if (dependent.kind === 'column') return isGenerated(dependent);
  if (dependent.dependsOn.some((needed) => types.has(needed))) return true;
  return (
    dependent.kind === 'default' ||
    dependent.props.type === 'foreign key' ||
    postgresKind(dependent.kind).blocksColumnTypeChange === true
  );
}

function nameKey(object: SchemaObject): string {
  return `${object.schema} ${object.name}`;
}

/** A name within PostgreSQL's 63 bytes that nothing in the schema has. */
function temporaryName(type: SchemaObject, taken: Set<string>): string {
  for (let attempt = 0; ; attempt += 1) {
    const suffix = attempt === 0 ? '__old' : `__old${attempt}`;
    let stem = type.name;
    while (Buffer.byteLength(stem + suffix) > 63) stem = [...stem].slice(0, -1).join('');
    const name = stem + suffix;
    const key = nameKey({ ...type, name });
    if (taken.has(key)) continue;
    taken.add(key);
    return name;
  }
}
