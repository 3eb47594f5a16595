import { propsOf } from '../../schema/kind.js';
import { objectPath, type SchemaObject } from '../../schema/object.js';
import { handsOn, type PartitionProps, partitionId, shapeOf, standsAlone } from '../attachments.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified } from '../identifiers.js';
import type { PostgresKind } from '../postgres-kind.js';
import { attach, detach } from './partition-attach.js';

/**
 * That a table is a partition of another one, and of which rows. It comes after all that the two tables must have in
 * common and goes before it, so that in between each table is changed on its own.
 */
export const partitionKind: PostgresKind = {
  name: 'partition',
  rank: 36,
  query: (version) => `
    SELECT 'pg_inherits'::regclass::oid::int8 AS classid, c.oid::int8 AS objid, 0 AS objsubid,
      n.nspname AS schema, c.relname AS name, i.inhparent::int8 AS of,
      (SELECT json_agg(a.relid::oid::int8) FROM pg_partition_ancestors(c.oid) a WHERE a.relid <> c.oid) AS above,
      pg_get_expr(c.relpartbound, c.oid) AS bound,
      -- That of a hash partition has the number in it that its table has in this database.
      (SELECT x.condition FROM pg_get_partition_constraintdef(c.oid) AS x (condition)
        WHERE x.condition NOT LIKE '%satisfies_hash_partition(%') AS condition,
      ${version >= 140000 ? 'i.inhdetachpending' : 'false'} AS detaching,
      (SELECT json_agg(json_build_array(x.classid, x.objid, x.part)) FROM (
        SELECT ${CATALOG.pg_class} AS classid, a.attrelid::int8 AS objid, a.attnum AS part
        FROM pg_attribute a WHERE a.attrelid IN (c.oid, i.inhparent) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT ${CATALOG.pg_class}, x.indexrelid::int8, 0 FROM pg_index x
        WHERE x.indrelid = c.oid OR x.indrelid = i.inhparent AND ${hasPart('x.indexrelid')}
        UNION ALL SELECT ${CATALOG.pg_constraint}, k.oid::int8, 0 FROM pg_constraint k
        WHERE k.conrelid IN (c.oid, i.inhparent)
          AND (k.contype <> 'f' OR (SELECT t.relkind FROM pg_class t WHERE t.oid = k.confrelid) <> 'p')
          AND (k.contype NOT IN ('p', 'u', 'x') OR k.conrelid = c.oid OR ${hasPart('k.conindid')})
        UNION ALL SELECT ${CATALOG.pg_trigger}, t.oid::int8, 0 FROM pg_trigger t
        WHERE t.tgrelid = i.inhparent AND NOT t.tgisinternal) x) AS parts
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f') AND ${isUserSchema('n.nspname')}
      AND ${isNotExtensionMember('pg_class', 'c.oid')}`,
  read(row, _version, idAt) {
    const table = idAt(CATALOG.pg_class, Number(row.objid), 0);
    const of = idAt(CATALOG.pg_class, row.of as number, 0);
    if (table === undefined || of === undefined) return undefined;
    const name = row.name as string;
    const props: PartitionProps = {
      of,
      bound: canonicalExpression(row.bound as string),
      detaching: row.detaching as boolean,
    };
    const parts = (row.parts ?? []) as [number, number, number][];
    return {
      kind: 'partition',
      id: partitionId(table),
      path: [],
      name,
      schema: row.schema as string,
      parent: table,
      props,
      info: {
        above: ((row.above ?? [row.of]) as number[]).flatMap(
          (relation) => idAt(CATALOG.pg_class, relation, 0) ?? [],
        ),
        ...(typeof row.condition === 'string' ? { condition: canonicalExpression(row.condition) } : {}),
      },
      needs: [of, ...parts.flatMap((address) => idAt(...address) ?? [])],
    };
  },
  label: (object) =>
    `partition ${plainName(object.schema, object.name)} of ${plainTable(propsOf<PartitionProps>(object).of)}`,
  reference: (object) => `TABLE ${qualified(object.schema, object.name)}`,
  // Bounds must not overlap, so whatever leaves the parent does so before anything comes to it.
  slots: (object) => [
    partitionsOf(object),
    shapeOf(object.parent!),
    shapeOf(propsOf<PartitionProps>(object).of),
  ],
  frees: (object) => [
    partitionsOf(object),
    standsAlone(object.parent!),
    ...(object.info.above as readonly string[]).map(handsOn),
  ],
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  cutOrder: () => 5,
  create(object, context) {
    const { of, bound } = propsOf<PartitionProps>(object);
    const label = plainName(object.schema, object.name);
    return {
      sql: attach(object, context),
      summary: `Attach ${label} to ${plainTable(of)} as its partition ${bound}`,
      hazards: context.from.objects.has(object.parent!)
        ? [
            {
              code: 'attach-partition',
              level: 'may-fail',
              subject: label,
              message: `${label} cannot become a partition ${bound} of ${plainTable(of)} when it holds rows that belong elsewhere`,
            },
          ]
        : [],
    };
  },
  drop(object) {
    const { of, detaching } = propsOf<PartitionProps>(object);
    const label = plainName(object.schema, object.name);
    return {
      sql: detach(object),
      ...(detaching ? { inOrder: detach(object, false) } : {}),
      summary: `Detach ${label} from ${plainTable(of)}, with its rows`,
    };
  },
  alter: () => 'replace',
  conditions: ['detaching'],
  // Nobody can ask for a half-done detaching.
  sameProperty: (key, before) => key === 'detaching' && before.props.detaching === false,
  toleratesReplacing: (object, needed) => !isOneOfItsTables(object, needed),
  toleratesDropping: (object, needed) => !isOneOfItsTables(object, needed),
};

function partitionsOf(object: SchemaObject): string {
  return `partitions of ${propsOf<PartitionProps>(object).of}`;
}

/** SQL: the partition `c` has an index that is attached to this one. */
function hasPart(index: string): string {
  return `EXISTS (SELECT FROM pg_inherits a JOIN pg_index y ON y.indexrelid = a.inhrelid
            WHERE a.inhparent = ${index} AND y.indrelid = c.oid)`;
}

function isOneOfItsTables(object: SchemaObject, needed: SchemaObject): boolean {
  return needed.id === object.parent || needed.id === object.props.of;
}

function plainTable(id: string): string {
  const [schema, name] = objectPath(id);
  return plainName(schema!, name!);
}
