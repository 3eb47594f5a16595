import { propsOf } from '../schema/kind.js';
import type { SchemaObject } from '../schema/object.js';
import { operatorFamilyName, operatorName } from './catalog-names.js';
import { CATALOG } from './catalog-scope.js';
import { nameOf, quoteIdent } from './identifiers.js';

/** An entry of pg_amop or pg_amproc. */
export interface Member {
  readonly type: 'operator' | 'function';
  /** Its strategy or support number. */
  readonly number: number;
  /** The types it is for. */
  readonly left: string;
  readonly right: string;
  /** The operator's name, or the function with its arguments. */
  readonly target: string;
  /** The family that an ordering operator sorts by. */
  readonly sortFamily: string | null;
}

/**
 * The members of classes and families: `owner` is the class, or 0 for what belongs to the family alone. Which of
 * the two it is, is the server's choice and differs between versions and access methods.
 */
export const MEMBERS = `
    SELECT ${CATALOG.pg_amop} AS classid, o.oid, o.amopfamily AS family, coalesce(c.refobjid, 0) AS owner,
           'operator' AS type, o.amopstrategy AS number, format_type(o.amoplefttype, NULL) AS left,
           format_type(o.amoprighttype, NULL) AS right, ${operatorName('o.amopopr')} AS target,
           ${operatorFamilyName('o.amopsortfamily')} AS sort_family,
           ${CATALOG.pg_operator} AS target_class, o.amopopr AS target_oid
      FROM pg_amop o
      LEFT JOIN pg_depend c ON c.classid = ${CATALOG.pg_amop} AND c.objid = o.oid AND c.refclassid = ${CATALOG.pg_opclass}
    UNION ALL
    SELECT ${CATALOG.pg_amproc}, p.oid, p.amprocfamily, coalesce(c.refobjid, 0),
           'function', p.amprocnum, format_type(p.amproclefttype, NULL),
           format_type(p.amprocrighttype, NULL), p.amproc::oid::regprocedure::text,
           NULL, ${CATALOG.pg_proc}, p.amproc::oid
      FROM pg_amproc p
      LEFT JOIN pg_depend c ON c.classid = ${CATALOG.pg_amproc} AND c.objid = p.oid AND c.refclassid = ${CATALOG.pg_opclass}`;

/** A member from a row of `MEMBERS`, or from JSON made of one. */
export function memberOf(row: Readonly<Record<string, unknown>>): Member {
  return {
    type: row.type as Member['type'],
    number: row.number as number,
    left: row.left as string,
    right: row.right as string,
    target: row.target as string,
    sortFamily: row.sort_family as string | null,
  };
}

/** `OPERATOR 1 < (a, b)`, as CREATE OPERATOR CLASS and ALTER OPERATOR FAMILY write it. */
export function memberSql({ type, number, left, right, target, sortFamily }: Member): string {
  if (type === 'function') return `FUNCTION ${number} (${left}, ${right}) ${target}`;
  const order = sortFamily === null ? '' : ` FOR ORDER BY ${sortFamily}`;
  return `OPERATOR ${number} ${target} (${left}, ${right})${order}`;
}

/** One statement for all of them. */
export function addMembers(parent: SchemaObject, members: readonly SchemaObject[]): string[] {
  if (members.length === 0) return [];
  const items = members.map((member) => memberSql(propsOf<Member>(member)));
  return [`ALTER ${familyReference(parent)} ADD${items.length === 1 ? ' ' : '\n  '}${items.join(',\n  ')}`];
}

/** `OPERATOR FAMILY f USING btree`. */
export function familyReference(object: SchemaObject): string {
  return `OPERATOR FAMILY ${nameOf(object)} USING ${quoteIdent(String(object.info.method))}`;
}
