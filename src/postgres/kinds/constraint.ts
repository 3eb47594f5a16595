import { type Alteration, propsOf, type RenderContext } from '../../schema/kind.js';
import { lastPart, objectId, objectPath, partId, type SchemaObject } from '../../schema/object.js';
import { followsParent, handsOn, partitionId, shapeOf, staysAttached } from '../attachments.js';
import type { IndexRole } from '../automatic-names.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { constraintName } from '../constraint-name.js';
import { dropWithBelow } from '../drop-with-below.js';
import { plainName, plainRelationOf, qualified, quoteIdent, relationOf } from '../identifiers.js';
import { INDEX_ATTACHMENT, PARTITIONS_WITHOUT, readAttachment, readWithout } from '../index-attachment.js';
import { keySlot, onlyColumnOf } from '../own-columns.js';
import { sentence } from '../plain-words.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import { inheritedFrom } from '../table-parts.js';
import { createForeignKey, isClone, namedAnew } from './adopted-foreign-key.js';
import {
  changeAttachment,
  comesWithAttached,
  createAttached,
  losesParts,
  partitionsBefore,
  staysWhenAboveGoes,
  vanishesWithAttached,
} from './attached-index.js';
import {
  additionHazards,
  type ConstraintProps,
  type ConstraintType,
  constraintAddition,
  constraintRemoval,
  type ReferentialAction,
} from './constraint-definition.js';
import { isMadeByAttaching } from './partition-attach.js';
import { parameterChanges, readParameters } from './storage-parameters.js';

type IdAt = Parameters<PostgresKind['read']>[2];

const TYPES: Readonly<Record<string, ConstraintType>> = {
  p: 'primary key',
  u: 'unique',
  c: 'check',
  f: 'foreign key',
  x: 'exclusion',
};

const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

const INDEX_ROLES: Partial<Record<ConstraintType, IndexRole>> = {
  'primary key': 'pkey',
  unique: 'key',
  exclusion: 'excl',
};

/** What a foreign key refers to, in catalog terms. */
type TargetRow = readonly [
  relation: number,
  key: readonly number[],
  matchFull: boolean,
  onUpdate: string,
  onDelete: string,
  onDeleteKey: readonly number[] | null,
];

/**
 * Primary keys, unique, check, foreign key and exclusion constraints. The index behind one is a part of it.
 * NOT NULL is a property of the column also where PostgreSQL 18 keeps a constraint for it.
 */
