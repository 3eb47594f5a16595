import { sameValue } from '../schema/equal.js';
import type { Alteration, Hazard, RenderContext } from '../schema/kind.js';
import { propsOf } from '../schema/kind.js';
import { dependentsOf, objectsOfKind } from '../schema/lookup.js';
import { compareText, type Schema, type SchemaObject } from '../schema/object.js';
import { followsParent } from './attachments.js';
import { compositeConverters } from './composite-converters.js';
import { plainName, qualified, quoteIdent } from './identifiers.js';
import { postgresKind } from './kind-registry.js';
import { type ColumnProps, columnSettings } from './kinds/column-definition.js';
import { domainConstraintSql } from './kinds/domain-constraint.js';
import { temporaryNames } from './temporary-names.js';
import { createTypeSql, TYPE_KINDS } from './type-sql.js';

/**
 * Changes a type where PostgreSQL has no ALTER for it, without losing a row: the old type is renamed, the new one made
 * under its name, every column converted, the old one dropped. Types that are built on it (a domain over an
 * enum, a composite with one) are made anew with it. Whatever else uses these types or columns is dropped before
 * and created again after, by the planner.
 *
 * `replace` when no column holds values of the type: then a plain drop and create does. A collation under columns is
 * changed in the same way.
 */
export function swapType(
  before: SchemaObject,
  after: SchemaObject,
  context: RenderContext,
  options: {
    /** Carry composite values over by the names of their attributes. Default: every value by way of its text. */
    readonly byName?: boolean;
    readonly hazards?: readonly Hazard[];
    /** New and changed checks of the domain, to be written into its CREATE. */
    readonly checks?: readonly SchemaObject[];
    /** For a base type: the objects that go and come with it, and all that it takes to make it. */
    readonly parts?: readonly SchemaObject[];
    readonly create?: readonly string[];
  } = {},
): Alteration {
  const parts = options.parts ?? [];
  const inside: RenderContext = { ...context, folded: parts };
  const types = remadeTypes(before, context);
  const typeIds = new Set(types.map((type) => type.id));
  const columns = columnsOf(typeIds, context);
  if (columns.length === 0) return 'replace';

  const checks = [...checksToKeep(typeIds, context), ...(options.checks ?? [])];
  const remade = new Set([...typeIds, ...[...checks, ...parts].map(({ id }) => id)]);
  const touched = new Set([...remade, ...columns.map((column) => column.id)]);
  const name = plainName(after.schema, after.name);
  const creates = types.flatMap((type) => {
    const object = type === before ? after : type;
    if (type === before && options.create) return options.create;
    if (!TYPE_KINDS.has(type.kind)) return postgresKind(type.kind).create(object, context).sql;
    return createTypeSql(object, checks.filter((check) => check.parent === type.id).map(domainConstraintSql));
  });
  // The functions of a range keep its name when the type is renamed, so old and new cannot stand side by side.
  const asText = parts.length > 0 || types.some((type) => type.kind === 'range-type');
  return {
    sql: [
      ...(asText
        ? throughText(types, creates, columns, inside)
        : sideBySide(types, after, creates, columns, inside, options.byName === true)),
      // The new type brings its own storage with it.
      ...columns.flatMap((column) => columnSettings(column, context)),
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
    disturbs: (dependent) => !touched.has(dependent.id) && isInTheWay(dependent, remade, asText),
  };
}

/** Renames the old types, so that each table is rewritten once. */
function sideBySide(
  types: readonly SchemaObject[],
  after: SchemaObject,
  creates: readonly string[],
  columns: readonly SchemaObject[],
  context: RenderContext,
  byName: boolean,
): string[] {
  const names = temporaryNames(types, context);
  const converters = byName
    ? compositeConverters(
        types.map((type, i) => ({
          before: type,
          after: type.id === after.id ? after : type,
          oldName: names[i]!,
        })),
      )
    : undefined;
  return [
    ...types.flatMap((type, i) => postgresKind(type.kind).rename!(type, names[i]!).sql),
    ...creates,
    ...(converters?.create ?? []),
    ...alterColumns(leading(columns, context), context.from, (column, value) => {
      const { type, collation } = propsOf<ColumnProps>(column);
      const collate = collation === null ? '' : ` COLLATE ${collation}`;
      return `${type}${collate} USING ${converters ? `${converters.name}(${value})` : `${value}::text::${type}`}`;
    }),
    ...(converters?.drop ?? []),
    ...types
      .map((type, i) =>
        dropSql({ ...type, name: names[i]!, info: { ...type.info, shadowed: false } }, context),
      )
      .reverse()
      .flat(),
  ];
}

/** The columns that are altered themselves: those of partitions change with their parent's. */
function leading(columns: readonly SchemaObject[], context: RenderContext): readonly SchemaObject[] {
  return columns.filter((column) => !followsParent(column, context));
}

function dropSql(type: SchemaObject, context: RenderContext): readonly string[] {
  return postgresKind(type.kind).drop(type, context).sql;
}

/** Keeps the values as text while the types are made anew. */
function throughText(
  types: readonly SchemaObject[],
  creates: readonly string[],
  columns: readonly SchemaObject[],
  context: RenderContext,
): string[] {
  const { from, to } = context;
  const renamed = types.some((type) => type.info.multirange !== to.objects.get(type.id)!.info.multirange);
  return [
    ...alterColumns(leading(columns, context), from, (_, value) => `text USING ${value}::text`),
    ...types
      .map((type) => dropSql(type, context))
      .reverse()
      .flat(),
    ...creates,
    ...alterColumns(leading(columns, context), from, (column, value) => {
      // Its type may have got another name: that of a range's multirange can change.
      const { type, collation } = propsOf<ColumnProps>(renamed ? to.objects.get(column.id)! : column);
      return `${type}${collation === null ? '' : ` COLLATE ${collation}`} USING ${value}::${type}`;
    }),
  ];
}

/**
 * The checks of the types' domains that are written into the new CREATE DOMAIN. PostgreSQL refuses to add one later
 * where a column holds the domain inside an array or a composite, so only those are left to the planner that
 * change, or call something that has to go in between.
 */
function checksToKeep(types: ReadonlySet<string>, { from, to }: RenderContext): SchemaObject[] {
  const needsType = (id: string): boolean =>
    from.objects.get(id)?.dependsOn.some((needed) => types.has(needed)) ?? false;
  return objectsOfKind(from, 'domain-constraint').filter((check) => {
    const after = to.objects.get(check.id);
    return (
      types.has(check.parent!) &&
      check.props.validated === true &&
      after !== undefined &&
      sameValue(check.props, after.props) &&
      !check.dependsOn.some((needed) => !types.has(needed) && needsType(needed))
    );
  });
}

/**
 * The type and all types built on it that columns hold values of. One without values is dropped before and
 * created again after, by the planner.
 */
function remadeTypes(type: SchemaObject, context: RenderContext): SchemaObject[] {
  return typesBuiltOn(type, context).filter(
    (found) => found === type || columnsUsing(found, context).length > 0,
  );
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
    for (const object of dependentsOf(from, current.id)) {
      // What is no longer built on it lets go of it by an alteration of its own, before.
      const stays = to.objects.get(object.id)?.dependsOn.includes(current.id) === true;
      if (TYPE_KINDS.has(object.kind) && stays) visit(object);
    }
    order.push(current);
  };
  visit(type);
  return order.reverse();
}

