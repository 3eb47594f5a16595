import { propsOf } from '../../schema/kind.js';
import { objectPath, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { constraintName } from '../constraint-name.js';
import { plainRelationOf, quoteIdent, quoteLiteral, relationOf } from '../identifiers.js';
import { sentence } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';
import { type NotNullProps, notNullClause } from './column-definition.js';

/** A name such as the server gives one, of whatever name the table had then: it says nothing. */
const GIVEN_BY_SERVER = '_not_null\\d*$';

/**
 * What a NOT NULL has besides being there, since PostgreSQL 18: a name that somebody gave it, NO INHERIT, NOT VALID.
 * That it is there is the column's own property. A name is told to the server in a way that older ones pass over.
 */
export const notNullConstraintKind: PostgresKind = {
  name: 'not-null-constraint',
  rank: 32,
  since: 180000,
  label: (object) => `NOT NULL of column ${plainRelationOf(object)}.${object.name}`,
  reference: constraint,
  droppedWithParent: () => true,
  crowds: (object) => constraintName(object, String(object.info.name)),
  // CREATE TABLE takes NOT VALID and forgets it: there are no rows that could be invalid.
  foldsIntoParent: (object) => propsOf<NotNullProps>(object).validated,

  // One that is commented on counts as named, or the comment would have nothing to hold on to.
  query: (version) => `
    SELECT ${CATALOG.pg_constraint} AS classid, k.oid::int8 AS objid, 0 AS objsubid, k.conrelid::int8 AS relation,
           k.conkey[1] AS column, k.conname AS name, k.connoinherit AS no_inherit, k.convalidated AS validated,
           k.conname !~ ${quoteLiteral(GIVEN_BY_SERVER)} OR d.objoid IS NOT NULL AS named
      FROM pg_constraint k
      LEFT JOIN pg_description d ON d.classoid = ${CATALOG.pg_constraint} AND d.objoid = k.oid
     WHERE ${version >= 180000 ? `k.contype = 'n' AND k.conislocal AND k.conrelid >= ${FIRST_USER_OID}` : 'false'}
       AND (k.conname !~ ${quoteLiteral(GIVEN_BY_SERVER)} OR k.connoinherit OR NOT k.convalidated OR d.objoid IS NOT NULL)`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.relation as number, row.column as number);
    if (!parent?.startsWith('column:')) return undefined;
    const path = objectPath(parent);
    return {
      kind: 'not-null-constraint',
      path,
      name: path[2]!,
      schema: path[0]!,
      parent,
      props: {
        constraint: row.named === true ? (row.name as string) : null,
        noInherit: row.no_inherit as boolean,
        validated: row.validated as boolean,
      },
      info: { name: row.name as string },
    };
  },

  create: (object) => ({
    sql: changes(AS_USUAL, propsOf<NotNullProps>(object), object),
    summary: summary(object),
  }),
  drop(object, { to, folded }) {
    // Without the NOT NULL there is nothing left to change.
    if (!isNotNull(object, to) || to.objects.has(object.id)) return { sql: [] };
    const commented = folded.some(({ kind }) => kind === 'comment');
    return {
      sql: [
        ...(commented ? [`COMMENT ON ${constraint(object)} IS NULL`] : []),
        ...changes(propsOf<NotNullProps>(object), AS_USUAL, object),
      ],
      summary: summary(object),
    };
  },
  alter: (before, after) => ({
    sql: changes(propsOf<NotNullProps>(before), propsOf<NotNullProps>(after), after),
    summary: summary(after),
  }),
};

function constraint(object: SchemaObject): string {
  return `CONSTRAINT ${quoteIdent(String(object.info.name))} ON ${relationOf(object)}`;
}

const AS_USUAL: NotNullProps = { constraint: null, noInherit: false, validated: true };

function isNotNull(object: SchemaObject, schema: Schema): boolean {
  return schema.objects.get(object.parent!)?.props.notNull === true;
}

function summary(object: SchemaObject): string {
  return sentence([`change the name or the reach of NOT NULL of ${plainRelationOf(object)}.${object.name}`]);
}

function changes(before: NotNullProps, after: NotNullProps, object: SchemaObject): string[] {
  const table = `ALTER TABLE ${relationOf(object)}`;
  const column = quoteIdent(object.name);
  if (before.validated && !after.validated) {
    return [`${table} ALTER COLUMN ${column} DROP NOT NULL`, `${table} ADD ${notNullClause(after, column)}`];
  }
  const clauses = [
    ...(before.validated || !after.validated ? [] : ['VALIDATE CONSTRAINT %1$I']),
    ...(before.noInherit === after.noInherit
      ? []
      : [`ALTER CONSTRAINT %1$I ${after.noInherit ? 'NO INHERIT' : 'INHERIT'}`]),
    ...(before.constraint === after.constraint ? [] : ['RENAME CONSTRAINT %1$I TO %2$I']),
  ];
  return clauses.length === 0 ? [] : [alterByLookup(object, clauses, after.constraint ?? usualName(object))];
}

/**
 * A statement that finds the constraint by its column and changes it. Before PostgreSQL 18 there is none, and a
 * migration is to run there too.
 */
function alterByLookup(object: SchemaObject, clauses: readonly string[], name: string): string {
  const table = relationOf(object);
  const relation = `${quoteLiteral(table)}::regclass`;
  const lines = clauses.map(
    (clause) =>
      `  IF old ${clause.startsWith('RENAME') ? `<> ${quoteLiteral(name)}` : 'IS NOT NULL'} THEN\n` +
      `    EXECUTE format(${quoteLiteral(`ALTER TABLE %3$s ${clause}`)}, old, ${quoteLiteral(name)}, ${relation});\n` +
      '  END IF;',
  );
  const body = [
    'DECLARE',
    `  old name := (SELECT k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum]`,
    `               WHERE k.contype = 'n' AND k.conrelid = ${relation} AND a.attname = ${quoteLiteral(object.name)});`,
    'BEGIN',
    ...lines,
    'END',
  ].join('\n');
  return `DO ${quoteLiteral(body)}`;
}

/** The name that the server gives, cut to its 63 bytes. */
function usualName(object: SchemaObject): string {
  const [, table, column] = objectPath(object.id) as [string, string, string];
  const parts = [table, column];
  while (Buffer.byteLength(`${parts.join('_')}_not_null`) > 63) {
    const longer = Buffer.byteLength(parts[0]!) > Buffer.byteLength(parts[1]!) ? 0 : 1;
    parts[longer] = [...parts[longer]!].slice(0, -1).join('');
  }
  return `${parts.join('_')}_not_null`;
}
