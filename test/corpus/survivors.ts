import type { Connection } from '../../src/database/connection.js';
import { qualified, quoteIdent } from '../../src/postgres/identifiers.js';
import { sameValue } from '../../src/schema/equal.js';
import { objectPath, type Schema, type SchemaObject } from '../../src/schema/object.js';

/** Every value a person would call data, as texts: by table its rows, by sequence where it stands. */
export type Survivors = Readonly<Record<string, unknown>>;

/**
 * Reads the rows of the tables both states have, in the columns both have, and where their sequences stand.
 * @param sameForm leave out what has another type in the two states, whose text may be another
 */
export async function survivors(
  connection: Connection,
  from: Schema,
  to: Schema,
  sameForm: boolean,
): Promise<Survivors> {
  const found: Record<string, unknown> = {};
  for (const table of both(from, to, 'table')) {
    if ([from, to].some((side) => hasForeignRows(side, table.id))) continue;
    const columns = both(from, to, 'column').filter(
      (column) => column.parent === table.id && isStored(from, to, column, sameForm),
    );
    const values = columns.map((column) => `${quoteIdent(column.name)}::text COLLATE "C"`);
    found[table.id] = await connection.query(
      `SELECT ARRAY[${values.join(', ')}]::text[] AS row FROM ONLY ${qualified(table.schema, table.name)} ORDER BY 1`,
    );
  }
  for (const sequence of both(from, to, 'sequence')) {
    if (sameForm && !sameDirection(from, to, sequence)) continue;
    found[sequence.id] = await connection.query(
      `SELECT last_value::text, is_called FROM ${qualified(sequence.schema, sequence.name)}`,
    );
  }
  for (const column of numbered(from, to)) {
    const [schema, table, name] = objectPath(column.id) as [string, string, string];
    const [row] = await connection.query<{ sequence: string | null }>(
      'SELECT pg_get_serial_sequence($1, $2) AS sequence',
      [qualified(schema, table), name],
    );
    const sequence = row?.sequence ?? null;
    found[`numbering of ${column.id}`] =
      sequence === null
        ? null
        : await connection.query(`SELECT last_value::text, is_called FROM ${sequence}`);
  }
  return found;
}

/** True for a foreign table, and for a partitioned one that has such a partition: no wrapper here can read one. */
function hasForeignRows(schema: Schema, table: string): boolean {
  return [...schema.objects.values()].some(
    ({ id, kind, props, parent }) =>
      (id === table && (props.server ?? null) !== null) ||
      (kind === 'partition' && props.of === table && hasForeignRows(schema, parent!)),
  );
}

/** Columns that number their rows in both states, in at least one of them by an identity. */
function numbered(from: Schema, to: Schema): SchemaObject[] {
  const numbers = (schema: Schema, column: SchemaObject): boolean =>
    schema.objects.get(column.id)!.props.identity !== null ||
    [...schema.objects.values()].some(({ kind, parent }) => kind === 'sequence' && parent === column.id);
  const identity = (schema: Schema, column: SchemaObject): boolean =>
    schema.objects.get(column.id)!.props.identity !== null;
  return both(from, to, 'column').filter(
    (column) =>
      numbers(from, column) && numbers(to, column) && (identity(from, column) || identity(to, column)),
  );
}

function both(from: Schema, to: Schema, kind: string): SchemaObject[] {
  return [...from.objects.values()].filter((object) => object.kind === kind && to.objects.has(object.id));
}

function isStored(from: Schema, to: Schema, column: SchemaObject, sameForm: boolean): boolean {
  const after = to.objects.get(column.id)!;
  if (column.props.generated !== null || after.props.generated !== null) return false;
  if (!sameForm) return true;
  return column.props.type === after.props.type && !holdsChangedComposite(from, to, column);
}

/** True when a composite whose attributes change lies anywhere in the column's type. */
function holdsChangedComposite(from: Schema, to: Schema, object: SchemaObject): boolean {
  const types = object.dependsOn.flatMap((id) => from.objects.get(id) ?? []);
  return types.some(
    (type) =>
      (type.kind === 'composite-type' && !sameValue(type.props, to.objects.get(type.id)?.props ?? null)) ||
      (/^(composite-type|domain|range-type)$/.test(type.kind) && holdsChangedComposite(from, to, type)),
  );
}

function sameDirection(from: Schema, to: Schema, sequence: SchemaObject): boolean {
  const down = (schema: Schema) => String(schema.objects.get(sequence.id)!.props.increment).startsWith('-');
  return down(from) === down(to);
}
