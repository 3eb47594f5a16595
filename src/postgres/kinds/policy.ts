import { sameValue } from '../../schema/equal.js';
import { propsOf } from '../../schema/kind.js';
import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { canonicalExpression, inParentheses } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import { changesOverload } from '../overloads.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';

interface PolicyProps {
  readonly permissive: boolean;
  readonly command: 'ALL' | 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  /** Names of roles, sorted; empty for PUBLIC. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly check: string | null;
}

const COMMANDS: Readonly<Record<string, PolicyProps['command']>> = {
  '*': 'ALL',
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
};

/** The id of a table's policy. */
export function policyId(schema: string, table: string, name: string): string {
  return objectId('policy', schema, table, name);
}

/** A policy of row-level security. Its roles and conditions change in place; an expression cannot be taken away. */
export const policyKind: PostgresKind = {
  name: 'policy',
  rank: 71,
  label: (object) => `policy ${object.name} on ${plainRelationOf(object)}`,
  reference: policyOn,
  droppedWithParent: () => true,
  cutOrder: () => 0,
  blocksColumnTypeChange: true,

  query: () => `
    SELECT ${CATALOG.pg_policy} AS classid, p.oid::int8 AS objid, 0 AS objsubid, p.polrelid::int8 AS relation,
           p.polname AS name, p.polpermissive AS permissive, p.polcmd AS command,
           ARRAY(SELECT pg_get_userbyid(r) FROM unnest(p.polroles) r WHERE r <> 0) AS roles,
           CASE WHEN p.polqual IS NULL THEN '' ELSE pg_get_expr(p.polqual, p.polrelid) END AS definition,
           pg_get_expr(p.polwithcheck, p.polrelid) AS with_check
      FROM pg_policy p
     WHERE p.polrelid >= ${FIRST_USER_OID}`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_class, row.relation as number, 0);
    if (parent === undefined) return undefined;
    const [schema, table] = objectPath(parent) as [string, string];
    const using = row.definition as string;
    const check = row.with_check as string | null;
    return {
      kind: 'policy',
      path: [schema, table, row.name as string],
      name: row.name as string,
      schema,
      parent,
      props: {
        permissive: row.permissive as boolean,
        command: COMMANDS[row.command as string]!,
        roles: (row.roles as string[]).sort(),
        using: using === '' ? null : canonicalExpression(using),
        check: check === null ? null : canonicalExpression(check),
      },
      needs: (row.roles as string[]).map((role) => objectId('role', role)),
    };
  },

  create(object) {
    const { permissive, command, roles, using, check } = propsOf<PolicyProps>(object);
    const words = [
      `CREATE ${policyOn(object)}`,
      ...(permissive ? [] : ['AS RESTRICTIVE']),
      ...(command === 'ALL' ? [] : [`FOR ${command}`]),
      ...(roles.length === 0 ? [] : [toRoles(roles)]),
      ...conditions(using, check),
    ];
    return { sql: [words.join(' ')] };
  },
  drop: (object) => ({ sql: [`DROP ${policyOn(object)}`] }),
  rename: (object, newName) => ({ sql: [`ALTER ${policyOn(object)} RENAME TO ${quoteIdent(newName)}`] }),

  alter(before, after, changed) {
    const old = propsOf<PolicyProps>(before);
    const { roles, using, check } = propsOf<PolicyProps>(after);
    const fixed = changed.includes('permissive') || changed.includes('command');
    if (fixed || isTakenAway(old.using, using) || isTakenAway(old.check, check)) return 'replace';
    if (changesOverload(before, after)) return 'replace';
    const words = [
      `ALTER ${policyOn(after)}`,
      ...(sameValue(old.roles, roles) ? [] : [toRoles(roles)]),
      ...conditions(old.using === using ? null : using, old.check === check ? null : check),
    ];
    return {
      sql: [words.join(' ')],
      summary: aboutOne(`policy ${after.name} on ${plainRelationOf(after)}`, [
        ...(changed.includes('roles') ? [(policy: string) => `change the roles of ${policy}`] : []),
        ...(changed.some((name) => name !== 'roles')
          ? [(policy: string) => `change the conditions of ${policy}`]
          : []),
      ]),
    };
  },
};

function policyOn(policy: SchemaObject): string {
  return `POLICY ${quoteIdent(policy.name)} ON ${relationOf(policy)}`;
}

function toRoles(roles: readonly string[]): string {
  return `TO ${roles.length === 0 ? 'PUBLIC' : roles.map(quoteIdent).join(', ')}`;
}

function conditions(using: string | null, check: string | null): string[] {
  return [
    ...(using === null ? [] : [`USING ${inParentheses(using)}`]),
    ...(check === null ? [] : [`WITH CHECK ${inParentheses(check)}`]),
  ];
}

function isTakenAway(before: string | null, after: string | null): boolean {
  return before !== null && after === null;
}
