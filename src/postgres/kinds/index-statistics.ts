import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainName, qualified } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { indexId } from './replica-identity.js';

interface IndexStatisticsProps {
  readonly target: number;
}

/**
 * How closely ANALYZE looks at an expression of an index. The server forgets it when it builds the index anew for
 * a column of another type.
 */
export const indexStatisticsKind: PostgresKind = {
  name: 'index-statistics',
  rank: 38,
  label: (object) => `the statistics target of column ${object.name} of index ${plainIndex(object)}`,
  reference: (object) => `INDEX ${index(object)}`,
  droppedWithParent: () => true,
  blocksColumnTypeChange: true,

  // Only expressions have one. OFFSET 0 keeps the server from looking at every column there is.
  query: () => `
    SELECT ${CATALOG.pg_attribute} AS classid, a.attrelid::int8 AS objid, a.attnum AS objsubid,
           n.nspname AS schema, c.relname AS index, a.attstattarget AS target, k.oid::int8 AS key_oid,
           i.indrelid::int8 AS relation,
           ARRAY(SELECT d.refobjsubid FROM pg_depend d
                  WHERE d.classid = ${CATALOG.pg_class} AND d.objid = a.attrelid
                    AND d.refclassid = ${CATALOG.pg_class} AND d.refobjid = i.indrelid) AS columns
      FROM pg_index i
     CROSS JOIN LATERAL (
       SELECT s.attrelid, s.attnum, s.attstattarget FROM pg_attribute s
        WHERE s.attrelid = i.indexrelid AND s.attstattarget >= 0 OFFSET 0) a
      JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
     WHERE i.indexprs IS NOT NULL AND i.indexrelid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = indexId(row.objid, row.key_oid as number | null, idAt);
    if (parent === undefined) return undefined;
    const columns = (row.columns as number[]).flatMap(
      (column) => idAt(CATALOG.pg_class, row.relation as number, column) ?? [],
    );
    const number = String(row.objsubid);
    return {
      kind: 'index-statistics',
      path: [row.schema as string, row.index as string, number],
      name: number,
      schema: row.schema as string,
      parent,
      props: { target: row.target as number },
      needs: columns,
    };
  },

  create: (object) => ({ sql: [setTarget(object, propsOf<IndexStatisticsProps>(object).target)] }),
  drop: (object, { to }) => ({ sql: to.objects.has(object.id) ? [] : [setTarget(object, -1)] }),
  alter: (_before, after) => ({ sql: [setTarget(after, propsOf<IndexStatisticsProps>(after).target)] }),
};

function index(object: SchemaObject): string {
  const [schema, name] = objectPath(object.id);
  return qualified(schema!, name!);
}

function plainIndex(object: SchemaObject): string {
  const [schema, name] = objectPath(object.id);
  return plainName(schema!, name!);
}

function setTarget(object: SchemaObject, target: number): string {
  return `ALTER INDEX ${index(object)} ALTER COLUMN ${object.name} SET STATISTICS ${target}`;
}
