import { type Hazard, propsOf, type RenderContext } from '../schema/kind.js';
import type { Schema, SchemaObject } from '../schema/object.js';
import { type Affinity, affinityOf } from './affinity.js';
import { idOf, ownerName, plainName } from './ids.js';
import { foldName, quoteName } from './names.js';
import { normalSql } from './normal-sql.js';
import type { ColumnProps, ConstraintProps, TableProps } from './table-facts.js';

/**
 * Changes that pass on an empty table and may fail on a full one. Each comes with a query for the rows that
 * stop it, on the database as it is before the step.
 */

/** A column of an existing table becomes NOT NULL. */
export function nullsStop(column: SchemaObject): Hazard {
  const name = quoteName(column.name);
  return mayFail(
    'set-not-null',
    column,
    `rows of ${ownerName(column)} have no value in ${column.name}, which is to be NOT NULL`,
    `SELECT * FROM ${quoteName(ownerName(column))} WHERE ${name} IS NULL`,
  );
}

/** A NOT NULL column without a value to fill it comes to an existing table: any row stops it. */
export function anyRowStops(column: SchemaObject): Hazard {
  return mayFail(
    'add-not-null',
    column,
    `column ${plainName(column)} is NOT NULL and has no default, so it cannot be added to a table with rows`,
    `SELECT * FROM ${quoteName(ownerName(column))}`,
  );
}

/** Values that are to be unique occur twice. `terms` are expressions, each with its collation. */
export function duplicatesStop(object: SchemaObject, terms: readonly string[], where: string | null): Hazard {
  const keys = terms.map(oneLine);
  const table = quoteName(ownerName(object));
  const present = keys.map((key) => `${key} IS NOT NULL`);
  const conditions = [...(where === null ? [] : [`(${oneLine(where)})`]), ...present].join(' AND ');
  return mayFail(
    'add-unique',
    object,
    `rows of ${ownerName(object)} have the same values in ${keys.join(', ')}, which are to be unique`,
    `SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY ${keys.join(', ')}) AS copies FROM ${table} WHERE ${conditions}) WHERE copies > 1`,
  );
}

/** Rows for which a new CHECK is false. */
export function checkStops(constraint: SchemaObject, check: string): Hazard {
  const expression = oneLine(check);
  return mayFail(
    'add-check',
    constraint,
    `rows of ${ownerName(constraint)} break the new check (${expression})`,
    `SELECT * FROM ${quoteName(ownerName(constraint))} WHERE NOT (${expression})`,
  );
}

/** Rows whose new foreign key finds nothing. Undefined when what it refers to is not there yet, or not known. */
export function orphansStop(
  constraint: SchemaObject,
  { from: state, to }: RenderContext,
): Hazard | undefined {
  const { from = [], table = '', referenced = [] } = propsOf<ConstraintProps>(constraint);
  const keys = referenced.length > 0 ? referenced : primaryKeyOf(table, to);
  if (keys.length !== from.length || !keys.every((key) => state.objects.has(idOf('column', table, key)))) {
    return undefined;
  }
  const child = quoteName(ownerName(constraint));
  const present = from.map((name) => `c.${quoteName(name)} IS NOT NULL`).join(' AND ');
  const match = from.map((name, at) => `p.${quoteName(keys[at]!)} = c.${quoteName(name)}`).join(' AND ');
  return mayFail(
    'add-foreign-key',
    constraint,
    `rows of ${ownerName(constraint)} point to rows of ${table} that do not exist`,
    `SELECT c.* FROM ${child} AS c WHERE ${present} AND NOT EXISTS (SELECT 1 FROM ${quoteName(table)} AS p WHERE ${match})`,
  );
}

function primaryKeyOf(table: string, schema: Schema): readonly string[] {
  for (const object of schema.objects.values()) {
    if (object.kind !== 'constraint' || foldName(ownerName(object)) !== table) continue;
    const { type, columns } = propsOf<ConstraintProps>(object);
    if (type === 'primary key') return columns!.map(({ name }) => name);
  }
  return [];
}

