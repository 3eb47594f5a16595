import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { relationWithWord } from '../relation-word.js';
import { indexId } from './replica-identity.js';

interface ClusterMarkProps {
  readonly index: string;
}

/** The index that CLUSTER sorts the rows of a table or materialised view by. */
export const clusterMarkKind: PostgresKind = {
  name: 'cluster-mark',
  rank: 36,
  label: (object) => `the index to cluster ${plainRelationOf(object)} on`,
  reference: relationWithWord,
  droppedWithParent: () => true,
  vanishesWith: (object) => object.info.index as string,

  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, i.indrelid::int8 AS objid, 0 AS objsubid,
           x.relname AS index, i.indexrelid::int8 AS index_oid, k.oid::int8 AS key_oid
      FROM pg_index i
      JOIN pg_class x ON x.oid = i.indexrelid
      LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
     WHERE i.indisclustered AND i.indrelid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.objid, 0);
    const index = indexId(row.index_oid as number, row.key_oid as number | null, idAt);
    if (parent === undefined || index === undefined) return undefined;
    const [schema, relation] = objectPath(parent) as [string, string];
    return {
      kind: 'cluster-mark',
      path: [schema, relation],
      name: relation,
      schema,
      parent,
      props: { index: row.index as string },
      info: { index },
      needs: [index],
    };
  },

  create: (object) => ({ sql: [clusterOn(object)] }),
  // Where there is another one later, that takes its place.
  drop: (object, { to }) => ({
    sql: to.objects.has(object.id) ? [] : [`ALTER ${relationWithWord(object)} SET WITHOUT CLUSTER`],
  }),
  alter: (_before, after) => ({ sql: [clusterOn(after)] }),
};

function clusterOn(object: SchemaObject): string {
  const { index } = propsOf<ClusterMarkProps>(object);
  return `ALTER ${relationWithWord(object)} CLUSTER ON ${quoteIdent(index)}`;
}
