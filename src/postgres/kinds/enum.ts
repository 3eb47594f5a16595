import type { Hazard, RenderContext, Rendered } from '../../schema/kind.js';
import { propsOf } from '../../schema/kind.js';
import { partId, type SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import {
  nameOf,
  plainName,
  plainRelationOf,
  quoteIdent,
  quoteLiteral,
  relationOf,
  shadowing,
} from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { columnsUsing, swapType } from '../swap-type.js';
import { createTypeSql, dropType, type EnumProps, renameType, typeSlots } from '../type-sql.js';

/** An enum type. Values are added in place; removing or reordering them makes the type anew. */
export const enumKind: PostgresKind = {
  name: 'enum',
  rank: 10,
  label: (object) => `enum ${plainName(object.schema, object.name)}`,
  reference: (object) => `TYPE ${nameOf(object)}`,
  slots: typeSlots,
  rename: renameType,
  worthRenaming: true,
  // A likely rename stands at the same place.
  parts: (object) =>
    propsOf<EnumProps>(object).values.map((name, place) => ({
      id: partId('enum-value', object.id, name),
      kind: 'enum-value',
      name,
      schema: object.schema,
      parent: object.id,
      props: { type: `value ${place}` },
      info: object.info,
      dependsOn: [object.id],
    })),

  query: () => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible,
           ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS values
      FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'e' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read: (row) => ({
    kind: 'enum',
    path: [row.schema as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: null,
    props: { values: row.values as string[] },
    info: shadowing(row.schema as string, row.visible),
  }),

  create: (object) => ({ sql: [createTypeSql(object)] }),
  drop: dropType,

  alter(before, after, _changed, context) {
    const old = propsOf<EnumProps>(before).values;
    const wanted = propsOf<EnumProps>(after).values;
    const kept = wanted.filter((value) => old.includes(value));
    if (kept.length === old.length && kept.every((value, i) => value === old[i]))
      return addValues(after, old);
    const removed = old.filter((value) => !wanted.includes(value));
    const name = plainName(after.schema, after.name);
    return swapType(before, after, context, {
      hazards:
        removed.length === 0
          ? []
          : [
              ...heldValues(before, removed, context),
              {
                code: 'remove-enum-value',
                level: 'may-fail',
                subject: name,
                message: `fails if a row still holds ${removed.map((value) => `'${value}'`).join(' or ')}`,
              },
            ],
    });
  },
};

/** The columns of the type itself, each with the query for its rows in the way. */
function heldValues(type: SchemaObject, removed: readonly string[], context: RenderContext): Hazard[] {
  const values = removed.map(quoteLiteral).join(', ');
  return columnsUsing(type, context).flatMap((column): Hazard[] => {
    const held = String(column.props.type);
    const isArray = held === `${nameOf(type)}[]`;
    if (held !== nameOf(type) && !isArray) return [];
    const [name, table] = [quoteIdent(column.name), relationOf(column)];
    const subject = `${plainRelationOf(column)}.${column.name}`;
    const test = isArray ? `${name}::text[] && ARRAY[${values}]` : `${name}::text IN (${values})`;
    return [
      {
        code: 'remove-enum-value',
        level: 'may-fail',
        subject,
        message: `fails while a row of ${subject} holds ${removed.map((value) => `'${value}'`).join(' or ')}`,
        stoppedBy: `SELECT * FROM ${table} WHERE ${test}`,
      },
    ];
  });
}

/** Each new value stands next to one that is there by then: in front of the first old one, else behind its neighbour. */
function addValues(after: SchemaObject, old: readonly string[]): Rendered {
  const { values } = propsOf<EnumProps>(after);
  const name = nameOf(after);
  const firstOld = values.findIndex((value) => old.includes(value));
  const added = values.flatMap((value, i) => {
    if (old.includes(value)) return [];
    const place =
      i < firstOld
        ? ` BEFORE ${quoteLiteral(values[firstOld]!)}`
        : i === 0 || values.slice(i).every((later) => !old.includes(later))
          ? ''
          : ` AFTER ${quoteLiteral(values[i - 1]!)}`;
    return [{ value, sql: `ALTER TYPE ${name} ADD VALUE ${quoteLiteral(value)}${place}` }];
  });
  const words = added.map(({ value }) => `'${value}'`).join(', ');
  return {
    sql: added.map(({ sql }) => sql),
    summary: `Add ${words} to enum ${plainName(after.schema, after.name)}`,
    commitAfter: true,
  };
}
