import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface ReplicaIdentityProps {
  readonly mode: 'full' | 'nothing' | 'index';
  /** The index that tells rows apart. */
  readonly index: string | null;
}

const MODES: Readonly<Record<string, ReplicaIdentityProps['mode']>> = {
  f: 'full',
  n: 'nothing',
  i: 'index',
};

/** What of an old row the write-ahead log keeps, where that is not the primary key. */
export const replicaIdentityKind: PostgresKind = {
  name: 'replica-identity',
  rank: 37,
  label: (object) => `the replica identity of ${plainRelationOf(object)}`,
  reference: (object) => `TABLE ${relationOf(object)}`,
  droppedWithParent: () => true,

  // An index that was dropped leaves the mark behind, and then nothing is logged.
  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           CASE WHEN c.relreplident = 'i' AND i.indexrelid IS NULL THEN 'n' ELSE c.relreplident END AS mode,
           x.relname AS index, i.indexrelid::int8 AS index_oid, k.oid::int8 AS key_oid
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident AND c.relreplident = 'i'
      LEFT JOIN pg_class x ON x.oid = i.indexrelid
      LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
     WHERE c.relkind IN ('r', 'p') AND c.relreplident <> 'd' AND c.oid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.objid, 0);
    if (parent === undefined) return undefined;
    const [schema, table] = objectPath(parent) as [string, string];
    const index = indexId(row.index_oid as number | null, row.key_oid as number | null, idAt);
    return {
      kind: 'replica-identity',
      path: [schema, table],
      name: table,
      schema,
      parent,
      props: { mode: MODES[row.mode as string]!, index: row.index as string | null },
      needs: index === undefined ? [] : [index],
    };
  },

  create: (object) => ({ sql: [setIdentity(object)] }),
  // Where there is another one later, that takes its place.
  drop: (object, { to }) => ({
    sql: to.objects.has(object.id) ? [] : [`ALTER TABLE ${relationOf(object)} REPLICA IDENTITY DEFAULT`],
    summary: `Let the primary key be the replica identity of ${plainRelationOf(object)}`,
  }),
  alter: (_before, after) => ({ sql: [setIdentity(after)] }),
};

/** The id of an index by its OID, or of the constraint that it is behind. */
export function indexId(
  index: number | null,
  constraint: number | null,
  idAt: Parameters<PostgresKind['read']>[2],
): string | undefined {
  if (constraint !== null) return idAt(CATALOG.pg_constraint, constraint, 0);
  return index === null ? undefined : idAt(CATALOG.pg_class, index, 0);
}

function setIdentity(object: SchemaObject): string {
  const { mode, index } = propsOf<ReplicaIdentityProps>(object);
  const value = mode === 'index' ? `USING INDEX ${quoteIdent(index!)}` : mode.toUpperCase();
  return `ALTER TABLE ${relationOf(object)} REPLICA IDENTITY ${value}`;
}