/** Columns that use the types before and after; computed ones are the planner's, they hold no values of their own. */
function columnsOf(types: ReadonlySet<string>, { from, to }: RenderContext): SchemaObject[] {
  const uses = (column: SchemaObject): boolean => column.dependsOn.some((needed) => types.has(needed));
  return objectsOfKind(from, 'column').filter((column) => {
    const after = to.objects.get(column.id);
    return !isGenerated(column) && uses(column) && after !== undefined && uses(after);
  });
}

function isGenerated(column: SchemaObject): boolean {
  return propsOf<ColumnProps>(column).generated !== null;
}

/** One ALTER TABLE a table, so that each is rewritten once. */
function alterColumns(
  columns: readonly SchemaObject[],
  from: Schema,
  typeOf: (column: SchemaObject, value: string) => string,
): string[] {
  return [...groupByTable(columns)].map(([tableId, own]) => {
    const table = from.objects.get(tableId)!;
    const changes = own.map((column) => {
      const value = quoteIdent(column.name);
      return `ALTER COLUMN ${value} TYPE ${typeOf(column, value)}`;
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
 * the server, unless the column is text in between (`asText`).
 */
function isInTheWay(dependent: SchemaObject, remade: ReadonlySet<string>, asText: boolean): boolean {
  if (['table', 'schema', 'sequence'].includes(dependent.kind)) return false;
  if (dependent.kind === 'column') return isGenerated(dependent);
  if (dependent.dependsOn.some((needed) => remade.has(needed))) return true;
  return (
    dependent.kind === 'default' ||
    (asText && ['index', 'constraint'].includes(dependent.kind)) ||
    dependent.props.type === 'foreign key' ||
    postgresKind(dependent.kind).blocksColumnTypeChange === true
  );
}
