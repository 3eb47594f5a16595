import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface TransformProps {
  readonly fromSql: string | null;
  readonly toSql: string | null;
}

/** How a language takes and gives the values of a type. CREATE OR REPLACE changes its functions. */
export const transformKind: PostgresKind = {
  name: 'transform',
  rank: 62,
  label: (object) => `transform for ${object.name}`,
  reference,

  query: () => `
    SELECT ${CATALOG.pg_transform} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           format_type(t.trftype, NULL) AS type, l.lanname AS language,
           CASE WHEN t.trffromsql <> 0 THEN t.trffromsql::regprocedure::text END AS from_sql,
           CASE WHEN t.trftosql <> 0 THEN t.trftosql::regprocedure::text END AS to_sql
      FROM pg_transform t
      JOIN pg_language l ON l.oid = t.trflang
     WHERE t.oid >= ${FIRST_USER_OID} AND ${isNotExtensionMember('pg_transform', 't.oid')}`,

  read(row) {
    const type = row.type as string;
    const language = row.language as string;
    return {
      kind: 'transform',
      path: [type, language],
      name: `${type} language ${language}`,
      schema: null,
      parent: null,
      props: { fromSql: row.from_sql as string | null, toSql: row.to_sql as string | null },
      info: { type, language },
    };
  },

  create: (object) => ({ sql: [createSql(object, 'CREATE')] }),
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  alter: (_before, after) => ({ sql: [createSql(after, 'CREATE OR REPLACE')] }),
};

function reference(object: SchemaObject): string {
  return `TRANSFORM FOR ${String(object.info.type)} LANGUAGE ${quoteIdent(String(object.info.language))}`;
}

function createSql(object: SchemaObject, verb: string): string {
  const { fromSql, toSql } = propsOf<TransformProps>(object);
  const functions = [
    ...(fromSql === null ? [] : [`FROM SQL WITH FUNCTION ${fromSql}`]),
    ...(toSql === null ? [] : [`TO SQL WITH FUNCTION ${toSql}`]),
  ];
  return `${verb} ${reference(object)} (${functions.join(', ')})`;
}
