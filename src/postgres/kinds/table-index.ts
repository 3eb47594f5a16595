import { type Alteration, propsOf, type RenderContext } from '../../schema/kind.js';
import { lastPart, objectId, objectPath, type SchemaObject } from '../../schema/object.js';
import { handsOn } from '../attachments.js';
import { canonicalExpression, topLevelWord } from '../canonical-expression.js';
import { CATALOG, FIRST_USER_OID } from '../catalog-scope.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import { INDEX_ATTACHMENT, PARTITIONS_WITHOUT, readAttachment, readWithout } from '../index-attachment.js';
import { keySlot, onlyColumnOf } from '../own-columns.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import {
  changeAttachment,
  comesWithAttached,
  createAttached,
  losesParts,
  partitionsBefore,
  staysWhenAboveGoes,
  vanishesWithAttached,
} from './attached-index.js';
import { parameterChanges, readParameters, withClause } from './storage-parameters.js';

type IdAt = Parameters<PostgresKind['read']>[2];

export interface IndexProps {
  /** The id of the table: an index of one name may belong to another one. */
  readonly table: string;
  readonly unique: boolean;
  /** `btree`, `gin`, `hnsw`. */
  readonly method: string;
  /** From the key to WHERE, as CREATE INDEX takes it after the method, without the storage parameters. */
  readonly definition: string;
  /** Storage parameters as `name=value`. */
  readonly options: readonly string[];
  /** False for what a failed CREATE INDEX CONCURRENTLY leaves behind. */
  readonly valid: boolean;
  /** The id of the index or key of a partitioned table that this one is the part of in a partition. */
  readonly attachedTo: string | null;
  /** The ids of the partitions that have no part of it. */
  readonly without: readonly string[];
}

