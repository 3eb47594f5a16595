import { propsOf, type RenderContext } from '../../schema/kind.js';
import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { CATALOG } from '../catalog-scope.js';
import type { PostgresKind } from '../postgres-kind.js';
import { roleName } from '../privileges/grants.js';

interface MembershipProps {
  readonly admin: boolean;
  /** The member has the rights without SET ROLE; before 16 this is said of the member, not of the membership. */
  readonly inherit: boolean;
  /** The member may become the role by SET ROLE; before 16 every member may. */
  readonly set: boolean;
}

/** A role that belongs to another; whoever granted it, it is one membership. */
export const roleMembershipKind: PostgresKind = {
  name: 'role-membership',
  rank: 0,
  optIn: true,
  label: (object) => `membership of ${memberOf(object)} in ${groupOf(object)}`,
  reference: (object) => `ROLE ${roleName(groupOf(object))}`,
  droppedWithParent: () => true,

  query: (version) => `
    SELECT ${CATALOG.pg_auth_members} AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           m.member::int8 AS member, pg_get_userbyid(m.roleid) AS "group", bool_or(m.admin_option) AS admin,
           ${version >= 160000 ? 'bool_or(m.inherit_option)' : 'bool_or(r.rolinherit)'} AS inherit,
           ${version >= 160000 ? 'bool_or(m.set_option)' : 'true'} AS set,
           array_agg(DISTINCT pg_get_userbyid(m.grantor)) FILTER (WHERE m.grantor >= 16384) AS grantors
      FROM pg_auth_members m
      JOIN pg_roles r ON r.oid = m.member
     WHERE r.rolname <> ALL (ARRAY[current_user, session_user])
     GROUP BY m.member, m.roleid`,

  read(row, version, idAt) {
    const parent = idAt(CATALOG.pg_authid, row.member as number, 0);
    if (parent === undefined) return undefined;
    const group = row.group as string;
    const [member] = objectPath(parent) as [string];
    return {
      kind: 'role-membership',
      path: [group, member],
      name: group,
      schema: null,
      parent,
      props: { admin: row.admin as boolean, inherit: row.inherit as boolean, set: row.set as boolean },
      info: { grantors: version >= 160000 ? ((row.grantors as string[] | null) ?? []) : [] },
      needs: [objectId('role', group)],
    };
  },

  create(object, context) {
    const props = propsOf<MembershipProps>(object);
    const usual = { admin: false, inherit: inheritsByItself(object, context), set: true };
    return { sql: [grant(object, usual, props)] };
  },
  drop: (object) => ({ sql: revokes(object, '') }),
  alter(before, after, _changed, { to }) {
    const [old, props] = [propsOf<MembershipProps>(before), propsOf<MembershipProps>(after)];
    if (to.engineVersion >= 160000) return { sql: [grant(after, old, props)] };
    return { sql: props.admin ? [grant(after, old, props)] : revokes(after, 'ADMIN OPTION FOR ') };
  },
};

function groupOf(object: SchemaObject): string {
  return objectPath(object.id)[0]!;
}

function memberOf(object: SchemaObject): string {
  return objectPath(object.id)[1]!;
}

/** What a new membership says of it when nobody does. */
function inheritsByItself(object: SchemaObject, { to }: RenderContext): boolean {
  return to.objects.get(object.parent!)?.props.inherit !== false;
}

function grant(object: SchemaObject, before: MembershipProps, after: MembershipProps): string {
  // Only what differs, so that older servers understand what they can have.
  const options = [
    ...(before.admin === after.admin ? [] : [after.admin ? 'ADMIN OPTION' : 'ADMIN FALSE']),
    ...(before.inherit === after.inherit ? [] : [`INHERIT ${after.inherit ? 'TRUE' : 'FALSE'}`]),
    ...(before.set === after.set ? [] : [`SET ${after.set ? 'TRUE' : 'FALSE'}`]),
  ];
  const clause = options.length === 0 ? '' : ` WITH ${options.join(', ')}`;
  return `GRANT ${roleName(groupOf(object))} TO ${roleName(memberOf(object))}${clause}`;
}

/** A statement for whoever granted it: from 16 on everybody takes back their own alone. */
function revokes(object: SchemaObject, what: string): string[] {
  const grantors = object.info.grantors as readonly string[];
  const sql = `REVOKE ${what}${roleName(groupOf(object))} FROM ${roleName(memberOf(object))}`;
  return grantors.length === 0 ? [sql] : grantors.map((one) => `${sql} GRANTED BY ${roleName(one)}`);
}
