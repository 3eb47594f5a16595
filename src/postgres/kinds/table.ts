import { propsOf, type RenderContext, type Rendered } from '../../schema/kind.js';
import { dependentsOf, partsOf } from '../../schema/lookup.js';
import { objectId, type Schema, type SchemaObject } from '../../schema/object.js';
import { partitionOf } from '../attachments.js';
import { canonicalExpression } from '../canonical-expression.js';
import { CATALOG, isNotExtensionMember, isUserSchema } from '../catalog-scope.js';
import { openOptions, optionChanges, optionsClause } from '../foreign-options.js';
import { plainName, qualified, quoteIdent } from '../identifiers.js';
import { sentence } from '../plain-words.js';
import type { CatalogRow, PostgresKind } from '../postgres-kind.js';
import { isForeign } from '../table-parts.js';
import { columnDefinition, columnSettings } from './column-definition.js';
import {
  type ConstraintProps,
  constraintDefinition,
  repeated,
  withoutRepeated,
} from './constraint-definition.js';
import { inherit } from './inheritance.js';
import {
  asInherited,
  inheritedAtOnce,
  inheritedSettings,
  inheritsClause,
  isOwnPart,
} from './inheritance-create.js';
import { attach, detach, isMadeByAttaching } from './partition-attach.js';
import { createPartition, isPlainPartition } from './partition-create.js';
import { separateSequences } from './sequence-definition.js';
import { parameterChanges, readParameters, withClause } from './storage-parameters.js';
import { becomesTyped } from './typed-table.js';
import { typedAtOnce, typedColumn } from './typed-table-create.js';

interface TableProps {
  readonly unlogged: boolean;
  /** Storage parameters as `name=value`, those of the TOAST table as `toast.name=value`. */
  readonly options: readonly string[];
  /** Null for heap. */
  readonly accessMethod: string | null;
  /** `RANGE (created_at)`; null for a table that holds rows of its own. */
  readonly partitionBy: string | null;
  /** The columns that the partition key is made of, each with its type: they cannot be altered. */
  readonly partitionKey: readonly string[];
  /** The foreign server that has the rows; null for a table of the database's own. */
  readonly server: string | null;
  /** What a foreign table says to its server, `name=value`, without secrets. */
  readonly serverOptions: readonly string[];
}

/**
 * Tables, partitioned ones and partitions among them; that a table is a partition is the affair of the kind `partition`,
 * what it inherits that of `inheritance`, and of which type it is that of `typed-table`. Also foreign tables.
 */