/** Indexes of tables and materialised views that are not part of a constraint. */
export const indexKind: PostgresKind = {
  name: 'index',
  rank: 34,
  /**
   * pg_get_indexdef is slow, for it looks for the default operator class of every column. So an index on
   * plain columns with default operator classes and collations comes as column numbers, and only where
   * something is special is the server asked for the text. OFFSET 0 keeps the planner from working that out
   * once for every mention.
   */
  columns: [
    'objid',
    'name',
    'relation',
    'method',
    'unique',
    'valid',
    'options',
    'partitioned',
    'attachment',
    'without',
    'behind',
    'nulls_not_distinct',
    'plain',
    'key',
    'key_size',
    'key_options',
    'definition',
  ],
  query: (version) => `
    SELECT ${CATALOG.pg_class} AS classid, i.indexrelid::int8 AS objid, 0 AS objsubid,
      c.relname AS name, i.indrelid::int8 AS relation, m.amname AS method,
      i.indisunique AS unique, c.relkind = 'I' OR i.indisvalid AND i.indisready AS valid, c.reloptions AS options,
      c.relkind = 'I' AS partitioned, ${INDEX_ATTACHMENT} AS attachment,
      ${PARTITIONS_WITHOUT} AS without,
      -- Attaching a table takes over the oldest of several that are alike.
      CASE WHEN t.relispartition AND NOT c.relispartition THEN (
        SELECT json_agg(o.relname ORDER BY o.relname) FROM pg_index x JOIN pg_class o ON o.oid = x.indexrelid
        WHERE x.indrelid = i.indrelid AND o.relispartition AND x.indkey::text = i.indkey::text) END AS behind,
      ${version >= 150000 ? 'i.indnullsnotdistinct' : 'false'} AS nulls_not_distinct,
      s.plain, i.indkey::text AS key, i.indnkeyatts AS key_size,
      CASE WHEN s.plain THEN i.indoption::text END AS key_options,
      CASE WHEN s.plain THEN '' ELSE substr(
        pg_get_indexdef(i.indexrelid),
        1 + length(format('CREATE %sINDEX %I ON %s%I.%I USING %I ',
          CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END,
          c.relname, CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END, (SELECT n.nspname FROM pg_namespace n WHERE n.oid = t.relnamespace), t.relname, m.amname)))
      END AS definition
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam
    JOIN pg_class t ON t.oid = i.indrelid
    CROSS JOIN LATERAL (SELECT
      t.relkind IN ('r', 'p') AND i.indexprs IS NULL AND i.indpred IS NULL AND c.reloptions IS NULL
      AND i.indclass::oid[] <@ ARRAY(SELECT o.oid FROM pg_opclass o WHERE o.opcdefault AND o.oid < ${FIRST_USER_OID})
      AND i.indcollation::oid[] <@ ARRAY[0, 100]::oid[]
      -- Parameters of operator classes: tsvector_ops (siglen=1000).
      AND i.indexrelid NOT IN (SELECT a.attrelid FROM pg_attribute a
        WHERE a.attrelid >= ${FIRST_USER_OID} AND a.attoptions IS NOT NULL)
      AND i.indrelid NOT IN (
        SELECT a.attrelid FROM pg_attribute a
        WHERE a.attrelid >= ${FIRST_USER_OID} AND a.attnum > 0 AND (a.attcollation NOT IN (0, 100)
          OR a.atttypid IN (SELECT o.opcintype FROM pg_opclass o WHERE o.opcdefault AND o.oid >= ${FIRST_USER_OID})))
      AS plain OFFSET 0) s
    WHERE i.indrelid >= ${FIRST_USER_OID} AND c.relkind IN ('i', 'I') AND t.relkind IN ('r', 'p', 'm')
      AND i.indexrelid NOT IN (SELECT k.conindid FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x'))`,
  read,
  label: (object) => `index ${plainName(object.schema, object.name)}`,
  reference: (object) => `INDEX ${qualified(object.schema, object.name)}`,
  slots: (object) => [...names(object), handsOn(object.parent!)],
  frees: names,
  follows: (object) => (object.info.behind ?? []) as readonly string[],
  droppedWithParent: () => true,
  vanishesWith: (object, context) => vanishesWithAttached(object, context) ?? onlyColumnOf(object),
  comesWith: comesWithAttached,
  toleratesReplacing: toleratesAbove,
  toleratesDropping: toleratesAbove,
  cutOrder: () => 4,
  // An index of a partitioned table takes one that looks like its own from each partition.
  crowds: (object) => [`index ${object.parent} ${object.props.method} ${object.props.definition}`],
  create(object, context) {
    const { unique } = propsOf<IndexProps>(object);
    const relation = plainRelation(object);
    return {
      sql: createAttached(object, context, (index, only) => createIndexSql(index, { only })),
      hazards:
        unique && context.from.objects.has(object.parent!)
          ? [
              {
                code: 'add-unique',
                level: 'may-fail',
                subject: plainName(object.schema, object.name),
                message: `unique index ${object.name} cannot be built when two rows of ${relation} have the same values`,
              },
            ]
          : [],
    };
  },
  drop: (object) => ({ sql: [`DROP INDEX ${qualified(object.schema, object.name)}`] }),
  alter(before, after, changed, context): Alteration {
    if (changed.some((property) => !['options', 'attachedTo', 'without'].includes(property)))
      return 'replace';
    if (losesParts(before, after, context)) return 'replace';
    const attaching = changed.includes('attachedTo') ? changeAttachment(before, after, context) : [];
    if (attaching === 'replace' || (after.info.partitioned === true && changed.includes('options')))
      return 'replace';
    const index = `ALTER INDEX ${qualified(after.schema, after.name)}`;
    const changes = parameterChanges(propsOf<IndexProps>(before).options, propsOf<IndexProps>(after).options);
    return {
      sql: [...attaching, ...changes.map((change) => `${index} ${change}`)],
      summary:
        changes.length > 0
          ? `Change the storage parameters of index ${plainName(after.schema, after.name)}`
          : `Attach index ${plainName(after.schema, after.name)} to that of the partitioned table`,
    };
  },
  worthRenaming: true,
  rename: (object, newName) => ({
    sql: [`ALTER INDEX ${qualified(object.schema, object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),
  conditions: ['valid'],
  // Nobody can ask for an invalid index, only for a valid one in its place.
  sameProperty: (key, before) => key === 'valid' && before.props.valid === true,
};

function names(object: SchemaObject): string[] {
  const relation = `relation ${plainName(object.schema, object.name)}`;
  const columns = object.info.columns as readonly (string | null)[];
  return object.props.unique === true && !columns.includes(null)
    ? [relation, keySlot(object.parent!, columns as readonly string[])]
    : [relation];
}

/** It does not mind what becomes of the partitions that have no part of it. */
function toleratesAbove(object: SchemaObject, needed: SchemaObject, context: RenderContext): boolean {
  return needed.kind === 'partition' || staysWhenAboveGoes(object, needed, context);
}

/** The statement that builds an index, perhaps without holding back writers, and under another name. */
export function createIndexSql(
  object: SchemaObject,
  {
    concurrently = false,
    only = false,
    name = object.name,
  }: { concurrently?: boolean; only?: boolean; name?: string } = {},
): string {
  const { unique, method, definition, options } = propsOf<IndexProps>(object);
  const words = [
    `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${concurrently ? 'CONCURRENTLY ' : ''}${quoteIdent(name)}`,
    `ON ${only ? 'ONLY ' : ''}${relationOf(object)}`,
    ...(method === 'btree' ? [] : [`USING ${quoteIdent(method)}`]),
    withOptions(definition, options),
  ];
  return words.join(' ');
}

function read(row: CatalogRow, _version: number, idAt: IdAt): ReturnType<PostgresKind['read']> {
  const parent = idAt(CATALOG.pg_class, row.relation as number, 0);
  if (parent === undefined) return undefined;
  const schema = objectPath(parent)[0]!;
  const name = row.name as string;
  const options = readParameters(row.options);
  // Expressions are column 0, and the columns of a materialised view are no objects.
  const columns = String(row.key)
    .split(' ')
    .map((number) => idAt(CATALOG.pg_class, row.relation as number, Number(number)))
    .map((id) => (id?.startsWith('column:') ? lastPart(id) : null));
  const definition =
    row.plain === true
      ? plainDefinition(row, columns as string[])
      : withoutOptions(canonicalExpression(row.definition as string), options);
  const without = readWithout(row.without, idAt);
  const behind = ((row.behind ?? []) as string[]).map((index) => objectId('index', schema, index));
  const { attachedTo, automaticName } = readAttachment(row.attachment, name, parent, 'idx', idAt);
  return {
    kind: 'index',
    path: [schema, name],
    name,
    schema,
    parent,
    props: {
      table: parent,
      unique: row.unique as boolean,
      method: row.method as string,
      definition,
      options,
      valid: row.valid as boolean,
      attachedTo,
      without,
    },
    info: {
      columns: columns.slice(0, row.key_size as number),
      ...(row.partitioned === true ? { partitioned: true } : {}),
      ...(automaticName ? { automaticName } : {}),
      ...(behind.length > 0 ? { behind } : {}),
    },
    ...(attachedTo === null && without.length === 0
      ? {}
      : { needs: [...(attachedTo === null ? [] : [attachedTo]), ...partitionsBefore(without)] }),
  };
}

/** The text that pg_get_indexdef gives for an index on plain columns. */
function plainDefinition(row: CatalogRow, columns: readonly string[]): string {
  const flags = String(row.key_options).split(' ').map(Number);
  const size = row.key_size as number;
  const key = columns.slice(0, size).map((column, index) => quoteIdent(column) + keyOrder(flags[index] ?? 0));
  const include = columns.slice(size).map(quoteIdent);
  return (
    `(${key.join(', ')})` +
    (include.length === 0 ? '' : ` INCLUDE (${include.join(', ')})`) +
    (row.nulls_not_distinct === true ? ' NULLS NOT DISTINCT' : '')
  );
}

/** Bit 1 of pg_index.indoption says DESC, bit 2 NULLS FIRST; each order has its own default for nulls. */
function keyOrder(flags: number): string {
  return ['', ' DESC NULLS LAST', ' NULLS FIRST', ' DESC'][flags & 3]!;
}

/** The definition with its storage parameters in their place, before WHERE. */
function withOptions(definition: string, options: readonly string[]): string {
  if (options.length === 0) return definition;
  const where = topLevelWord(definition, 'WHERE');
  if (where === -1) return definition + withClause(options);
  return `${definition.slice(0, where).trimEnd()}${withClause(options)} ${definition.slice(where)}`;
}

function withoutOptions(definition: string, options: readonly string[]): string {
  if (options.length === 0) return definition;
  const start = topLevelWord(definition, 'WITH');
  if (start === -1) return definition;
  const where = topLevelWord(definition, 'WHERE');
  const head = definition.slice(0, start).trimEnd();
  return where === -1 ? head : `${head} ${definition.slice(where)}`;
}

/** An index has no table in its id, only in its parent's. */
function relationOf(index: SchemaObject): string {
  const [schema, relation] = objectPath(index.parent!);
  return qualified(schema!, relation!);
}

function plainRelation(index: SchemaObject): string {
  const [schema, relation] = objectPath(index.parent!);
  return plainName(schema!, relation!);
}
