import type { Hazard } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, qualified, shadowing } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { swapType } from '../swap-type.js';
import { createTypeSql, dropType, renameType, typeSlots } from '../type-sql.js';
import { rereadValues } from './lost-values.js';

/**
 * A range type with, from PostgreSQL 14, its multirange. One with a canonical function is not managed: that
 * function, in C, must exist before the type it takes.
 */
export const rangeTypeKind: PostgresKind = {
  name: 'range-type',
  rank: 13,
  label: (object) => `range type ${plainName(object.schema, object.name)}`,
  reference: (object) => `TYPE ${nameOf(object)}`,
  slots: (object) => [
    ...typeSlots(object),
    ...(typeof object.info.multirange === 'string'
      ? [`type ${plainName(object.schema, object.info.multirange)}`]
      : []),
  ],

  query: (version) => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible, format_type(r.rngsubtype, NULL) AS subtype,
           CASE WHEN NOT o.opcdefault THEN quote_ident(o.opcname) END AS opclass, p.nspname AS opclass_schema,
           CASE WHEN r.rngcollation <> s.typcollation THEN r.rngcollation::regcollation::text END AS collation,
           ${routineName('r.rngsubdiff')} AS subtype_diff,
           r.rngcanonical <> 0 AS canonical,
           ${version >= 140000 ? '(SELECT m.typname FROM pg_type m WHERE m.oid = r.rngmultitypid)' : 'NULL'} AS multirange
      FROM pg_range r
      JOIN pg_type t ON t.oid = r.rngtypid
      JOIN pg_type s ON s.oid = r.rngsubtype
      JOIN pg_opclass o ON o.oid = r.rngsubopc
      JOIN pg_namespace p ON p.oid = o.opcnamespace
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read(row) {
    const schema = row.schema as string;
    const name = row.name as string;
    if (row.canonical === true) {
      return { unmanaged: { kind: 'range type with a canonical function', name: plainName(schema, name) } };
    }
    const multirange = row.multirange as string | null;
    const opclassSchema = row.opclass_schema as string;
    return {
      kind: 'range-type',
      path: [schema, name],
      name,
      schema,
      parent: null,
      props: {
        subtype: row.subtype as string,
        opclass:
          row.opclass === null || opclassSchema === 'pg_catalog'
            ? (row.opclass as string | null)
            : `${qualified(opclassSchema, '')}${row.opclass as string}`,
        collation: row.collation as string | null,
        subtypeDiff: row.subtype_diff as string | null,
        multirange: multirange === defaultMultirange(name) ? null : multirange,
      },
      info: { multirange, ...shadowing(schema, row.visible) },
    };
  },

  create: (object) => ({ sql: [createTypeSql(object)] }),
  drop: dropType,
  rename: renameType,
  worthRenaming: true,
  alter: (before, after, changed, context) =>
    swapType(before, after, context, {
      hazards: changed.includes('subtype') ? boundsChange(before, after) : [],
    }),
};

function boundsChange(before: SchemaObject, after: SchemaObject): Hazard[] {
  const [from, to] = [String(before.props.subtype), String(after.props.subtype)];
  // The texts of numbers are exact: what does not fit stops.
  return rereadValues(/^(date|time)/.test(from) ? from : '', to, plainName(after.schema, after.name));
}

/** `makeMultirangeTypeName` of PostgreSQL: "range" becomes "multirange", or "_multirange" is appended. */
function defaultMultirange(range: string): string {
  return range.includes('range') ? range.replace('range', 'multirange') : `${range}_multirange`;
}
