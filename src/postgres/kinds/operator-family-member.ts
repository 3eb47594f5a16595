import { propsOf, type RenderContext } from '../../schema/kind.js';
import { partId, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { addMembers, familyReference, MEMBERS, type Member, memberOf } from '../operator-members.js';
import type { PostgresKind } from '../postgres-kind.js';

/** A member of an operator family that is not bound to one of its classes, so that it can come and go on its own. */
export const operatorFamilyMemberKind: PostgresKind = {
  name: 'operator-family-member',
  rank: 45,
  label: (object) => `${object.name} of ${familyName(object)}`,
  reference: (object) => `OPERATOR FAMILY MEMBER ${object.name}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 3,

  query: () => `
    SELECT x.classid, x.oid::int8 AS objid, 0 AS objsubid, x.family::int8 AS family, x.type, x.number, x.left, x.right,
           x.target, x.sort_family
      FROM (${MEMBERS}) x
     WHERE x.owner = 0 AND x.family IN (SELECT f.oid FROM pg_opfamily f WHERE f.oid >= ${FIRST_USER_OID})`,

  read(row, _version, idAt) {
    const parent = idAt(CATALOG.pg_opfamily, row.family as number, 0);
    if (parent === undefined) return undefined;
    const member = memberOf(row);
    const name = `${member.type} ${member.number} (${member.left}, ${member.right})`;
    return {
      kind: 'operator-family-member',
      id: partId('operator-family-member', parent, name),
      path: [],
      name,
      schema: null,
      parent,
      props: { ...member },
    };
  },

  create: (object, { to }) => ({ sql: addMembers(to.objects.get(object.parent!)!, [object]) }),
  drop: (object, context) => ({ sql: [`ALTER ${family(object, context)} DROP ${place(object)}`] }),
  alter: () => 'replace',
};

function place(object: SchemaObject): string {
  const { type, number, left, right } = propsOf<Member>(object);
  return `${type.toUpperCase()} ${number} (${left}, ${right})`;
}

function family(member: SchemaObject, { from, to }: RenderContext): string {
  return familyReference((from.objects.get(member.parent!) ?? to.objects.get(member.parent!))!);
}

function familyName(member: SchemaObject): string {
  return member.parent!.replace(':', ' ').replace('-', ' ');
}