export const tableKind: PostgresKind = {
  name: 'table',
  rank: 30,
  holdsData: true,
  columns: [
    'objid',
    'schema',
    'name',
    'server',
    'server_options',
    'partition_by',
    'partition_key',
    'unlogged',
    'options',
    'toast_options',
    'access_method',
  ],
  query: () => `
    SELECT ${CATALOG.pg_class} AS classid, c.oid::int8 AS objid, 0 AS objsubid,
      n.nspname AS schema, c.relname AS name,
      (SELECT s.srvname FROM pg_foreign_server s WHERE s.oid = ft.ftserver) AS server, ${openOptions('ft.ftoptions')} AS server_options,
      CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_by,
      CASE WHEN c.relkind = 'p' THEN (
        SELECT json_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
          nullif(a.attcollation, 0)::regcollation) ORDER BY a.attname)
        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid
        WHERE d.classid = ${CATALOG.pg_class} AND d.objid = c.oid AND d.refclassid = ${CATALOG.pg_class}
          AND d.refobjid = c.oid AND d.refobjsubid = 0 AND d.deptype = 'i') END AS partition_key,
      c.relpersistence = 'u' AND c.relkind <> 'p' AS unlogged, c.reloptions AS options, t.reloptions AS toast_options,
      nullif(m.amname, 'heap') AS access_method
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_class t ON t.oid = c.reltoastrelid AND t.reloptions IS NOT NULL
    LEFT JOIN pg_am m ON m.oid = c.relam
    LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'f') AND ${isUserSchema('n.nspname')}
      AND ${isNotExtensionMember('pg_class', 'c.oid')}`,
  read,
  label: (object) => `${isForeign(object) ? 'foreign ' : ''}table ${plainName(object.schema, object.name)}`,
  reference: (object) =>
    `${isForeign(object) ? 'FOREIGN ' : ''}TABLE ${qualified(object.schema, object.name)}`,
  // A table is also a row type, so it takes a type's name as well.
  slots: (object) => {
    const name = plainName(object.schema, object.name);
    return [`relation ${name}`, `type ${name}`];
  },
  create,
  drop,
  alter(before, after, changed, context) {
    const old = propsOf<TableProps>(before);
    const { unlogged, options, accessMethod, partitionBy } = propsOf<TableProps>(after);
    if (['partitionBy', 'partitionKey', 'server'].some((key) => changed.includes(key))) return 'replace';
    const table = `ALTER TABLE ${qualified(after.schema, after.name)}`;
    const sql = parameterChanges(old.options, options).map((change) => `${table} ${change}`);
    const { serverOptions } = propsOf<TableProps>(after);
    sql.push(
      ...optionChanges(old.serverOptions, serverOptions).map(
        (change) => `ALTER FOREIGN TABLE ${qualified(after.schema, after.name)} ${change}`,
      ),
    );
    if (changed.includes('unlogged')) sql.push(`${table} SET ${unlogged ? 'UNLOGGED' : 'LOGGED'}`);
    if (changed.includes('accessMethod')) {
      sql.push(`${table} SET ACCESS METHOD ${accessMethodName(accessMethod, partitionBy)}`);
    }
    const subject = `table ${plainName(after.schema, after.name)}`;
    return {
      sql,
      summary: sentence([
        ...(changed.includes('options') ? [`change the storage parameters of ${subject}`] : []),
        ...(changed.includes('serverOptions') ? [`change the options of foreign ${subject}`] : []),
        ...(changed.includes('unlogged') ? [`make ${subject} ${unlogged ? 'unlogged' : 'logged'}`] : []),
        ...(changed.includes('accessMethod') ? [`change the access method of ${subject}`] : []),
      ]),
      ...(changed.includes('unlogged') && unlogged
        ? {
            hazards: [
              {
                code: 'unlogged',
                level: 'note',
                subject: plainName(after.schema, after.name),
                message: `after a crash of the server ${subject} is empty`,
              },
            ],
          }
        : {}),
      ...(changed.includes('unlogged')
        ? { follows: unlogged ? referencing(after, context.from) : referenced(after, context.to) }
        : {}),
    };
  },
  rename: (object, newName) => ({
    sql: [`ALTER TABLE ${qualified(object.schema, object.name)} RENAME TO ${quoteIdent(newName)}`],
  }),
};

/** The tables a logged table refers to must be logged already. */
function referenced(table: SchemaObject, schema: Schema): string[] {
  return foreignKeys(partsOf(schema, table.id)).map(([, target]) => target);
}

/** The tables that refer to an unlogged table must be unlogged already. */
function referencing(table: SchemaObject, schema: Schema): string[] {
  return foreignKeys(dependentsOf(schema, table.id))
    .filter(([, target]) => target === table.id)
    .map(([owner]) => owner);
}

/** Who refers to whom. */
function foreignKeys(objects: readonly SchemaObject[]): [owner: string, target: string][] {
  return objects.flatMap((object): [string, string][] => {
    if (object.kind !== 'constraint' || object.parent === null) return [];
    const { references } = propsOf<ConstraintProps>(object);
    return references === null
      ? []
      : [[object.parent, objectId('table', references.schema, references.table)]];
  });
}

function read(row: CatalogRow): ReturnType<PostgresKind['read']> {
  const schema = row.schema as string;
  const name = row.name as string;
  return {
    kind: 'table',
    path: [schema, name],
    name,
    schema,
    parent: null,
    props: {
      unlogged: row.unlogged as boolean,
      options: [...readParameters(row.options), ...readParameters(row.toast_options, 'toast.')],
      accessMethod: row.access_method as string | null,
      partitionBy: row.partition_by === null ? null : canonicalExpression(row.partition_by as string),
      partitionKey: (row.partition_key ?? []) as string[],
      server: row.server as string | null,
      serverOptions: row.server_options as string[],
    },
  };
}

/** A partitioned table names no method of its own unless it is told to (PostgreSQL 17). */
function accessMethodName(accessMethod: string | null, partitionBy: string | null): string {
  return partitionBy !== null && accessMethod === null ? 'DEFAULT' : quoteIdent(accessMethod ?? 'heap');
}

