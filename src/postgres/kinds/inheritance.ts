import { sameValue } from '../../schema/equal.js';
import { propsOf } from '../../schema/kind.js';
import { objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { handsOn, shapeOf, staysAttached } from '../attachments.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified } from '../identifiers.js';
import { isQuiet } from '../inheriting.js';
import type { PostgresKind } from '../postgres-kind.js';
import type { InheritanceProps } from '../table-parts.js';

/**
 * That a table inherits from another one. As with a partition, it comes after all that the two tables must have in
 * common and goes before it, unless what changes in the parent can change in the child by itself.
 */
export const inheritanceKind: PostgresKind = {
  name: 'inheritance',
  rank: 37,
  query: () => `
    SELECT 'pg_inherits'::regclass::oid::int8 AS classid, c.oid::int8 AS objid, i.inhseqno AS objsubid,
      n.nspname AS schema, c.relname AS name, i.inhparent::int8 AS of,
      (SELECT json_agg(o.inhparent::int8 ORDER BY o.inhseqno) FROM pg_inherits o WHERE o.inhrelid = c.oid) AS parents,
      (SELECT json_agg(json_build_array(x.classid, x.objid, x.part)) FROM (
        SELECT ${CATALOG.pg_class} AS classid, a.attrelid::int8 AS objid, a.attnum AS part
        FROM pg_attribute a WHERE a.attrelid IN (c.oid, i.inhparent) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT ${CATALOG.pg_constraint}, k.oid::int8, 0
        FROM pg_constraint k WHERE k.conrelid IN (c.oid, i.inhparent) AND k.contype = 'c') x) AS parts
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE NOT c.relispartition AND c.relkind IN ('r', 'f') AND ${isUserSchema('n.nspname')}
      AND ${isNotExtensionMember('pg_class', 'c.oid')}
    ORDER BY c.oid, i.inhseqno`,
  read(row, _version, idAt) {
    const table = idAt(CATALOG.pg_class, Number(row.objid), 0);
    if (table === undefined) return undefined;
    const parents = (row.parents as number[]).map((relation) => idAt(CATALOG.pg_class, relation, 0));
    const [schema, name] = [row.schema as string, row.name as string];
    if (!parents.every((parent) => parent !== undefined)) {
      return {
        unmanaged: { kind: 'inheritance from a table that is not managed', name: plainName(schema, name) },
      };
    }
    const of = idAt(CATALOG.pg_class, row.of as number, 0)!;
    const props: InheritanceProps = { of, parents };
    const parts = (row.parts ?? []) as [number, number, number][];
    return {
      kind: 'inheritance',
      id: factId(table, of),
      path: [],
      name,
      schema,
      parent: table,
      props,
      needs: [
        of,
        ...parents.slice(0, parents.indexOf(of)).map((parent) => factId(table, parent)),
        ...parts.flatMap((address) => idAt(...address) ?? []),
      ],
    };
  },
  label: (object) =>
    `inheritance of ${plainName(object.schema, object.name)} from ${plainTable(propsOf<InheritanceProps>(object).of)}`,
  reference: (object) => `TABLE ${qualified(object.schema, object.name)}`,
  slots: (object) => [shapeOf(propsOf<InheritanceProps>(object).of)],
  frees: (object) => [handsOn(propsOf<InheritanceProps>(object).of)],
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 5,
  create(object, context) {
    const { of } = propsOf<InheritanceProps>(object);
    const label = plainName(object.schema, object.name);
    return {
      sql: [inherit(object)],
      summary: `Let ${label} inherit from ${plainTable(of)}${context.from.objects.has(object.id) ? ' again' : ''}`,
    };
  },
  drop(object, context) {
    const { of } = propsOf<InheritanceProps>(object);
    const again = context.to.objects.has(object.id);
    return {
      sql: [`ALTER TABLE ${qualified(object.schema, object.name)} NO INHERIT ${tableName(of)}`],
      summary: `Let ${plainName(object.schema, object.name)} no longer inherit from ${plainTable(of)}${again ? ' for now' : ''}`,
    };
  },
  alter: () => 'replace',
  // Only the order matters, and those that come new come last.
  sameProperty(key, before, after) {
    if (key !== 'parents') return false;
    const { of, parents } = propsOf<InheritanceProps>(after);
    const old = propsOf<InheritanceProps>(before).parents;
    const first = (list: readonly string[]) => list.slice(0, list.indexOf(of));
    return sameValue(
      first(parents),
      first(old).filter((parent) => parents.includes(parent)),
    );
  },
  mustBeReplaced: (object, context) =>
    !staysAttached(object.parent!, context) &&
    !isQuiet(object.parent!, propsOf<InheritanceProps>(object).of, context),
  toleratesReplacing: (object, needed) => !isOneOfItsTables(object, needed) && needed.kind !== 'inheritance',
  toleratesDropping: (object, needed) => !isOneOfItsTables(object, needed),
};

/** `ALTER TABLE child INHERIT parent`. */
export function inherit(object: SchemaObject): string {
  return `ALTER TABLE ${qualified(object.schema, object.name)} INHERIT ${tableName(propsOf<InheritanceProps>(object).of)}`;
}

function factId(table: string, of: string): string {
  return objectId('inheritance', ...objectPath(table), ...objectPath(of));
}

function isOneOfItsTables(object: SchemaObject, needed: SchemaObject): boolean {
  return needed.id === object.parent || needed.id === object.props.of;
}

function tableName(id: string): string {
  const [schema, name] = objectPath(id);
  return qualified(schema!, name!);
}

function plainTable(id: string): string {
  const [schema, name] = objectPath(id);
  return plainName(schema!, name!);
}
