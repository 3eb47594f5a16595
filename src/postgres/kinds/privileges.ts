import type { InPlace, RenderContext, Rendered } from '../../schema/kind.js';
import { objectId, objectPath, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { nameOf, qualified, quoteIdent, relationOf } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';
import { defaultGrantsFor } from '../privileges/default-grants.js';
import {
  type AclClass,
  type AclEntry,
  builtIn,
  changeGrants,
  collectGrants,
  deviating,
  type Grants,
  type GrantTarget,
  grantAll,
  granteesOf,
  grantsIn,
  revokeAll,
  roleName,
  rolesIn,
  sameList,
  withUsual,
} from '../privileges/grants.js';
import { definitionId } from './base-type-definition.js';
import { ownerOf, plainWords } from './owner.js';

/**
 * Who may do what with an object or a column, where that is not what a new one has by itself. It goes and comes with
 * the object. Who gave a privilege is not compared.
 */
export const privilegesKind: PostgresKind = {
  name: 'privileges',
  rank: 85,
  label: (object) => `privileges on ${object.name}`,
  reference: (object) => `PRIVILEGES ON ${object.name}`,
  droppedWithParent: () => true,
  // A base type is defined by a statement of its own.
  foldsIntoParent: (object) => (object.parent?.startsWith('base-type:') ? false : 'after'),

  query: () => `
    SELECT 'pg_init_privs'::regclass::oid::int8 AS classid, row_number() OVER () AS objid, 0 AS objsubid,
           o.class, o.classid AS target_class, o.target, o.part, o.name, o.seq,
           (SELECT json_agg(json_build_array(
                     CASE x.grantee WHEN 0 THEN 'public' WHEN o.owner THEN 'owner'
                          ELSE 'role ' || pg_get_userbyid(x.grantee) END,
                     x.privilege_type, x.is_grantable,
                     CASE WHEN x.grantor <> o.owner THEN pg_get_userbyid(x.grantor) END))
              FROM aclexplode(o.acl) x) AS entries
      FROM (
        SELECT CASE WHEN c.relkind = 'S' THEN 'sequence' ELSE 'table' END AS class, ${CATALOG.pg_class} AS classid,
               coalesce(i.refobjid, c.oid)::int8 AS target, coalesce(i.refobjsubid, 0) AS part, NULL::name AS name,
               CASE WHEN c.relkind = 'S' THEN json_build_array(n.nspname, c.relname) END AS seq,
               c.relacl AS acl, c.relowner AS owner
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
          -- The sequence of an identity column is a part of the column.
          LEFT JOIN pg_depend i ON c.relkind = 'S' AND i.classid = ${CATALOG.pg_class} AND i.objid = c.oid
            AND i.refclassid = ${CATALOG.pg_class} AND i.deptype = 'i'
         WHERE c.relacl IS NOT NULL AND c.oid >= ${FIRST_USER_OID}
        UNION ALL
        SELECT 'column', ${CATALOG.pg_class}, a.attrelid::int8, a.attnum, a.attname, NULL, a.attacl, c.relowner
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid
         WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND c.oid >= ${FIRST_USER_OID}
        UNION ALL
        SELECT 'function', ${CATALOG.pg_proc}, p.oid::int8, 0, NULL, NULL, p.proacl, p.proowner
          FROM pg_proc p WHERE p.proacl IS NOT NULL AND p.oid >= ${FIRST_USER_OID}
        UNION ALL
        SELECT 'type', ${CATALOG.pg_type}, t.oid::int8, 0, NULL, NULL, t.typacl, t.typowner
          FROM pg_type t WHERE t.typacl IS NOT NULL AND t.oid >= ${FIRST_USER_OID}
        UNION ALL
        SELECT 'schema', ${CATALOG.pg_namespace}, n.oid::int8, 0, n.nspname, NULL, n.nspacl, n.nspowner
          FROM pg_namespace n WHERE n.nspacl IS NOT NULL
        UNION ALL
        SELECT 'language', 'pg_language'::regclass::oid::int8, l.oid::int8, 0, NULL, NULL, l.lanacl, l.lanowner
          FROM pg_language l WHERE l.lanacl IS NOT NULL AND l.oid >= ${FIRST_USER_OID}
        UNION ALL
        SELECT 'foreign data wrapper', 'pg_foreign_data_wrapper'::regclass::oid::int8, f.oid::int8, 0, NULL, NULL,
               f.fdwacl, f.fdwowner
          FROM pg_foreign_data_wrapper f WHERE f.fdwacl IS NOT NULL
        UNION ALL
        SELECT 'foreign server', 'pg_foreign_server'::regclass::oid::int8, s.oid::int8, 0, NULL, NULL,
               s.srvacl, s.srvowner
          FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL
      ) o`,

  read(row, version, idAt) {
    const of = row.class as AclClass;
    const address = [row.target_class as number, row.target as number] as const;
    const found = idAt(...address, row.part as number);
    // Columns of views are no objects of their own, but something said about one may be.
    const own = row.part === 0 || found?.startsWith('column:') ? found : undefined;
    const parent = own ?? (of === 'column' ? idAt(...address, 0) : undefined);
    if (parent === undefined) return undefined;
    const column = of === 'column' && own === undefined ? (row.name as string) : null;
    const entries = (row.entries ?? []) as [...AclEntry, string | null][];
    const usual = builtIn(of, version, parent === 'schema:public');
    const held = collectGrants(
      of,
      version,
      entries.map(([grantee, privilege, grantable]) => [grantee, privilege, grantable]),
    );
    const grants = deviating(held, usual);
    if (Object.keys(grants).length === 0) return undefined;
    const subject = subjectOf(parent, row.seq as [string, string] | null, column);
    const passedOn = entries.flatMap(([grantee, , , grantor]) =>
      grantor === null ? [] : [grantee, `role ${grantor}`],
    );
    return {
      kind: 'privileges',
      id: `privileges:${subject}`,
      path: [subject],
      name: plainWords(subject),
      schema: null,
      parent,
      props: { grants },
      info: {
        class: of,
        column,
        position: row.part as number,
        ...(passedOn.length === 0 ? {} : { passedOn: [...new Set(passedOn)].sort() }),
      },
      needs: [...besides(of, parent, idAt(...address, 0)), ...rolesIn(grants)],
    };
  },

  conditions: ['passedOn'],
  create,
  drop: () => ({ sql: [] }),
  alter,
};

/** The ids of facts that an object's privileges come after. */
export function besides(of: AclClass, parent: string, relation: string | undefined): string[] {
  if (of === 'column') return [`privileges:${relation ?? parent}`];
  // What was granted on the shell of a type is gone when the type is defined.
  return [`owner:${parent}`, ...(parent.startsWith('base-type:') ? [definitionId(parent)] : [])];
}

function subjectOf(parent: string, sequence: [string, string] | null, column: string | null): string {
  if (sequence !== null) return objectId('sequence', ...sequence);
  return column === null ? parent : `${parent}.${objectId('', column).slice(1)}`;
}

interface PrivilegesInfo {
  readonly class: AclClass;
  readonly column: string | null;
  /** Who passed something on, and to whom. */
  readonly passedOn?: readonly string[];
}

function infoOf(fact: SchemaObject): PrivilegesInfo {
  return fact.info as unknown as PrivilegesInfo;
}

/** All that is granted on the object, the usual included. */
function fullGrants(fact: SchemaObject, schema: Schema): Grants {
  const usual = builtIn(infoOf(fact).class, schema.engineVersion, fact.parent === 'schema:public');
  return withUsual(grantsIn(fact.props.grants), usual);
}

/** On a new object: it may have got more from somebody's default privileges, or less. */
function create(fact: SchemaObject, context: RenderContext): Rendered {
  const target = targetOf(fact, context.to);
  const wanted = fullGrants(fact, context.to);
  const usual = fullGrants({ ...fact, props: { grants: {} } }, context.to);
  const given = mayHaveBefore(fact, context);
  // What the owner to be was given counts as the owner's by now.
  const owner = `role ${ownerOf(fact.parent!, context.to)}`;
  const grantees = granteesOf(wanted, usual, ...given).filter((grantee) => grantee !== owner);
  return {
    sql: grantees.flatMap((grantee) => {
      const want = wanted[grantee] ?? [];
      const has = usual[grantee] ?? [];
      const lists = given.flatMap((grants) => grants[grantee] ?? []);
      if (lists.every((one) => has.includes(one)) && !given.some((grants) => lacks(grants[grantee], has))) {
        return changeGrants(target, grantee, has, want);
      }
      const surplus = [...lists, ...has].some((one) => !covers(want, one));
      return [
        ...(surplus ? [revokeAll(target, grantee)] : []),
        ...(sameList(has, want) && !surplus && !given.some((grants) => lacks(grants[grantee], has))
          ? []
          : grantAll(target, grantee, want)),
      ];
    }),
  };
}

function lacks(privileges: readonly string[] | undefined, usual: readonly string[]): boolean {
  return privileges !== undefined && !usual.every((one) => covers(privileges, one));
}

function covers(privileges: readonly string[], one: string): boolean {
  return (
    privileges.includes(one) ||
    privileges.includes('ALL*') ||
    (!one.endsWith('*') && (privileges.includes('ALL') || privileges.includes(`${one}*`)))
  );
}

/** What it may have before besides the usual: of default privileges, and of its own where the object itself stays. */
function mayHaveBefore(fact: SchemaObject, { from, to, behind }: RenderContext): Grants[] {
  const before = behind ? undefined : from.objects.get(fact.id);
  return [
    ...defaultGrantsFor(infoOf(fact).class, schemaOf(fact, to), from, to),
    ...(before === undefined ? [] : [grantsIn(before.props.grants)]),
  ];
}

function schemaOf(fact: SchemaObject, schema: Schema): string | null {
  if (infoOf(fact).class === 'sequence') return objectPath(fact.id.slice('privileges:'.length))[0] ?? null;
  return schema.objects.get(fact.parent!)?.schema ?? null;
}

function alter(
  before: SchemaObject,
  after: SchemaObject,
  _changed: readonly string[],
  context: RenderContext,
): InPlace {
  const target = targetOf(after, context.to);
  const held = heldAfterOwner(before, after, context);
  const wanted = fullGrants(after, context.to);
  // What was passed on hangs on who passed it on, so it is all taken back and given by the owner.
  const again = new Set(infoOf(before).passedOn);
  // For everybody else it is as usual, which may be something else on the other side's version.
  const said = granteesOf(grantsIn(before.props.grants), grantsIn(after.props.grants));
  const changes = said.flatMap((grantee) => {
    if (!again.has(grantee)) {
      return [{ grantee, sql: changeGrants(target, grantee, held[grantee] ?? [], wanted[grantee] ?? []) }];
    }
    return [{ grantee, sql: grantAll(target, grantee, wanted[grantee] ?? []) }];
  });
  const taken = [...again].map((grantee) => ({ grantee, sql: [revokeAll(target, grantee, true)] }));
  const revoked = new Set(
    [...taken, ...changes]
      .filter(({ sql }) => sql.some((statement) => statement.startsWith('REVOKE')))
      .map(({ grantee }) => grantee),
  );
  return {
    sql: [...taken, ...changes].flatMap(({ sql }) => sql),
    // What is revoked on a table is revoked on its columns too.
    disturbs: (dependent) =>
      dependent.kind === 'privileges' &&
      Object.keys(grantsIn(dependent.props.grants)).some((grantee) => revoked.has(grantee)),
  };
}

/** What is granted once the owner is the wanted one: what the new owner was granted is then the owner's. */
function heldAfterOwner(before: SchemaObject, after: SchemaObject, { from, to }: RenderContext): Grants {
  const held = fullGrants(before, from);
  const owner = ownerOf(after.parent!, to);
  if (owner === null || owner === ownerOf(before.parent!, from)) return held;
  const { [`role ${owner}`]: own, ...others } = held;
  const owners = others.owner ?? [];
  return own === undefined || owners.includes('ALL')
    ? others
    : { ...others, owner: [...new Set([...owners, ...own.map((one) => one.replace(/\*$/, ''))])].sort() };
}

function argumentTypes(routine: SchemaObject): string {
  const { types } = routine.info;
  return Array.isArray(types) ? types.join(', ') : '';
}

/** What stands behind ON, and who the owner is. */
function targetOf(fact: SchemaObject, schema: Schema): GrantTarget {
  const { class: of, column } = infoOf(fact);
  const parent = schema.objects.get(fact.parent!)!;
  const owner = ownerOf(parent.id, schema);
  return {
    on: onWhat(of, fact, parent),
    column: of === 'column' ? (column ?? parent.name) : undefined,
    owner: owner === null ? 'CURRENT_USER' : roleName(owner),
  };
}

function onWhat(of: AclClass, fact: SchemaObject, parent: SchemaObject): string {
  switch (of) {
    case 'table':
      return `TABLE ${qualified(parent.schema, parent.name)}`;
    case 'column':
      return `TABLE ${parent.kind === 'column' ? relationOf(parent) : qualified(parent.schema, parent.name)}`;
    case 'sequence': {
      const [schema, name] = objectPath(fact.id.slice('privileges:'.length)) as [string, string];
      return `SEQUENCE ${qualified(schema, name)}`;
    }
    case 'function':
      // An aggregate may have an ORDER BY in its signature, which GRANT does not take.
      return postgresKind(parent.kind)
        .reference(parent)
        .replace(/^AGGREGATE .*$/s, () => `FUNCTION ${nameOf(parent)}(${argumentTypes(parent)})`);
    case 'type':
      return `TYPE ${nameOf(parent)}`;
    default:
      return `${of.toUpperCase()} ${quoteIdent(parent.name)}`;
  }
}
