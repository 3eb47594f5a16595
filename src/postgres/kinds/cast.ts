import { propsOf } from '../../schema/kind.js';
import { objectId, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import type { PostgresKind } from '../postgres-kind.js';

interface CastProps {
  readonly method: 'function' | 'inout' | 'binary';
  readonly function: string | null;
  readonly context: 'explicit' | 'assignment' | 'implicit';
}

const METHODS: Readonly<Record<string, CastProps['method']>> = { f: 'function', i: 'inout', b: 'binary' };
const CONTEXTS: Readonly<Record<string, CastProps['context']>> = {
  e: 'explicit',
  a: 'assignment',
  i: 'implicit',
};

/** A cast between two types. It has no name and nothing that can be altered; the one of a range to its multirange is the type's. */
export const castKind: PostgresKind = {
  name: 'cast',
  // Before views and defaults, which may use it without the server keeping that.
  rank: 26,
  label: (object) => `cast ${types(object)}`,
  reference: (object) => `CAST ${types(object)}`,

  query: () => `
    SELECT ${CATALOG.pg_cast} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           format_type(c.castsource, NULL) AS source, format_type(c.casttarget, NULL) AS target,
           c.castmethod AS method, c.castcontext AS context,
           CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure::text END AS function,
           -- What makes its function fit where the types differ; the server does not keep that before version 16.
           (SELECT json_agg(json_build_array(format_type(b.castsource, NULL), format_type(b.casttarget, NULL))) FROM pg_proc f JOIN pg_cast b ON b.castmethod = 'b' AND b.oid >= ${FIRST_USER_OID}
              AND (b.castsource = f.prorettype AND b.casttarget = c.casttarget
                OR b.castsource = c.castsource AND b.casttarget = f.proargtypes[0])
             WHERE f.oid = c.castfunc) AS binary
      FROM pg_cast c
     WHERE c.oid >= ${FIRST_USER_OID} AND ${isNotExtensionMember('pg_cast', 'c.oid')}
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = ${CATALOG.pg_cast} AND d.objid = c.oid AND d.deptype = 'i')`,

  read(row) {
    const path = [row.source as string, row.target as string];
    return {
      kind: 'cast',
      path,
      name: path.join(' AS '),
      schema: null,
      parent: null,
      props: {
        method: METHODS[row.method as string]!,
        function: row.function as string | null,
        context: CONTEXTS[row.context as string]!,
      },
      needs: ((row.binary ?? []) as string[][]).map((other) => objectId('cast', ...other)),
    };
  },

  create(object) {
    const { method, function: routine, context } = propsOf<CastProps>(object);
    const how = { function: `WITH FUNCTION ${routine}`, inout: 'WITH INOUT', binary: 'WITHOUT FUNCTION' };
    const when = context === 'explicit' ? '' : ` AS ${context.toUpperCase()}`;
    return { sql: [`CREATE CAST ${types(object)} ${how[method]}${when}`] };
  },
  drop: (object) => ({ sql: [`DROP CAST ${types(object)}`] }),
  alter: () => 'replace',
};

function types(object: SchemaObject): string {
  return `(${object.name})`;
}