export const constraintKind: PostgresKind = {
  name: 'constraint',
  rank: 33,
  columns: [
    'objid',
    'name',
    'type',
    'relation',
    'local',
    'key',
    'index_key',
    'options',
    'attachment',
    'without',
    'target_partitions',
    'above',
    'target',
    'traits',
    'definition',
  ],
  query: (version) => `
    SELECT ${CATALOG.pg_constraint} AS classid, k.oid::int8 AS objid, 0 AS objsubid,
      k.conname AS name, k.contype AS type, k.conrelid::int8 AS relation,
      k.conislocal AS local, k.conkey AS key, i.indkey::text AS index_key, c.reloptions AS options,
      ${INDEX_ATTACHMENT} AS attachment,
      CASE WHEN i.indexrelid IS NOT NULL THEN ${PARTITIONS_WITHOUT} END AS without,
      CASE WHEN k.contype = 'f' AND k.conparentid = 0 AND k.confrelid IN (SELECT t.oid FROM pg_class t WHERE t.relkind = 'p')
        THEN (SELECT json_agg(t.relid::oid::int8) FROM pg_partition_tree(k.confrelid) t WHERE t.level > 0)
      END AS target_partitions,
      CASE WHEN k.contype = 'f' AND k.conparentid <> 0
        THEN (SELECT json_agg(json_build_array(p.conrelid::int8, p.conname)) FROM pg_constraint p
          WHERE p.oid = k.conparentid)
        WHEN k.contype = 'c' AND k.coninhcount > 0
        THEN (SELECT json_agg(json_build_array(p.conrelid::int8, p.conname) ORDER BY h.inhseqno)
          FROM pg_inherits h JOIN pg_constraint p ON p.conrelid = h.inhparent AND p.conname = k.conname AND p.contype = 'c'
            AND NOT p.connoinherit
          WHERE h.inhrelid = k.conrelid) END AS above,
      CASE WHEN k.contype = 'f' THEN json_build_array(
        k.confrelid::int8, k.confkey, k.confmatchtype = 'f', k.confupdtype, k.confdeltype,
        ${version >= 150000 ? 'k.confdelsetcols' : 'NULL::int2[]'}) END AS target,
      concat_ws(' ',
        ${version >= 150000 ? `CASE WHEN i.indnullsnotdistinct THEN 'nulls-not-distinct' END,` : ''}
        ${version >= 180000 ? `CASE WHEN k.conperiod THEN 'period' END, CASE WHEN NOT k.conenforced THEN 'not-enforced' END,` : ''}
        CASE WHEN k.contype = 'c' AND k.connoinherit THEN 'no-inherit' END,
        CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN k.condeferred THEN 'deferred' END,
        CASE WHEN NOT k.convalidated THEN 'not-valid' END) AS traits,
      CASE k.contype
        WHEN 'c' THEN pg_get_expr(k.conbin, k.conrelid)
        WHEN 'x' THEN pg_get_constraintdef(k.oid)
        ELSE ''
      END AS definition
    FROM pg_constraint k
    LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
    LEFT JOIN pg_class c ON c.oid = i.indexrelid AND (c.reloptions IS NOT NULL OR c.relispartition)
    WHERE k.conrelid >= ${FIRST_USER_OID} AND (k.conparentid = 0 OR k.contype <> 'f' OR EXISTS (
        SELECT FROM pg_constraint p
        WHERE p.oid = k.conparentid AND p.conrelid <> k.conrelid AND p.confrelid = k.confrelid))
      AND k.contype IN ('p', 'u', 'c', 'f', 'x')`,
  read,
  label: (object) => `${object.props.type} ${object.name} of ${plainRelationOf(object)}`,
  reference: (object) => `CONSTRAINT ${quoteIdent(object.name)} ON ${relationOf(object)}`,
  slots,
  crowds: (object) => constraintName(object, object.name),
  frees: (object) => [
    ...(object.props.type === 'foreign key' ? [] : ownSlots(object)),
    ...(object.props.type === 'check' ? [shapeOf(object.parent!)] : []),
  ],
  droppedWithParent: () => true,
  vanishesWith: (object, context) =>
    inheritedWith(object, context) ?? vanishesWithAttached(object, context) ?? onlyColumnOf(object),
  comesWith: (object, context) =>
    inheritedWith(object, context) ??
    comesWithAttached(object, context) ??
    (isMadeByAttaching(object) ? partitionId(object.parent!) : undefined),
  toleratesReplacing: (object, needed, context) =>
    (needed.kind === 'partition' && object.props.type !== 'foreign key') ||
    staysWithout(object, needed, context),
  toleratesDropping: (object, needed, context) =>
    needed.kind === 'partition' || staysWithout(object, needed, context),
  renamedWithAnother: (object) => object.props.type === 'check' && inheritedFrom(object).length > 0,
  // CREATE TABLE takes NOT VALID and forgets it: there are no rows that could be invalid.
  foldsIntoParent: (object) => object.props.validated === true || object.props.enforced === false,
  cutOrder: (object) => ({ 'foreign key': 0, check: 2 })[String(object.props.type)] ?? 3,
  create: (object, context) =>
    namedAnew(object, context)?.create ??
    (isClone(object)
      ? { sql: [] }
      : {
          sql: hasIndex(object)
            ? createAttached(object, context, constraintAddition)
            : isForeignKey(object)
              ? createForeignKey(object, context)
              : [constraintAddition(object)],
          hazards: additionHazards(object, context),
        }),
  // A foreign key takes along those of the partitions, also where they were there first.
  drop: (object, context) =>
    namedAnew(object, context)?.drop ?? {
      sql: isForeignKey(object)
        ? [constraintRemoval(object, false)]
        : dropWithBelow(object, context, constraintRemoval),
    },
  alter,
  worthRenaming: true,
  rename: (object, newName) => ({
    sql: [
      `ALTER TABLE ${relationOf(object)} RENAME CONSTRAINT ${quoteIdent(object.name)} TO ${quoteIdent(newName)}`,
    ],
  }),
};

function isForeignKey(object: SchemaObject): boolean {
  return object.props.type === 'foreign key';
}

