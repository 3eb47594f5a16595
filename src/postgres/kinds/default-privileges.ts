import type { RenderContext } from '../../schema/kind.js';
import { objectId, type SchemaObject } from '../../schema/object.js';
import { CATALOG, isUserSchema } from '../catalog-scope.js';
import { quoteIdent } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import {
  type AclClass,
  type AclEntry,
  builtIn,
  changeGrants,
  collectGrants,
  deviating,
  type Grants,
  type GrantTarget,
  granteesOf,
  grantsIn,
  roleName,
  rolesIn,
  withUsual,
} from '../privileges/grants.js';

const CLASSES: Readonly<Record<string, AclClass>> = {
  r: 'table',
  S: 'sequence',
  f: 'function',
  T: 'type',
  n: 'schema',
  L: 'large object',
};

/**
 * What a role's new objects get, in one schema or everywhere. The connected role has no name here: it is whoever a
 * plan makes things as. Entries of a schema only add to those for everywhere.
 */
export const defaultPrivilegesKind: PostgresKind = {
  name: 'default-privileges',
  rank: 3,
  label: (object) => object.name,
  reference: (object) => object.name.toUpperCase(),
  droppedWithParent: () => true,

  query: () => `
    SELECT 'pg_default_acl'::regclass::oid::int8 AS classid, d.oid::int8 AS objid, 0 AS objsubid,
           nullif(pg_get_userbyid(d.defaclrole), current_user) AS role, n.nspname AS schema, n.oid::int8 AS namespace,
           d.defaclobjtype AS type,
           (SELECT json_agg(json_build_array(
                     CASE x.grantee WHEN 0 THEN 'public' WHEN d.defaclrole THEN 'owner'
                          ELSE 'role ' || pg_get_userbyid(x.grantee) END,
                     x.privilege_type, x.is_grantable))
              FROM aclexplode(d.defaclacl) x) AS entries
      FROM pg_default_acl d
      LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     WHERE n.oid IS NULL OR ${isUserSchema('n.nspname')}`,

  read(row, version, idAt) {
    const of = CLASSES[row.type as string];
    const schema = row.schema as string | null;
    const role = row.role as string | null;
    const parent =
      schema === null ? null : (idAt(CATALOG.pg_namespace, row.namespace as number, 0) ?? 'none');
    if (of === undefined) return undefined;
    const held = collectGrants(of, version, (row.entries ?? []) as AclEntry[]);
    const grants = deviating(held, schema === null ? builtIn(of, version) : {});
    if (Object.keys(grants).length === 0) return undefined;
    const whose = role === null ? '' : ` of ${role}`;
    return {
      kind: 'default-privileges',
      path: [role ?? '', schema ?? '', `${of}s`],
      name: `default privileges${whose} for ${of}s${schema === null ? '' : ` in schema ${schema}`}`,
      schema: null,
      parent,
      props: { grants },
      info: { role, inSchema: schema, of },
      needs: [...(role === null ? [] : [objectId('role', role)]), ...rolesIn(grants)],
    };
  },

  create: (object, context) => ({ sql: change({}, grantsIn(object.props.grants), object, context) }),
  drop: (object, context) => ({ sql: change(grantsIn(object.props.grants), {}, object, context) }),
  alter: (before, after, _changed, context) => ({
    sql: change(grantsIn(before.props.grants), grantsIn(after.props.grants), after, context),
  }),
};

function change(before: Grants, after: Grants, object: SchemaObject, { to }: RenderContext): string[] {
  const { role, inSchema, of } = object.info as {
    role: string | null;
    inSchema: string | null;
    of: AclClass;
  };
  const usual = inSchema === null ? builtIn(of, to.engineVersion) : {};
  const [held, wanted] = [withUsual(before, usual), withUsual(after, usual)];
  const whose = role === null ? '' : ` FOR ROLE ${roleName(role)}`;
  const where = inSchema === null ? '' : ` IN SCHEMA ${quoteIdent(inSchema)}`;
  const target: GrantTarget = {
    on: `${of.toUpperCase()}S`,
    owner: role === null ? 'CURRENT_USER' : roleName(role),
    prefix: `ALTER DEFAULT PRIVILEGES${whose}${where} `,
  };
  return granteesOf(held, wanted).flatMap((grantee) =>
    changeGrants(target, grantee, held[grantee] ?? [], wanted[grantee] ?? []),
  );
}
