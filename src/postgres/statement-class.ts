import type { ScriptStatement } from '../schema/dialect.js';

/** What the runner has to know about a statement before it runs it. */
export type StatementClass = Pick<
  ScriptStatement,
  'transactional' | 'transactionControl' | 'commitAfter' | 'data'
>;

/** A node of libpg-query's tree: `{ IndexStmt: { concurrent: true, … } }`. Missing fields are false or empty. */
type Fields = { readonly [field: string]: unknown };

const DATA = new Set(
  [
    'SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt TruncateStmt CopyStmt CallStmt ExecuteStmt',
    'RefreshMatViewStmt ExplainStmt DeclareCursorStmt FetchStmt',
  ].flatMap((names) => names.split(' ')),
);

/** Statements that are never allowed in a transaction block (`PreventInTransactionBlock` in PostgreSQL's source). */
const NEVER_IN_TRANSACTION = new Set([
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
  'DropSubscriptionStmt',
]);

/** Those that depend on their options. */
const REFUSES_TRANSACTION: Readonly<Record<string, (fields: Fields) => boolean>> = {
  IndexStmt: (fields) => fields.concurrent === true,
  DropStmt: (fields) => fields.concurrent === true,
  ReindexStmt: (fields) =>
    option(fields.params, 'concurrently') === true ||
    !['REINDEX_OBJECT_INDEX', 'REINDEX_OBJECT_TABLE'].includes(String(fields.kind)),
  VacuumStmt: (fields) => fields.is_vacuumcmd === true,
  ClusterStmt: (fields) => fields.relation === undefined,
  DiscardStmt: (fields) => fields.target === undefined || fields.target === 'DISCARD_ALL',
  AlterDatabaseStmt: (fields) => option(fields.options, 'tablespace') !== undefined,
  AlterTableStmt: (fields) =>
    nodes(fields.cmds).some(([, command]) => {
      const [, partition] = node(command.def) ?? [];
      return command.subtype === 'AT_DetachPartition' && partition?.concurrent === true;
    }),
  // Creating or using a replication slot cannot be rolled back; without one these are ordinary catalog changes.
  CreateSubscriptionStmt: (fields) =>
    option(fields.options, 'connect') !== false && option(fields.options, 'create_slot') !== false,
  AlterSubscriptionStmt: (fields) =>
    /_(REFRESH|(SET|ADD|DROP)_PUBLICATION)/.test(String(fields.kind)) &&
    option(fields.options, 'refresh') !== false,
  TransactionStmt: (fields) => /^TRANS_STMT_(COMMIT|ROLLBACK)_PREPARED$/.test(String(fields.kind)),
};

/** Classifies one statement by its parse tree (`stmts[i].stmt` of libpg-query). */
export function classifyStatement(statement: unknown): StatementClass {
  const [name, fields] = node(statement) ?? ['', {}];
  const refuses = NEVER_IN_TRANSACTION.has(name) || REFUSES_TRANSACTION[name]?.(fields) === true;
  return {
    transactional: !refuses,
    transactionControl: name === 'TransactionStmt',
    commitAfter: name === 'AlterEnumStmt' && fields.newVal !== undefined && fields.oldVal === undefined,
    // SELECT … INTO makes a table.
    data: DATA.has(name) && fields.intoClause === undefined,
  };
}

function node(value: unknown): [name: string, fields: Fields] | undefined {
  return typeof value === 'object' && value !== null
    ? (Object.entries(value)[0] as [string, Fields] | undefined)
    : undefined;
}

function nodes(value: unknown): [name: string, fields: Fields][] {
  return Array.isArray(value) ? value.flatMap((item) => [node(item) ?? []].filter(isNode)) : [];
}

function isNode(value: unknown[]): value is [string, Fields] {
  return value.length === 2;
}

/** The value of a statement's option: true without one (`CONCURRENTLY`), false for off; undefined when not given. */
function option(list: unknown, name: string): unknown {
  const found = nodes(list).find(([, definition]) => definition.defname === name)?.[1];
  if (found === undefined) return undefined;
  const argument = node(found.arg);
  if (argument === undefined) return true;
  const [type, fields] = argument;
  if (type === 'Boolean') return fields.boolval === true;
  if (type === 'Integer') return fields.ival !== undefined && fields.ival !== 0;
  // `off` and other bare words are parsed as the name of a type.
  const word = type === 'TypeName' ? nodes(fields.names).at(-1)?.[1].sval : fields.sval;
  const text = String(word ?? '').toLowerCase();
  return ['false', 'off', 'no', '0'].includes(text)
    ? false
    : ['true', 'on', 'yes', '1'].includes(text) || text;
}