function hasIndex(object: SchemaObject): boolean {
  return Object.hasOwn(INDEX_ROLES, propsOf<ConstraintProps>(object).type);
}

function read(row: CatalogRow, _version: number, idAt: IdAt): ReturnType<PostgresKind['read']> {
  const table = idAt(CATALOG.pg_class, row.relation as number, 0);
  if (table === undefined) return undefined;
  const name = row.name as string;
  const [schema, tableName] = objectPath(table) as [string, string];
  const type = TYPES[row.type as string]!;
  const key = row.key as number[] | null;
  const indexKey = row.index_key === null ? [] : String(row.index_key).split(' ').map(Number);
  const names = (relation: number, numbers: readonly number[]): string[] =>
    numbers.map((number) => lastPart(idAt(CATALOG.pg_class, relation, number)!));
  const own = (numbers: readonly number[]) => names(row.relation as number, numbers);

  const target = row.target as TargetRow | null;
  let references: ConstraintProps['references'] = null;
  // pg_depend knows the columns it refers to; whether the table is logged matters too.
  const needs: string[] = [];
  if (target !== null) {
    const [relation, targetKey, matchFull, onUpdate, onDelete, onDeleteKey] = target;
    const id = idAt(CATALOG.pg_class, relation, 0);
    if (id === undefined) {
      return {
        unmanaged: {
          kind: 'foreign key to a table that is not managed',
          name: plainName(schema, tableName, name),
        },
      };
    }
    const [targetSchema, targetTable] = objectPath(id) as [string, string];
    needs.push(id);
    references = {
      schema: targetSchema,
      table: targetTable,
      columns: names(relation, targetKey),
      matchFull,
      onUpdate: ACTIONS[onUpdate]!,
      onDelete: ACTIONS[onDelete]!,
      onDeleteColumns: own(onDeleteKey ?? []),
    };
  }
  const byExpression = type === 'check' || type === 'exclusion';
  const without = readWithout(row.without, idAt);
  const { attachedTo, automaticName } = readAttachment(
    row.attachment,
    name,
    table,
    INDEX_ROLES[type] ?? 'idx',
    idAt,
  );
  const traits = String(row.traits).split(' ');
  const props: ConstraintProps = {
    type,
    columns: byExpression ? null : own(key ?? []),
    include: byExpression ? [] : own(indexKey.slice(key?.length ?? 0)),
    expression: byExpression ? expressionOf(type, row) : null,
    references,
    nullsNotDistinct: traits.includes('nulls-not-distinct'),
    period: traits.includes('period'),
    noInherit: traits.includes('no-inherit'),
    deferrable: traits.includes('deferrable'),
    initiallyDeferred: traits.includes('deferred'),
    validated: !traits.includes('not-valid'),
    enforced: !traits.includes('not-enforced'),
    options: type === 'exclusion' ? [] : readParameters(row.options),
    attachedTo,
    without,
  };
  // A reference to what is in no partition yet is refused, and so is taking a partition away under one.
  const targetPartitions = ((row.target_partitions ?? []) as number[]).flatMap((relation) => {
    const id = idAt(CATALOG.pg_class, relation, 0);
    return id === undefined ? [] : [partitionId(id)];
  });
  const inherits = ((row.above ?? []) as [number, string][]).flatMap(([relation, above]) => {
    const id = idAt(CATALOG.pg_class, relation, 0);
    return id === undefined ? [] : [partId('constraint', id, above)];
  });
  return {
    kind: 'constraint',
    id: partId('constraint', table, name),
    path: [],
    name,
    schema,
    parent: table,
    props,
    info: {
      ...(inherits.length > 0 ? { inherits, ...(row.local === true ? { local: true } : {}) } : {}),
      ...(automaticName ? { automaticName } : {}),
    },
    needs: [
      ...needs,
      ...inherits,
      ...targetPartitions,
      ...partitionsBefore(without),
      ...(attachedTo === null ? [] : [attachedTo]),
    ],
  };
}

/** Without what the other properties say: pg_get_constraintdef ends in DEFERRABLE and the like. */
function expressionOf(type: ConstraintType, row: CatalogRow): string {
  const text = canonicalExpression(row.definition as string);
  return type === 'exclusion' ? text.replace(/(?: DEFERRABLE(?: INITIALLY DEFERRED)?)?$/, '') : text;
}

