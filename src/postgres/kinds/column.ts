import {
  type Alteration,
  type Hazard,
  propsOf,
  type RenderContext,
  type Rendered,
} from '../../schema/kind.js';
import { objectPath, partId, type SchemaObject } from '../../schema/object.js';
import { followsParent, handsOn, shapeOf, standsAlone } from '../attachments.js';
import { automaticSequenceName } from '../automatic-names.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { domainsWithin } from '../domains-within.js';
import { dropWithBelow } from '../drop-with-below.js';
import { plainName, plainRelationOf, quoteIdent, relationOf } from '../identifiers.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import { inheritedFrom, isForeign } from '../table-parts.js';
import {
  alterColumnStatements,
  changesType,
  columnConversion,
  disturbedByTypeChange,
} from './column-alteration.js';
import { type ColumnProps, columnDefinition, columnSettings } from './column-definition.js';
import { columnsBelow } from './columns-below.js';
import { alterInherited, inheritedColumns, keptNotNull } from './inherited-column.js';
import { changeNumbering, takenOver } from './numbering.js';
import {
  SEQUENCE_SHAPE,
  type SequenceShape,
  separateSequences,
  USUAL_SEQUENCE,
  USUAL_SHAPE,
} from './sequence-definition.js';

type IdAt = Parameters<PostgresKind['read']>[2];

/** What most columns have none of; it comes as one JSON object so that it costs nothing where it is not. */
interface Extra {
  readonly collation: string | null;
  readonly generated: string;
  readonly expression: string | null;
  readonly storage: string | null;
  readonly type_storage: string;
  readonly compression: '' | 'p' | 'l';
  readonly statistics: number;
  readonly options: readonly string[] | null;
}

/** Whether it is always generated (`a`), the name of its sequence, and the shape of that where it is not the usual one. */
type Identity = readonly [always: string, sequence: string, shape: SequenceShape | null];

const STORAGE: Readonly<Record<string, NonNullable<ColumnProps['storage']>>> = {
  p: 'plain',
  e: 'external',
  x: 'extended',
  m: 'main',
};

const COMPRESSION = { '': null, p: 'pglz', l: 'lz4' } as const;

/** Columns of tables. Their place is known but never compared; their default is an object of its own. */
export const columnKind: PostgresKind = {
  name: 'column',
  rank: 31,
  holdsData: true,
  columns: ['objid', 'objsubid', 'name', 'type', 'nn', 'local', 'parents', 'identity', 'extra'],
  query: (version) => {
    const compression = version >= 140000 ? 'a.attcompression' : `''`;
    return `
    SELECT ${CATALOG.pg_class} AS classid, a.attrelid::int8 AS objid, a.attnum AS objsubid, a.attname AS name,
      format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS nn,
      a.attislocal AS local,
      CASE WHEN a.attinhcount > 0 THEN (
        SELECT json_agg(i.inhparent::int8 ORDER BY i.inhseqno)
        FROM pg_inherits i JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname
        WHERE i.inhrelid = a.attrelid) END AS parents,
      CASE WHEN a.attidentity <> '' THEN (
        SELECT json_build_array(a.attidentity, r.relname, CASE WHEN NOT (${USUAL_SEQUENCE}) THEN ${SEQUENCE_SHAPE} END)
        FROM pg_depend s JOIN pg_sequence q ON q.seqrelid = s.objid JOIN pg_class r ON r.oid = s.objid
        WHERE s.refclassid = ${CATALOG.pg_class} AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum
          AND s.classid = ${CATALOG.pg_class} AND s.deptype = 'i') END AS identity,
      CASE WHEN a.attgenerated <> '' OR a.attcollation <> t.typcollation
        OR a.attstorage <> t.typstorage OR ${compression} <> '' OR coalesce(a.attstattarget, -1) >= 0
        OR cardinality(a.attoptions) > 1 OR a.attoptions[1] NOT LIKE 'pg\\_attver=%'
      THEN json_build_object(
        'collation', CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
        'generated', a.attgenerated,
        'expression', CASE WHEN a.attgenerated <> '' THEN (
          SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
          WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END,
        'storage', nullif(a.attstorage, t.typstorage), 'type_storage', t.typstorage,
        'compression', ${compression},
        'statistics', coalesce(a.attstattarget, -1), 'options', a.attoptions)
      END AS extra
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid >= ${FIRST_USER_OID} AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')`;
  },
  read,
  label: (object) => `column ${plainRelationOf(object)}.${object.name}`,
  reference: (object) => `COLUMN ${relationOf(object)}.${quoteIdent(object.name)}`,
  // A partition has the columns of its parent: none comes before it stands alone, and it is attached when the others
  // are gone.
  slots: (object) => [...sequenceSlots(object), standsAlone(object.parent!), handsOn(object.parent!)],
  frees: (object) => [...sequenceSlots(object), shapeOf(object.parent!)],
  droppedWithParent: () => true,
  foldsIntoParent: () => true,
  vanishesWith: inheritedWith,
  comesWith: inheritedWith,
  renamedWithAnother: (object) => inheritedFrom(object).length > 0,
  toleratesReplacing: (object, needed) => inheritedFrom(object).includes(needed.id),
  toleratesDropping: (object, needed) => inheritedFrom(object).includes(needed.id),
  crowds: (object, schema) => domainsWithin(object, schema).map((id) => `values of ${id}`),
  create,
  drop,
  alter: (before, after, changed, context) => alter(before, after, changesType(changed), context),
  converts: columnConversion,
  alterWhole(before, after, changes, context) {
    const sequence = takenOver(before, after, changes, context);
    if (sequence === undefined) return undefined;
    const rest = alter(before, after, before.props.type !== after.props.type, context);
    return rest === 'replace' ? undefined : changeNumbering(before, after, sequence, context, rest);
  },
  rename: (object, newName) => ({
    sql: [
      `ALTER TABLE ${relationOf(object)} RENAME COLUMN ${quoteIdent(object.name)} TO ${quoteIdent(newName)}`,
    ],
  }),
};

