import { type Alteration, propsOf, type RenderContext } from '../../schema/kind.js';
import { objectId, type SchemaObject } from '../../schema/object.js';
import { operatorName, operatorValue, routineName } from '../catalog-names.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { DEFAULT_SCHEMA, plainName, quoteIdent, shadowing } from '../identifiers.js';
import type { CatalogRow, ObjectDraft, PostgresKind } from '../postgres-kind.js';
import { optionList } from './named-object.js';

interface OperatorProps {
  /** Null for a shell: an operator that only others name, as their commutator or negator. */
  readonly function: string | null;
  readonly commutator: string | null;
  readonly negator: string | null;
  /** Those of the two that are shells. */
  readonly shells: readonly string[];
  readonly restrict: string | null;
  readonly join: string | null;
  readonly hashes: boolean;
  readonly merges: boolean;
}

/** An operator by the four parts of its identity; for a prefix operator the left type is null. */
type OperatorPath = readonly [schema: string, name: string, left: string | null, right: string | null];

type Link = 'commutator' | 'negator';
const LINKS: readonly Link[] = ['commutator', 'negator'];

/**
 * Operators. A commutator or negator that is not there yet is made by the server as a shell, and filled when its
 * own CREATE comes; dropping one of a pair takes it out of the other.
 */
export const operatorKind: PostgresKind = {
  name: 'operator',
  rank: 43,
  label: (object) => `operator ${plainName(object.schema, signature(object))}`,
  reference,
  // Creating an operator creates its shells too, so what stood in their place must be gone.
  slots: (object) => [
    object.id,
    ...propsOf<OperatorProps>(object).shells.flatMap((link) => partnerOf(object, link as Link) ?? []),
  ],
  frees: (object) => [object.id],

  query: () => `
    SELECT ${CATALOG.pg_operator} AS classid, o.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, o.oprname AS name, pg_operator_is_visible(o.oid) AS visible,
           ${typeName('o.oprleft')} AS left, ${typeName('o.oprright')} AS right,
           ${routineName('o.oprcode')} AS function,
           ${operatorName('o.oprcom')} AS commutator, ${partnerPath('o.oprcom')} AS commutator_path,
           ${operatorName('o.oprnegate')} AS negator, ${partnerPath('o.oprnegate')} AS negator_path,
           ${routineName('o.oprrest')} AS restrict, ${routineName('o.oprjoin')} AS join,
           o.oprcanhash AS hashes, o.oprcanmerge AS merges,
           CASE WHEN o.oprcode = 0 THEN (
             SELECT json_agg(json_build_array(rn.nspname, r.oprname, ${typeName('r.oprleft')}, ${typeName('r.oprright')}))
             FROM pg_operator r JOIN pg_namespace rn ON rn.oid = r.oprnamespace
             WHERE o.oid IN (r.oprcom, r.oprnegate) AND r.oprcode <> 0) END AS named_by
      FROM pg_operator o
      JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_operator', 'o.oid')}`,

  read,

  create: (object) =>
    propsOf<OperatorProps>(object).function === null ? { sql: [] } : { sql: [createSql(object)] },
  drop: (object) => ({ sql: [`DROP ${reference(object)}`] }),
  alter,
};

/** A type's name; null where there is none. */
function typeName(oid: string): string {
  return `CASE WHEN ${oid} <> 0 THEN format_type(${oid}, NULL) END`;
}

function partnerPath(oid: string): string {
  return `(SELECT json_build_array(pn.nspname, p.oprname, ${typeName('p.oprleft')}, ${typeName('p.oprright')}, p.oprcode = 0)
    FROM pg_operator p JOIN pg_namespace pn ON pn.oid = p.oprnamespace WHERE p.oid = ${oid})`;
}

function operatorId([schema, name, left, right]: OperatorPath): string {
  return objectId('operator', schema, `${name}${types(left, right)}`);
}

function types(left: string | null, right: string | null): string {
  return `(${left ?? 'NONE'}, ${right ?? 'NONE'})`;
}