/**
 * A constraint with an index takes a relation's name. A foreign key takes hold of whichever unique index its
 * target columns have, so one that is about to go must be gone by then.
 */
function slots(object: SchemaObject): string[] {
  return [...ownSlots(object), handsOn(object.parent!)];
}

function ownSlots(object: SchemaObject): string[] {
  const { type, columns, references } = propsOf<ConstraintProps>(object);
  if (type === 'check') return [];
  if (references !== null)
    return [keySlot(objectId('table', references.schema, references.table), references.columns)];
  const relation = `relation ${plainName(object.schema, object.name)}`;
  return columns === null ? [relation] : [relation, keySlot(object.parent!, columns)];
}

/** A check or foreign key of a partition comes and goes with that of its parent. */
function inheritedWith(object: SchemaObject, context: RenderContext): string | undefined {
  return followsParent(object, context) ? inheritedFrom(object)[0] : undefined;
}

/** A table that is detached first keeps what it got from the one above. */
function staysWithout(object: SchemaObject, needed: SchemaObject, context: RenderContext): boolean {
  if (inheritedFrom(object).includes(needed.id)) return !staysAttached(object.parent!, context);
  return staysWhenAboveGoes(object, needed, context);
}

function alter(
  before: SchemaObject,
  after: SchemaObject,
  changed: readonly string[],
  context: RenderContext,
): Alteration {
  const props = propsOf<ConstraintProps>(after);
  // What can change in place does so with the constraint above.
  const followed =
    followsParent(after, context) || (props.attachedTo !== null && staysAttached(after.parent!, context));
  const table = `ALTER TABLE ${relationOf(after)}`;
  const name = quoteIdent(after.name);
  const sql: string[] = [];
  // What is enforced from now on has been checked, and what is not counts as never checked.
  const enforcement = changed.includes('enforced') && props.type === 'foreign key';
  if (enforcement && props.enforced && !props.validated) return 'replace';
  for (const property of changed) {
    if (property === 'without') {
      if (losesParts(before, after, context)) return 'replace';
    } else if (property === 'attachedTo') {
      const attaching = changeAttachment(before, after, context);
      if (attaching === 'replace') return 'replace';
      sql.push(...attaching);
    } else if (followed && ['validated', 'enforced', 'deferrable', 'initiallyDeferred'].includes(property)) {
      if (props.type !== 'foreign key' && property !== 'validated') return 'replace';
    } else if (property === 'enforced' && enforcement) {
      sql.push(`${table} ALTER CONSTRAINT ${name} ${props.enforced ? 'ENFORCED' : 'NOT ENFORCED'}`);
    } else if (property === 'validated' && enforcement) {
    } else if (property === 'validated' && props.validated && props.enforced) {
      sql.push(`${table} VALIDATE CONSTRAINT ${name}`);
    } else if (property === 'options' && props.type !== 'exclusion') {
      const index = `ALTER INDEX ${qualified(after.schema, after.name)}`;
      const old = propsOf<ConstraintProps>(before).options;
      sql.push(...parameterChanges(old, props.options).map((change) => `${index} ${change}`));
    } else if (
      (property === 'deferrable' || property === 'initiallyDeferred') &&
      props.type === 'foreign key'
    ) {
      const deferral = props.deferrable
        ? `DEFERRABLE INITIALLY ${props.initiallyDeferred ? 'DEFERRED' : 'IMMEDIATE'}`
        : 'NOT DEFERRABLE';
      const statement = `${table} ALTER CONSTRAINT ${name} ${deferral}`;
      if (!sql.includes(statement)) sql.push(statement);
    } else return 'replace';
  }
  const label = `${props.type} ${after.name} of ${plainRelationOf(after)}`;
  const phrases: readonly [readonly string[], string][] = [
    [['enforced'], `${props.enforced ? 'enforce' : 'no longer enforce'} ${label}`],
    [enforcement ? [] : ['validated'], `validate ${label}`],
    [['options'], `change the storage parameters of the index of ${label}`],
    [['deferrable', 'initiallyDeferred'], `change when ${label} is checked`],
  ];
  return {
    sql,
    hazards: enforcement && props.enforced ? additionHazards(after, context) : [],
    summary: sentence(
      phrases.flatMap(([names, phrase]) => (names.some((name) => changed.includes(name)) ? [phrase] : [])),
    ),
  };
}
