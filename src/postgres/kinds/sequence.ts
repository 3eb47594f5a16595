import { propsOf, type RenderContext } from '../../schema/kind.js';
import { objectId, objectPath, type Schema, type SchemaObject } from '../../schema/object.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import { aboutOne } from '../plain-words.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import { roleName } from '../privileges/grants.js';
import { ownerOf } from './owner.js';
import {
  createSequence,
  ownedByClause,
  SEQUENCE_SHAPE,
  type SequenceProps,
  type SequenceShape,
  sequenceChanges,
} from './sequence-definition.js';

/**
 * Sequences, free or owned by a column. An owned one is a part of its column, as it goes when the column
 * goes; those of identity columns are options of the column and no objects. Where they stand is data.
 */
export const sequenceKind: PostgresKind = {
  name: 'sequence',
  rank: 25,
  holdsData: true,
  query: (version) => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
      n.nspname AS schema, c.relname AS name, format_type(q.seqtypid, NULL) AS type,
      ${version >= 150000 ? `c.relpersistence = 'u'` : 'false'} AS unlogged,
      ${SEQUENCE_SHAPE} AS shape,
      o.refobjid::int8 AS owner_table, o.refobjsubid AS owner_column,
      coalesce(a.attnotnull AND a.attidentity = '' AND a.atttypid = q.seqtypid
        AND c.relname = t.relname || '_' || a.attname || '_seq' AND c.relnamespace = t.relnamespace
        AND pg_get_expr(v.adbin, v.adrelid) = format('nextval(%L::regclass)', c.oid::regclass)
        AND q.seqincrement = 1 AND q.seqmin = 1 AND q.seqstart = 1 AND q.seqcache = 1 AND NOT q.seqcycle
        AND c.relpersistence = t.relpersistence, false) AS serial
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_sequence q ON q.seqrelid = c.oid
    LEFT JOIN pg_depend o ON o.classid = ${CATALOG.pg_class} AND o.objid = c.oid AND o.objsubid = 0
      AND o.refclassid = ${CATALOG.pg_class} AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
    LEFT JOIN pg_class t ON t.oid = o.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
    LEFT JOIN pg_attrdef v ON v.adrelid = o.refobjid AND v.adnum = o.refobjsubid
    WHERE c.relkind = 'S' AND o.deptype IS DISTINCT FROM 'i' AND ${isUserSchema('n.nspname')}
      AND ${isNotExtensionMember('pg_class', 'c.oid')}`,
  read,
  label: (object) => `sequence ${plainName(object.schema, object.name)}`,
  reference: (object) => `SEQUENCE ${qualified(object.schema, object.name)}`,
  slots: (object) => [`relation ${plainName(object.schema, object.name)}`],
  droppedWithParent: () => true,
  foldsIntoParent: (object) => object.info.serial === true,
  // A column's sequence has to have the owner that its table has.
  follows: (object) => {
    const table = tableOf(object);
    return table === null ? [] : [`owner:${table}`];
  },
  create: (object, { to }) => ({ sql: createFor(object, to) }),
  drop(object) {
    const subject = plainName(object.schema, object.name);
    return {
      sql: [`DROP SEQUENCE ${qualified(object.schema, object.name)}`],
      hazards: [
        {
          code: 'drop-sequence',
          level: 'data-loss',
          subject,
          message: `where the sequence ${subject} stands is forgotten`,
        },
      ],
    };
  },
  alter(before, after, changed, context) {
    const old = propsOf<SequenceProps>(before);
    const { type, ownedBy, unlogged, ...shape } = propsOf<SequenceProps>(after);
    const sequence = `ALTER SEQUENCE ${qualified(after.schema, after.name)}`;
    const options = [
      ...(changed.includes('type') ? [`AS ${type}`] : []),
      ...sequenceChanges(old, shape),
      ...(changed.includes('ownedBy') ? [ownedByClause(ownedBy)] : []),
    ];
    const owner = roleOf(after, context.to);
    const sql = [
      ...(changed.includes('ownedBy') && owner !== roleOf(before, context.from)
        ? [
            ...(old.ownedBy === null ? [] : [`${sequence} OWNED BY NONE`]),
            `${sequence} OWNER TO ${owner === null ? 'CURRENT_USER' : roleName(owner)}`,
          ]
        : []),
      ...(options.length === 0 ? [] : [`${sequence} ${options.join(' ')}`]),
    ];
    if (changed.includes('unlogged') && !followsTable(after, context))
      sql.push(`${sequence} SET ${unlogged ? 'UNLOGGED' : 'LOGGED'}`);
    // Whoever calls nextval can do so before and after.
    const counts = changed.some((name) => !['type', 'ownedBy', 'unlogged'].includes(name));
    const phrases: [boolean, (subject: string) => string][] = [
      [changed.includes('type'), (subject) => `change the type of ${subject} to ${type}`],
      [counts, (subject) => `change how ${subject} counts`],
      [
        changed.includes('ownedBy'),
        (subject) =>
          ownedBy === null
            ? `let ${subject} stand alone`
            : `give ${subject} to column ${plainColumn(ownedBy)}`,
      ],
      [changed.includes('unlogged'), (subject) => `make ${subject} ${unlogged ? 'unlogged' : 'logged'}`],
    ];
    return {
      sql,
      summary: aboutOne(
        `sequence ${plainName(after.schema, after.name)}`,
        phrases.flatMap(([changes, phrase]) => (changes ? [phrase] : [])),
      ),
      unnoticed: true,
    };
  },
  isNamedAfterParent: (object) => object.info.serial === true,
  rename: (object, newName) => ({
    sql: [`ALTER SEQUENCE ${qualified(object.schema, object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),
};

/** The id of the table whose column owns the sequence. */
function tableOf(sequence: SchemaObject): string | null {
  const { ownedBy } = propsOf<SequenceProps>(sequence);
  return ownedBy === null ? null : objectId('table', ...objectPath(ownedBy).slice(0, 2));
}

/** Who owns it, where that is not whoever makes things. */
function roleOf(sequence: SchemaObject, schema: Schema): string | null {
  return ownerOf(tableOf(sequence) ?? sequence.id, schema);
}

function createFor(sequence: SchemaObject, schema: Schema): string[] {
  const owner = tableOf(sequence) === null ? null : roleOf(sequence, schema);
  if (owner === null) return [createSequence(sequence)];
  const alter = `ALTER SEQUENCE ${qualified(sequence.schema, sequence.name)}`;
  return [
    createSequence({ ...sequence, props: { ...sequence.props, ownedBy: null } }),
    `${alter} OWNER TO ${roleName(owner)}`,
    `${alter} ${ownedByClause(propsOf<SequenceProps>(sequence).ownedBy)}`,
  ];
}

function plainColumn(id: string): string {
  const [schema, table, column] = objectPath(id) as [string, string, string];
  return plainName(schema, table, column);
}

/**
 * True when the table of an owned sequence becomes logged or unlogged too: the sequence goes along, on servers where
 * sequences can be unlogged at all (15). The statement for the sequence alone is none to those before.
 */
function followsTable(sequence: SchemaObject, { from, to }: RenderContext): boolean {
  const table = to.objects.get(sequence.parent ?? '')?.parent ?? '';
  const now = to.objects.get(table)?.props.unlogged;
  return now === sequence.props.unlogged && from.objects.get(table)?.props.unlogged === !now;
}

function read(
  row: CatalogRow,
  _version: number,
  idAt: Parameters<PostgresKind['read']>[2],
): ReturnType<PostgresKind['read']> {
  const schema = row.schema as string;
  const name = row.name as string;
  const owned = row.owner_table !== null;
  const owner = owned
    ? idAt(CATALOG.pg_class, row.owner_table as number, row.owner_column as number)
    : undefined;
  // Owned by a column of something that is not managed: it is a part of that.
  if (owned && owner === undefined) return undefined;
  return {
    kind: 'sequence',
    path: [schema, name],
    name,
    schema,
    parent: owner ?? null,
    props: {
      ...(row.shape as SequenceShape),
      type: row.type as string,
      unlogged: row.unlogged as boolean,
      ownedBy: owner ?? null,
    },
    info: { serial: row.serial as boolean },
  };
}