function read(row: CatalogRow): ObjectDraft | undefined {
  const namedBy = row.named_by as OperatorPath[] | null;
  // A shell that nobody names any more is what a drop left behind, and cannot be made on purpose.
  if (row.function === null && namedBy === null) return undefined;
  const schema = row.schema as string;
  const name = row.name as string;
  const left = row.left as string | null;
  const right = row.right as string | null;
  const commutator = row.commutator_path as [...OperatorPath, boolean] | null;
  const negator = row.negator_path as [...OperatorPath, boolean] | null;
  const partner = ([schemaName, op, l, r]: [...OperatorPath, boolean]): string =>
    operatorId([schemaName, op, l, r]);
  return {
    kind: 'operator',
    path: [schema, `${name}${types(left, right)}`],
    name,
    schema,
    parent: null,
    props:
      row.function === null
        ? {
            function: null,
            commutator: null,
            negator: null,
            shells: [],
            restrict: null,
            join: null,
            hashes: false,
            merges: false,
          }
        : {
            function: row.function as string,
            commutator: row.commutator as string | null,
            negator: row.negator as string | null,
            shells: [
              ...(commutator?.[4] === true ? ['commutator'] : []),
              ...(negator?.[4] === true ? ['negator'] : []),
            ],
            restrict: row.restrict as string | null,
            join: row.join as string | null,
            hashes: row.hashes as boolean,
            merges: row.merges as boolean,
          },
    info: {
      left,
      right,
      commutator: commutator === null ? null : partner(commutator),
      negator: negator === null ? null : partner(negator),
      ...(namedBy === null ? {} : { namedBy: namedBy.map(operatorId) }),
      ...shadowing(schema, row.visible),
    },
  };
}

function createSql(object: SchemaObject): string {
  const props = propsOf<OperatorProps>(object);
  return `CREATE OPERATOR ${operatorNameOf(object)} ${optionList({
    FUNCTION: props.function,
    LEFTARG: object.info.left as string | null,
    RIGHTARG: object.info.right as string | null,
    COMMUTATOR: props.commutator === null ? null : operatorValue(props.commutator),
    NEGATOR: props.negator === null ? null : operatorValue(props.negator),
    RESTRICT: props.restrict,
    JOIN: props.join,
    HASHES: props.hashes,
    MERGES: props.merges,
  })}`;
}

/** Only the estimators change in place on every version: 17 learnt to add a commutator, 13 to 16 cannot. */
function alter(
  before: SchemaObject,
  after: SchemaObject,
  changed: readonly string[],
  context: RenderContext,
): Alteration {
  const old = propsOf<OperatorProps>(before);
  const next = propsOf<OperatorProps>(after);
  if (old.function === null) {
    // Dropping what named it, or what stood in its partner's place, would take its own links away again.
    const follows = [
      ...(before.info.namedBy as string[]),
      ...LINKS.flatMap((link) => partnerOf(after, link) ?? []),
    ];
    return { sql: [createSql(after)], summary: `Create operator ${signature(after)}`, follows };
  }
  if (changed.some((property) => ['function', 'hashes', 'merges'].includes(property))) return 'replace';
  if (next.shells.some((link) => !old.shells.includes(link))) return 'replace';
  if (LINKS.some((link) => changed.includes(link) && !followsPartner(before, after, link, context)))
    return 'replace';
  const set = [
    ...(old.restrict === next.restrict ? [] : [`RESTRICT = ${next.restrict ?? 'NONE'}`]),
    ...(old.join === next.join ? [] : [`JOIN = ${next.join ?? 'NONE'}`]),
  ];
  return { sql: set.length === 0 ? [] : [`ALTER ${reference(after)} SET (${set.join(', ')})`] };
}

/** True when the server sets or clears the link by itself, because the operator on its other end comes or goes. */
function followsPartner(
  before: SchemaObject,
  after: SchemaObject,
  link: Link,
  { from, to }: RenderContext,
): boolean {
  const gone = partnerOf(before, link);
  const comes = partnerOf(after, link);
  if (gone !== undefined) return comes === undefined && from.objects.has(gone) && !to.objects.has(gone);
  const partner = comes === undefined ? undefined : to.objects.get(comes);
  return (
    partner !== undefined &&
    !from.objects.has(partner.id) &&
    partner.props.function !== null &&
    partnerOf(partner, link) === after.id
  );
}

function partnerOf(operator: SchemaObject, link: Link): string | undefined {
  const id = operator.info[link];
  return typeof id === 'string' ? id : undefined;
}

function reference(object: SchemaObject): string {
  return `OPERATOR ${operatorNameOf(object)} ${signatureTypes(object)}`;
}

function operatorNameOf({ schema, name, info }: SchemaObject): string {
  return schema === DEFAULT_SCHEMA && info.shadowed !== true ? name : `${quoteIdent(schema!)}.${name}`;
}

function signature(object: SchemaObject): string {
  return `${object.name} ${signatureTypes(object)}`;
}

function signatureTypes({ info }: SchemaObject): string {
  return types(info.left as string | null, info.right as string | null);
}
