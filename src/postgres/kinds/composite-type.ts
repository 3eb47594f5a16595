import type { Alteration, Hazard, RenderContext, Rendered } from '../../schema/kind.js';
import { propsOf } from '../../schema/kind.js';
import type { SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { nameOf, plainName, quoteIdent, shadowing } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { PostgresKind } from '../postgres-kind.js';
import { swapType } from '../swap-type.js';
import {
  type Attribute,
  attributeSql,
  type CompositeProps,
  createTypeSql,
  dropType,
  renameType,
  typeSlots,
} from '../type-sql.js';
import { rereadValues } from './lost-values.js';

/** A free-standing row type. The order of its attributes is part of what it is. */
export const compositeTypeKind: PostgresKind = {
  name: 'composite-type',
  rank: 12,
  label: (object) => `type ${plainName(object.schema, object.name)}`,
  reference: (object) => `TYPE ${nameOf(object)}`,
  // It has a row in pg_class as well, so no table can have its name.
  slots: (object) => [...typeSlots(object), `relation ${plainName(object.schema, object.name)}`],

  query: () => `
    SELECT ${CATALOG.pg_type} AS classid, t.oid::int8 AS objid, 0 AS objsubid,
           n.nspname AS schema, t.typname AS name, pg_type_is_visible(t.oid) AS visible,
           (SELECT coalesce(json_agg(json_build_object(
                     'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                     'collation', CASE WHEN a.attcollation <> y.typcollation
                                       THEN a.attcollation::regcollation::text END) ORDER BY a.attnum), '[]')
              FROM pg_attribute a
              JOIN pg_type y ON y.oid = a.atttypid
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes
      FROM pg_type t
      JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype = 'c' AND ${isUserSchema('n.nspname')} AND ${isNotExtensionMember('pg_type', 't.oid')}`,

  read: (row) => ({
    kind: 'composite-type',
    path: [row.schema as string, row.name as string],
    name: row.name as string,
    schema: row.schema as string,
    parent: null,
    props: { attributes: (row.attributes as Attribute[]).map((attribute) => ({ ...attribute })) },
    info: shadowing(row.schema as string, row.visible),
  }),

  create: (object) => ({ sql: [createTypeSql(object)] }),
  drop: dropType,
  rename: renameType,
  worthRenaming: true,

  alter(before, after, _changed, context) {
    return alterInPlace(before, after) ?? makeAnew(before, after, context);
  },
};

/** ADD and DROP ATTRIBUTE, which work under columns too; undefined where they do not lead to the wanted order. */
function alterInPlace(before: SchemaObject, after: SchemaObject): Rendered | undefined {
  const old = propsOf<CompositeProps>(before).attributes;
  const wanted = propsOf<CompositeProps>(after).attributes;
  const dropped = old.filter(({ name }) => !wanted.some((attribute) => attribute.name === name));
  const kept = old.filter((attribute) => !dropped.includes(attribute));
  const unchanged = kept.every((attribute, i) => {
    const now = wanted[i]!;
    return (
      attribute.name === now.name && attribute.type === now.type && attribute.collation === now.collation
    );
  });
  if (!unchanged) return undefined;
  const subject = plainName(after.schema, after.name);
  const changes = [
    ...dropped.map(({ name }) => `DROP ATTRIBUTE ${quoteIdent(name)}`),
    ...wanted.slice(kept.length).map((attribute) => `ADD ATTRIBUTE ${attributeSql(attribute)}`),
  ];
  return {
    summary: aboutOne(`type ${subject}`, [
      ...dropped.map(
        ({ name }) =>
          (type: string) =>
            `drop attribute ${name} from ${type}`,
      ),
      ...wanted.slice(kept.length).map(
        ({ name }) =>
          (type: string) =>
            `add attribute ${name} to ${type}`,
      ),
    ]),
    sql: [`ALTER TYPE ${nameOf(after)} ${changes.join(', ')}`],
    hazards: dropped.map(({ name }) => ({
      code: 'drop-attribute',
      level: 'data-loss',
      subject: `${subject}.${name}`,
      message: `the attribute ${name} is lost in every value of type ${subject}`,
    })),
  };
}

/** A new type with the values carried over, by the attributes' names where those changed. */
function makeAnew(before: SchemaObject, after: SchemaObject, context: RenderContext): Alteration {
  const old = propsOf<CompositeProps>(before).attributes;
  const wanted = propsOf<CompositeProps>(after).attributes;
  const subject = plainName(after.schema, after.name);
  const sameNames = old.length === wanted.length && old.every(({ name }, i) => name === wanted[i]!.name);
  return swapType(before, after, context, {
    byName: !sameNames,
    hazards: lostAttributes(old, wanted, subject),
  });
}

function lostAttributes(old: readonly Attribute[], wanted: readonly Attribute[], subject: string): Hazard[] {
  return old.flatMap(({ name, type }): Hazard[] => {
    const now = wanted.find((attribute) => attribute.name === name);
    if (now === undefined) {
      return [
        {
          code: 'drop-attribute',
          level: 'data-loss',
          subject: `${subject}.${name}`,
          message: `the attribute ${name} is lost in every value of type ${subject}`,
        },
      ];
    }
    if (now.type === type) return [];
    return rereadValues(type, now.type, `${subject}.${name}`);
  });
}