/** A column changes its type, or its table becomes STRICT: the values that would be stored differently or not at all. */
export function valuesStop(
  before: SchemaObject,
  after: SchemaObject,
  tables: { readonly before: SchemaObject; readonly after: SchemaObject },
): Hazard | undefined {
  const wasStrict = propsOf<TableProps>(tables.before).strict;
  const { strict } = propsOf<TableProps>(tables.after);
  const oldType = propsOf<ColumnProps>(before).type;
  const { type, generated } = propsOf<ColumnProps>(after);
  if (generated !== null) return undefined;
  const affinity = affinityOf(type, strict);
  const name = quoteName(before.name);
  const conditions: string[] = [];
  if (affinity !== affinityOf(oldType, wasStrict)) conditions.push(...REWRITES[affinity](name));
  if (strict && (!wasStrict || type !== oldType)) conditions.push(...refusedByStrict(type, name));
  if (conditions.length === 0) return undefined;
  return mayFail(
    'change-type',
    after,
    `values of ${plainName(after)} would not be the same as ${type === '' ? 'a column without a type' : type}`,
    `SELECT ${name}, typeof(${name}) AS type FROM ${quoteName(ownerName(before))} WHERE ${conditions.join(' OR ')}`,
  );
}

/** A text that SQLite takes for a number: compared with a REAL it becomes one, and no number is above infinity. */
const isNumber = (name: string): string => `(typeof(${name}) = 'text' AND ${name} <= CAST(9e999 AS REAL))`;
/** '007' and '1.0' come back as 7 and 1, a number of many digits as a rounded one. */
const textChanges = (name: string, ...types: readonly string[]): string =>
  `(${[isNumber(name), ...types.map((type) => `CAST(CAST(${name} AS ${type}) AS TEXT) IS NOT ${name}`)].join(' AND ')})`;

/** Which values a column's affinity would store as something that does not come back the same. */
const REWRITES: Record<Affinity, (name: string) => string[]> = {
  BLOB: () => [],
  TEXT: (name) => [`(typeof(${name}) = 'real' AND CAST(CAST(${name} AS TEXT) AS REAL) IS NOT ${name})`],
  REAL: (name) => [
    textChanges(name, 'NUMERIC', 'REAL'),
    `(typeof(${name}) = 'integer' AND CAST(CAST(${name} AS REAL) AS INTEGER) IS NOT ${name})`,
  ],
  INTEGER: (name) => [textChanges(name, 'NUMERIC')],
  NUMERIC: (name) => [textChanges(name, 'NUMERIC')],
};

/** What a STRICT column of the type refuses (https://www.sqlite.org/stricttables.html). */
function refusedByStrict(type: string, name: string): string[] {
  switch (type) {
    case 'INT':
    case 'INTEGER':
      return [
        `typeof(${name}) = 'blob'`,
        `(typeof(${name}) = 'text' AND NOT (${isNumber(name)} AND CAST(${name} AS NUMERIC) = CAST(${name} AS INTEGER)))`,
        `(typeof(${name}) = 'real' AND ${name} <> CAST(${name} AS INTEGER))`,
      ];
    case 'REAL':
      return [`typeof(${name}) = 'blob'`, `(typeof(${name}) = 'text' AND NOT ${isNumber(name)})`];
    case 'TEXT':
      return [`typeof(${name}) = 'blob'`];
    case 'BLOB':
      return [`typeof(${name}) NOT IN ('blob', 'null')`];
    default:
      return [];
  }
}

/** An expression as it can stand in one line of comment: without comments and line breaks of its own. */
function oneLine(expression: string): string {
  return /[\r\n]|--|\/\*/.test(expression) ? normalSql(expression) : expression;
}

function mayFail(code: string, object: SchemaObject, message: string, stoppedBy: string): Hazard {
  const hazard: Hazard = { code, level: 'may-fail', subject: plainName(object), message };
  // A name or string with a line break has no place in a line of comment.
  return /[\r\n]/.test(stoppedBy) ? hazard : { ...hazard, stoppedBy };
}
