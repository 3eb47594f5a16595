import { sameValue } from '../../schema/equal.js';
import { propsOf, type RenderContext } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { shapeOf, standsAlone } from '../attachments.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, qualified } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { isKept, partsOf } from '../table-parts.js';

interface TypedTableProps {
  /** The id of the composite type. */
  readonly type: string;
}

/**
 * That a table is one of a composite type. While the type or the table's columns change, it is not: each is altered
 * on its own, and the rows stay.
 */
export const typedTableKind: PostgresKind = {
  name: 'typed-table',
  rank: 38,
  query: () => `
    SELECT 'pg_inherits'::regclass::oid::int8 AS classid, c.oid::int8 AS objid, -1 AS objsubid,
      n.nspname AS schema, c.relname AS name, c.reloftype::int8 AS type,
      (SELECT json_agg(a.attnum) FROM pg_attribute a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.reloftype <> 0 AND c.relkind IN ('r', 'p') AND ${isUserSchema('n.nspname')}
      AND ${isNotExtensionMember('pg_class', 'c.oid')}`,
  read(row, _version, idAt) {
    const oid = Number(row.objid);
    const table = idAt(CATALOG.pg_class, oid, 0);
    if (table === undefined) return undefined;
    const [schema, name] = [row.schema as string, row.name as string];
    const type = idAt(CATALOG.pg_type, row.type as number, 0);
    if (type === undefined) {
      return { unmanaged: { kind: 'table of a type that is not managed', name: plainName(schema, name) } };
    }
    return {
      kind: 'typed-table',
      id: `typed-table${table.slice(table.indexOf(':'))}`,
      path: [],
      name,
      schema,
      parent: table,
      props: { type },
      needs: [
        type,
        ...((row.columns ?? []) as number[]).flatMap((column) => idAt(CATALOG.pg_class, oid, column) ?? []),
      ],
    };
  },
  label: (object) => `the type of table ${plainName(object.schema, object.name)}`,
  reference: (object) => `TABLE ${qualified(object.schema, object.name)}`,
  slots: (object) => [shapeOf(object.parent!)],
  frees: (object) => [standsAlone(object.parent!)],
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 5,
  create: (object, context) => ({
    sql: [becomesTyped(object, context)],
    summary: `Make ${plainName(object.schema, object.name)} a table of type ${typeOf(object, context)}`,
  }),
  drop: (object) => ({
    sql: [`ALTER TABLE ${qualified(object.schema, object.name)} NOT OF`],
    summary: `Let table ${plainName(object.schema, object.name)} be of no type`,
  }),
  alter: () => 'replace',
  mustBeReplaced(object, context) {
    const { from, to } = context;
    const { type } = propsOf<TypedTableProps>(object);
    const [before, after] = [from.objects.get(type), to.objects.get(type)];
    return (
      !isKept(object.parent!, context) ||
      before === undefined ||
      after === undefined ||
      !sameValue(before.props, after.props) ||
      !sameValue(shape(object.parent!, from), shape(object.parent!, to))
    );
  },
  toleratesReplacing: (object, needed) => needed.id !== object.parent && needed.id !== object.props.type,
  toleratesDropping: (object, needed) => needed.id !== object.parent && needed.id !== object.props.type,
};

function shape(table: string, schema: RenderContext['from']): Record<string, string> {
  return Object.fromEntries(
    partsOf(schema, table, 'column').map(({ name, props }) => [name, `${props.type} ${props.collation}`]),
  );
}

/** `ALTER TABLE people OF person`. */
export function becomesTyped(object: SchemaObject, context: RenderContext): string {
  return `ALTER TABLE ${qualified(object.schema, object.name)} OF ${typeOf(object, context)}`;
}

/** The type as SQL writes it. */
export function typeOf(object: SchemaObject, { to }: RenderContext): string {
  return nameOf(to.objects.get(propsOf<TypedTableProps>(object).type)!);
}