function read(row: CatalogRow, _version: number, idAt: IdAt): ReturnType<PostgresKind['read']> {
  const parent = idAt(CATALOG.pg_class, row.objid, 0);
  if (parent === undefined) return undefined;
  const name = row.name as string;
  const identity = row.identity as Identity | null;
  const called = identity === null ? null : ownName(identity[1], parent, name);
  const extra = row.extra as Extra | null;
  const type = row.type as string;
  const notNull = row.nn as boolean;
  const inherits = ((row.parents ?? []) as number[]).flatMap((relation) => {
    const table = idAt(CATALOG.pg_class, relation, 0);
    return table === undefined ? [] : [partId('column', table, name)];
  });
  return {
    kind: 'column',
    id: partId('column', parent, name),
    path: NO_PATH,
    name,
    schema: schemaOf(parent),
    parent,
    props:
      extra === null
        ? plainProps(type, notNull, identity, called)
        : specialProps(type, notNull, identity, called, extra),
    info:
      extra === null && identity === null && inherits.length === 0
        ? placeOnly(row.objsubid)
        : {
            position: row.objsubid,
            ...(extra?.storage ? { typeStorage: STORAGE[extra.type_storage]! } : {}),
            ...(identity === null ? {} : { sequence: identity[1] }),
            ...(inherits.length > 0 ? { inherits, ...(row.local === true ? { local: true } : {}) } : {}),
          },
    ...(inherits.length > 0 ? { needs: inherits } : {}),
  };
}

const NO_PATH: readonly string[] = [];

/** The schema of a table by its id. Columns come table by table, so the last answer is mostly the next one. */
function schemaOf(table: string): string {
  if (table !== lastTable) {
    lastTable = table;
    lastSchema = objectPath(table)[0]!;
  }
  return lastSchema;
}
let lastTable = '';
let lastSchema = '';

/** Columns of which nothing but the place is to be said share what says it. */
function placeOnly(position: number): { readonly position: number } {
  PLACES[position] ??= { position };
  return PLACES[position];
}
const PLACES: { readonly position: number }[] = [];

/** Most columns are a type and nothing else, or are numbered as usual besides, so those of one type share their properties. */
function plainProps(
  type: string,
  notNull: boolean,
  identity: Identity | null,
  called: string | null,
): ColumnProps {
  if (called !== null || (identity !== null && identity[2] !== null))
    return makeProps(type, notNull, identity, called);
  const key = `${type}${notNull ? ' NOT NULL' : ''}${identity === null ? '' : ` IDENTITY ${identity[0]}`}`;
  let props = PLAIN.get(key);
  if (props === undefined) {
    props = makeProps(type, notNull, identity, null);
    PLAIN.set(key, props);
  }
  return props;
}
const PLAIN = new Map<string, ColumnProps>();

