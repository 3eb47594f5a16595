import { propsOf } from '../../schema/kind.js';
import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import { FIRST_USER_OID } from '../catalog-scope.js';
import { postgresKind } from '../kind-registry.js';
import { OWNED, usualOwners } from '../owned-catalogs.js';
import type { PostgresKind } from '../postgres-kind.js';
import { roleName } from '../privileges/grants.js';

interface OwnerProps {
  /** Null, which no catalog gives, for whoever makes things. */
  readonly role: string | null;
}

/**
 * Who owns something, where that is not one of those nobody wonders about: the owner of the database, the connected
 * role, which is who a plan makes things as, and on a database of a user's whoever owns the most.
 */
export const ownerKind: PostgresKind = {
  name: 'owner',
  rank: 80,
  label: (object) => `owner of ${object.name}`,
  reference: (object) => `OWNER OF ${object.name}`,
  droppedWithParent: () => true,
  foldsIntoParent: () => 'after',

  query: () => `
    WITH usual AS MATERIALIZED (${usualOwners()})
    SELECT 'pg_shdepend'::regclass::oid::int8 AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           o.classid AS target_class, o.objid AS target, pg_get_userbyid(o.owner) AS role
      FROM (${OWNED.join('\nUNION ALL\n')}) o
     WHERE o.owner <> ALL ((SELECT u.roles FROM usual u)::oid[]) AND (o.objid >= ${FIRST_USER_OID}
       OR o.classid = 'pg_namespace'::regclass::oid::int8 AND o.owner >= ${FIRST_USER_OID})`,

  read(row, _version, idAt) {
    const parent = idAt(row.target_class as number, row.target as number, 0);
    if (parent === undefined) return undefined;
    return {
      kind: 'owner',
      id: `owner:${parent}`,
      path: [parent],
      name: plainWords(parent),
      schema: null,
      parent,
      props: { role: row.role as string },
      needs: [objectId('role', row.role as string)],
    };
  },

  create: (object, { to }) => ({ sql: [giveTo(object, to)] }),
  drop: () => ({ sql: [] }),
  alter: (_before, after, _changed, { to }) => ({ sql: [giveTo(after, to)] }),
};

/** The role that owns an object, where it stands out. The sequence of a column has its table's owner. */
export function ownerOf(id: string, schema: Schema): string | null {
  for (let at: string | null | undefined = id; at; at = schema.objects.get(at)?.parent) {
    const fact = schema.objects.get(`owner:${at}`);
    if (fact !== undefined) return propsOf<OwnerProps>(fact).role;
  }
  return null;
}

/** `table public.users` as a person says it. */
export function plainWords(id: string): string {
  return id
    .replace(':', ' ')
    .replace(' public.', ' ')
    .replace(/^[a-z-]+/, (kind) => kind.replaceAll('-', ' '));
}

function giveTo(fact: SchemaObject, schema: Schema): string {
  const { role } = propsOf<OwnerProps>(fact);
  const target = schema.objects.get(fact.parent!)!;
  const reference = postgresKind(target.kind).reference(target);
  return `ALTER ${reference} OWNER TO ${role === null ? 'CURRENT_USER' : roleName(role)}`;
}
