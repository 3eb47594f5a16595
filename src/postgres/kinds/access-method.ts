import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID, isNotExtensionMember } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';

interface AccessMethodProps {
  readonly type: 'TABLE' | 'INDEX';
  /** The handler's name as SQL writes it. */
  readonly handler: string;
}

/** An access method for tables or indexes that no extension brought. */
export const accessMethodKind: PostgresKind = {
  name: 'access-method',
  rank: 8,
  label: (object) => `access method ${object.name}`,
  reference: accessMethod,
  slots: (object) => [`access method ${object.name}`],

  query: () => `
    SELECT ${CATALOG.pg_am} AS classid, o.oid::int8 AS objid, 0 AS objsubid, o.amname AS name,
           CASE o.amtype WHEN 't' THEN 'TABLE' ELSE 'INDEX' END AS type, o.amhandler::regproc::text AS handler
      FROM pg_am o
     WHERE o.oid >= ${FIRST_USER_OID} AND ${isNotExtensionMember('pg_am', 'o.oid')}`,

  read: (row) => ({
    kind: 'access-method',
    path: [row.name as string],
    name: row.name as string,
    schema: null,
    parent: null,
    props: { type: row.type as string, handler: row.handler as string },
  }),

  create(object) {
    const { type, handler } = propsOf<AccessMethodProps>(object);
    return { sql: [`CREATE ${accessMethod(object)} TYPE ${type} HANDLER ${handler}`] };
  },
  drop: (object) => ({ sql: [`DROP ${accessMethod(object)}`] }),
  alter: () => 'replace',
};

function accessMethod(object: SchemaObject): string {
  return `ACCESS METHOD ${quoteIdent(object.name)}`;
}
