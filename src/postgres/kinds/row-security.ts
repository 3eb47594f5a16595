import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, relationOf } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { policyId } from './policy.js';

interface RowSecurityProps {
  /** False where only FORCE is set, which says nothing until it is enabled. */
  readonly enabled: boolean;
  /** True when it holds for the table's owner too. */
  readonly forced: boolean;
}

/**
 * That a table has row-level security. Switched on behind its policies, so that nobody is locked out in between,
 * and off behind them too, so that nobody sees more than before.
 */
export const rowSecurityKind: PostgresKind = {
  name: 'row-security',
  rank: 72,
  label: (object) => `row-level security of ${plainRelationOf(object)}`,
  reference: (object) => `TABLE ${relationOf(object)}`,
  droppedWithParent: () => true,
  follows: (object) => object.info.policies as readonly string[],

  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
           c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
           ARRAY(SELECT p.polname FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies
      FROM pg_class c
     WHERE (c.relrowsecurity OR c.relforcerowsecurity) AND c.oid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.objid, 0);
    if (parent === undefined) return undefined;
    const [schema, table] = objectPath(parent) as [string, string];
    return {
      kind: 'row-security',
      path: [schema, table],
      name: table,
      schema,
      parent,
      props: { enabled: row.enabled as boolean, forced: row.forced as boolean },
      info: { policies: (row.policies as string[]).map((name) => policyId(schema, table, name)) },
    };
  },

  create: (object) => ({
    sql: changes({ enabled: false, forced: false }, propsOf<RowSecurityProps>(object), object),
  }),
  drop: (object) => ({
    sql: changes(propsOf<RowSecurityProps>(object), { enabled: false, forced: false }, object),
    summary: `Switch off row-level security of ${plainRelationOf(object)}`,
  }),
  alter: (before, after) => ({
    sql: changes(propsOf<RowSecurityProps>(before), propsOf<RowSecurityProps>(after), after),
  }),
};

function changes(before: RowSecurityProps, after: RowSecurityProps, object: SchemaObject): string[] {
  const table = `ALTER TABLE ${relationOf(object)}`;
  return [
    ...(before.forced === after.forced
      ? []
      : [`${table} ${after.forced ? 'FORCE' : 'NO FORCE'} ROW LEVEL SECURITY`]),
    ...(before.enabled === after.enabled
      ? []
      : [`${table} ${after.enabled ? 'ENABLE' : 'DISABLE'} ROW LEVEL SECURITY`]),
  ];
}
