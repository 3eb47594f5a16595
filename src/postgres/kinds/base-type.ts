import type { Change } from '../../schema/diff.js';
import type { InPlace, RenderContext } from '../../schema/kind.js';
import { partsOf as allPartsOf } from '../../schema/lookup.js';
import type { Schema, SchemaObject, Value } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { dollarQuoted } from '../function-sql.js';
import { nameOf, plainName, quoteLiteral, shadowing } from '../identifiers.js';
import { postgresKind } from '../kind-registry.js';
import type { PostgresKind } from '../postgres-kind.js';
import { columnsUsing, swapType } from '../swap-type.js';
import { dropType, renameType, typeSlots } from '../type-sql.js';
import { definitionId, SHAPE, type TypeShape } from './base-type-definition.js';

/**
 * A base type, or a shell that waits to become one: the name that its functions need before they can be made. What
 * these functions make of it is another object, its definition; but what of that cannot be altered stands here, so that
 * both go together.
 */
export const baseTypeKind: PostgresKind = {
  name: 'base-type',
  rank: 9,
  label: (object) =>
    `${object.props.shape === null ? 'shell type' : 'base type'} ${plainName(object.schema, object.name)}`,
  reference: (object) => `TYPE ${nameOf(object)}`,
  slots: typeSlots,
  rename: renameType,

  query: () => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible,
           CASE WHEN t.typisdefined THEN ${SHAPE} END AS shape,
           CASE WHEN t.typisdefined THEN (
             SELECT json_agg(json_build_array(f.proname, pg_get_function_arguments(f.oid), pg_get_function_result(f.oid), l.lanname)
                             ORDER BY f.proname, f.oid)
             FROM pg_proc f JOIN pg_language l ON l.oid = f.prolang
             WHERE f.oid IN (t.typinput, t.typoutput)) END AS functions
      FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype IN ('b', 'p') AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
       AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read(row) {
    const schema = row.schema as string;
    const name = row.name as string;
    return {
      kind: 'base-type',
      path: [schema, name],
      name,
      schema,
      parent: null,
      props: {
        shape: row.shape === null ? null : { ...(row.shape as TypeShape) },
        functions: (row.functions ?? []) as Value[],
      },
      info: shadowing(schema, row.visible),
    };
  },

  create: (object) => ({ sql: [`CREATE TYPE ${nameOf(object)}`] }),
  drop(object, { folded }) {
    const [sql] = dropType(object).sql;
    // It and its functions need each other, so they go at once. Everything else that uses it is gone by then.
    return folded.some(({ kind }) => kind === 'function')
      ? { sql: [nothingElseUses(object), `${sql} CASCADE`] }
      : { sql: [sql!] };
  },
  alterWhole,
  alter: (before) => (before.props.shape === null ? { sql: [], unnoticed: true } : 'replace'),
};

/**
 * Stops where CASCADE would take more along than the functions that make the type: what nobody knew of when the plan was
 * made.
 */
function nothingElseUses(type: SchemaObject): string {
  return `DO ${dollarQuoted(`
DECLARE
  others text;
BEGIN
  WITH going AS (
    SELECT 'pg_type'::regclass::oid AS class, unnest(ARRAY[t.oid, t.typarray]) AS id
      FROM pg_type t WHERE t.oid = ${quoteLiteral(nameOf(type))}::regtype
    UNION
    SELECT d.classid, d.objid
      FROM pg_type t
      JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = t.oid AND d.classid = 'pg_proc'::regclass
     WHERE t.oid = ${quoteLiteral(nameOf(type))}::regtype
       AND d.objid IN (t.typinput, t.typoutput, t.typreceive, t.typsend))
  SELECT string_agg(DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), ', ') INTO others
    FROM pg_depend d
    JOIN going g ON g.class = d.refclassid AND g.id = d.refobjid
   WHERE (d.classid, d.objid) NOT IN (SELECT o.class, o.id FROM going o);
  IF others IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
      MESSAGE = ${quoteLiteral(`type ${plainName(type.schema, type.name)} is still used by `)} || others,
      HINT = 'Drop these first, or plan again.';
  END IF;
END
`)}`;
}

/** Columns of the type keep their values as text while it is made anew. */
function alterWhole(
  before: SchemaObject,
  after: SchemaObject,
  changes: readonly Change[],
  context: RenderContext,
): InPlace | undefined {
  const own = changes.some((change) => change.action === 'alter' && change.after.id === after.id);
  if (!own || before.props.shape === null || columnsUsing(before, context).length === 0) return undefined;
  const old = partsOf(before, context.from);
  const next = partsOf(after, context.to);
  const parts = [...old, ...next.filter(({ id }) => !old.some((part) => part.id === id))];
  const swap = swapType(before, after, context, {
    parts,
    create: [
      ...baseTypeKind.create(after, context).sql,
      ...[...next, ...belongings([after, ...next], context.to)].flatMap(
        (object) => postgresKind(object.kind).create(object, context).sql,
      ),
    ],
  });
  if (swap === 'replace') return undefined;
  const lost = [...belongings([before, ...old], context.from), ...belongings([after, ...next], context.to)];
  return { ...swap, settles: [...parts, ...lost].map(({ id }) => id) };
}

/** The functions that a type and it need from each other, and last its definition. */
function partsOf(type: SchemaObject, schema: Schema): SchemaObject[] {
  const definition = schema.objects.get(definitionId(type.id));
  if (definition === undefined) return [];
  const functions = definition.dependsOn.flatMap((id) => schema.objects.get(id) ?? []);
  return [
    ...functions.filter(({ kind, dependsOn }) => kind === 'function' && dependsOn.includes(type.id)),
    definition,
  ];
}

/** What is said about these objects, such as comments: lost with them. */
function belongings(objects: readonly SchemaObject[], schema: Schema): SchemaObject[] {
  const ids = new Set(objects.map(({ id }) => id));
  return objects.flatMap(({ id }) => allPartsOf(schema, id).filter((part) => !ids.has(part.id)));
}