/** The name of a sequence, where it is not the one that the server gives. */
function ownName(sequence: string, table: string, column: string): string | null {
  return sequence === automaticSequenceName(objectPath(table)[1]!, column) ? null : sequence;
}

function makeProps(
  type: string,
  notNull: boolean,
  identity: Identity | null,
  called: string | null,
): ColumnProps {
  return {
    type,
    collation: null,
    notNull,
    identity:
      identity === null
        ? null
        : { always: identity[0] === 'a', ...(identity[2] ?? USUAL_SHAPE), name: called },
    generated: null,
    storage: null,
    compression: null,
    statistics: null,
    options: [],
  };
}

function specialProps(
  type: string,
  notNull: boolean,
  identity: Identity | null,
  called: string | null,
  extra: Extra,
): ColumnProps {
  return {
    ...makeProps(type, notNull, identity, called),
    collation: extra.collation,
    generated: extra.generated
      ? { stored: extra.generated === 's', expression: canonicalExpression(extra.expression!) }
      : null,
    storage: STORAGE[extra.storage ?? ''] ?? null,
    compression: COMPRESSION[extra.compression],
    statistics: extra.statistics >= 0 ? extra.statistics : null,
    // PostgreSQL 15.20 and its siblings keep a private mark there that no CREATE TABLE takes.
    options: (extra.options ?? []).filter((option) => !option.startsWith('pg_attver=')).sort(),
  };
}

/** The sequence of an identity column is no object, but it takes a name. */
function sequenceSlots(object: SchemaObject): string[] {
  return typeof object.info.sequence === 'string'
    ? [`relation ${plainName(object.schema, object.info.sequence)}`]
    : [];
}

/** A column of a partition comes and goes with that of its parent. */
function inheritedWith(object: SchemaObject, context: RenderContext): string | undefined {
  return followsParent(object, context) ? inheritedFrom(object)[0] : undefined;
}

function create(object: SchemaObject, context: RenderContext): Rendered {
  const { notNull, identity, generated } = propsOf<ColumnProps>(object);
  const subject = `${plainRelationOf(object)}.${object.name}`;
  const filled =
    identity !== null || generated !== null || context.folded.some((part) => part.kind === 'default');
  const hazards: Hazard[] =
    notNull && !filled && context.from.objects.has(object.parent!)
      ? [
          {
            code: 'add-not-null',
            level: 'may-fail',
            subject,
            message: `column ${subject} is NOT NULL and has no default, so it cannot be added to a table with rows`,
          },
        ]
      : [];
  return {
    sql: [
      `ALTER TABLE ${relationOf(object)} ADD COLUMN ${columnDefinition(object, context.folded)}`,
      ...columnSettings(object, context),
      ...separateSequences(context.folded),
      ...inheritedColumns(object, context),
    ],
    hazards,
  };
}

function drop(object: SchemaObject, context: RenderContext): Rendered {
  const subject = `${plainRelationOf(object)}.${object.name}`;
  const foreign = isForeign(context.from.objects.get(object.parent!));
  const held = propsOf<ColumnProps>(object).generated === null && !foreign;
  return {
    sql: dropWithBelow(
      object,
      context,
      (column, only) =>
        `ALTER TABLE ${only ? 'ONLY ' : ''}${relationOf(column)} DROP COLUMN ${quoteIdent(column.name)}`,
    ),
    hazards: [
      {
        code: 'drop-column',
        level: held ? 'data-loss' : 'note',
        subject,
        message:
          held || foreign
            ? `every value of ${subject} is ${foreign ? 'out of reach' : 'lost'}`
            : `the values of ${subject} go; they were computed from other columns`,
      },
    ],
  };
}

function alter(
  before: SchemaObject,
  after: SchemaObject,
  retyped: boolean,
  context: RenderContext,
): Alteration {
  if (followsParent(after, context)) return alterInherited(before, after, context);
  const statements = alterColumnStatements(before, after, context);
  if (statements === 'replace') return statements;
  const touches = columnsBelow(after, context);
  const inPlace = { ...statements, sql: [...statements.sql, ...keptNotNull(before, after, context)] };
  if (!retyped) return { ...inPlace, touches };
  return { ...inPlace, touches, disturbs: disturbedByTypeChange(before, after, context) };
}