function create(object: SchemaObject, context: RenderContext): Rendered {
  const { folded } = context;
  const attachment = folded.find((part) => part.kind === 'partition' && part.parent === object.id);
  const { unlogged, options, accessMethod, partitionBy, server, serverOptions } = propsOf<TableProps>(object);
  const by = partitionBy === null ? '' : ` PARTITION BY ${partitionBy}`;
  const using = accessMethod === null ? '' : ` USING ${quoteIdent(accessMethod)}`;
  const at = server === null ? '' : ` SERVER ${quoteIdent(server)}${optionsClause(serverOptions)}`;
  const tail = `${by}${using}${withClause(options)}${at}`;
  if (attachment !== undefined && isPlainPartition(object, context)) {
    return createPartition(object, attachment, tail, context);
  }
  const name = qualified(object.schema, object.name);
  const inherited = inheritedAtOnce(object, context);
  const isWritten = (part: SchemaObject): boolean => inherited.length === 0 || isOwnPart(part, context);
  const own = folded.filter((part) => part.parent === object.id);
  const columns = own.filter((part) => part.kind === 'column');
  const constraints = own
    .filter((part) => part.kind === 'constraint' && !isMadeByAttaching(part))
    .sort(byConstraintType);
  const ownConstraints = constraints.filter(isWritten);
  const written = withoutRepeated(ownConstraints);
  const typed = typedAtOnce(object, columns, context);
  const lines = [
    ...columns
      .filter(isWritten)
      .flatMap((column) =>
        typed === undefined
          ? [columnDefinition(inherited.length === 0 ? column : asInherited(column, context), folded)]
          : typedColumn(column, folded),
      ),
    ...written.map(constraintDefinition),
  ];
  const body =
    lines.length === 0
      ? typed === undefined
        ? '()'
        : ''
      : `(\n${lines.map((line) => `  ${line}`).join(',\n')}\n)`;
  return {
    sql: [
      `CREATE ${unlogged ? 'UNLOGGED ' : ''}${server === null ? '' : 'FOREIGN '}TABLE ${name}${typed === undefined ? '' : ` OF ${typed}`}${body === '' ? '' : ` ${body}`}${inherited.length === 0 ? '' : inheritsClause(inherited)}${tail}`,
      ...(inherited.length === 0
        ? columns.flatMap((column) => columnSettings(column, context))
        : inheritedSettings(columns, context)),
      ...separateSequences(folded),
      ...repeated(ownConstraints, written),
      ...(typed === undefined ? own.filter((part) => part.kind === 'typed-table') : []).map((part) =>
        becomesTyped(part, context),
      ),
      ...own.filter((part) => part.kind === 'inheritance' && !inherited.includes(part)).map(inherit),
      ...(attachment === undefined ? [] : attach(attachment, context)),
    ],
  };
}

/** The server does not drop a partition under a foreign key that refers to the whole, but lets go of it. */
function detachFirst(table: SchemaObject, { from, to }: RenderContext): readonly string[] {
  const attachment = partitionOf(from, table.id);
  if (attachment === undefined) return [];
  const isReferred = dependentsOf(from, attachment.id).some(
    ({ id, kind, props }) => kind === 'constraint' && props.references !== null && to.objects.has(id),
  );
  return isReferred ? detach(attachment) : [];
}

const CONSTRAINT_ORDER = ['primary key', 'unique', 'check', 'exclusion', 'foreign key'];

function byConstraintType(a: SchemaObject, b: SchemaObject): number {
  return CONSTRAINT_ORDER.indexOf(String(a.props.type)) - CONSTRAINT_ORDER.indexOf(String(b.props.type));
}

function drop(object: SchemaObject, context: RenderContext): Rendered {
  const { to } = context;
  const subject = plainName(object.schema, object.name);
  const foreign = isForeign(object);
  const sql = [
    ...detachFirst(object, context),
    `DROP ${foreign ? 'FOREIGN ' : ''}TABLE ${qualified(object.schema, object.name)}`,
  ];
  // Its rows stay where they are.
  if (foreign) return { sql };
  // Its rows are in its partitions, which are detached first, or dropped and say so themselves.
  if (propsOf<TableProps>(object).partitionBy !== null && to.objects.has(object.id)) return { sql };
  return {
    sql,
    hazards: [
      {
        code: 'drop-table',
        level: 'data-loss',
        subject,
        message: `every row of ${subject} is lost`,
      },
    ],
  };
}
