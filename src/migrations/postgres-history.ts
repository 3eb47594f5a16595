import { type Connection, DatabaseError } from '../database/connection.js';
import { type History, type HistoryStore, type LogRecord, NO_HISTORY } from './history.js';
import { historyDamaged, historyNewer, historyNotReadable, historyNotWritable } from './history-errors.js';
import { type RawLogLine, type RawRevision, toLastRun, toRevisions } from './history-rows.js';
import { type HistoryRow, type HistoryRows, readHistoryRows } from './postgres-history-read.js';
import { POSTGRES_HISTORY_SQL, remake } from './postgres-history-sql.js';
import { HISTORY_FORMAT } from './postgres-history-tables.js';
import { readLockHolder } from './postgres-lock-holder.js';

const LOG = `
  SELECT coalesce(json_agg(json_build_object(
           'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'run', run, 'operation', operation,
           'revision', revision, 'outcome', outcome, 'statement', statement, 'error', error,
           'by', by_whom, 'host', host, 'pid', process_id) ORDER BY id), '[]')::text AS log
    FROM tidemark.log`;

/** The history of a PostgreSQL database: `tidemark.revision` and the append-only `tidemark.log`. */
export function postgresHistory(connection: Connection): HistoryStore {
  return {
    ...POSTGRES_HISTORY_SQL,

    async read() {
      try {
        return toHistory(await readHistoryRows(connection));
      } catch (error) {
        if (isMissing(error) && (await tablesThere(connection)).length === 0) return NO_HISTORY;
        throw whyUnreadable(error);
      }
    },

    async prepare(history) {
      const format = history.format ?? 0;
      if (format >= HISTORY_FORMAT) return;
      try {
        await connection.executeAll(['BEGIN', ...POSTGRES_HISTORY_SQL.upgrades(history), 'COMMIT']);
      } catch (error) {
        if (!isConnectionLost(error)) await connection.executeAll(['ROLLBACK']);
        throw whyUnwritable(error);
      }
    },

    whyUnwritable,

    async remake() {
      const there = await tablesThere(connection);
      const columns = await connection.query<{ name: string }>(LOG_COLUMNS_THERE);
      return remake(there, new Set(columns.map(({ name }) => name)));
    },

    async downText(revision) {
      const rows = await connection.query<{ down_sql: string | null }>(
        'SELECT down_sql FROM tidemark.revision WHERE revision = $1',
        [revision],
      );
      return rows[0]?.down_sql ?? undefined;
    },

    async readLog() {
      try {
        const [row] = await connection.query<{ log: string }>(LOG);
        return JSON.parse(row!.log) as LogRecord[];
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
  };
}

/** undefined_table, invalid_schema_name */
function isMissing(error: unknown): boolean {
  return error instanceof DatabaseError && ['42P01', '3F000'].includes(error.sqlstate);
}

function isConnectionLost(error: unknown): boolean {
  return error instanceof DatabaseError && error.connectionLost;
}

async function tablesThere(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT relname AS name FROM pg_catalog.pg_class
      WHERE relnamespace = pg_catalog.to_regnamespace('tidemark') AND relname IN ('format', 'revision', 'log')`,
  );
  return rows.map(({ name }) => name);
}

const LOG_COLUMNS_THERE = `
  SELECT attname AS name FROM pg_catalog.pg_attribute
   WHERE attrelid = pg_catalog.to_regclass('tidemark.log') AND attnum > 0 AND NOT attisdropped`;

const GRANT_TO_READ =
  'The role needs USAGE on the schema "tidemark" and SELECT on its tables (GRANT USAGE ON SCHEMA tidemark TO ...; GRANT SELECT ON ALL TABLES IN SCHEMA tidemark TO ...).';
const GRANT_TO_WRITE =
  'The history lives in a schema named "tidemark"; the role needs to own its tables or may INSERT, UPDATE and DELETE in them; to make them it needs CREATE on the database (GRANT CREATE ON DATABASE ... TO ...) or a schema "tidemark" of its own.';

/** What stands in the way of our own query over our own tables: class 42 is about what they look like. */
function whyUnreadable(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.sqlstate === '42501') return historyNotReadable(error, GRANT_TO_READ);
  // cardinality_violation: more than one row says the format.
  const damaged = error.sqlstate.startsWith('42') || error.sqlstate === '21000' || isMissing(error);
  return damaged ? historyDamaged(error.message, error) : error;
}

/** insufficient_privilege, read_only_sql_transaction */
const NOT_ALLOWED = new Set(['42501', '25006']);

function whyUnwritable(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (NOT_ALLOWED.has(error.sqlstate)) return historyNotWritable(error, GRANT_TO_WRITE);
  // Class 23: a constraint that is not ours, or a value that ours generate.
  return /^(?:42|23)/.test(error.sqlstate) ? historyDamaged(error.message, error) : error;
}

function toHistory(rows: HistoryRows): History {
  const { format } = rows;
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1) {
    throw historyDamaged('tidemark.format does not say which format the tables have');
  }
  if (format > HISTORY_FORMAT) throw historyNewer(format, HISTORY_FORMAT);
  return {
    format,
    revisions: toRevisions(rows.revisions.map(toRaw)),
    lastRun: toLastRun(rows.lastRun.map(toRawLine)),
    everUsed: rows.everUsed,
    lockHolder: readLockHolder(rows.lockHolder),
  };
}

function toRaw(row: HistoryRow): RawRevision {
  return {
    revision: row.revision,
    name: row.name,
    parents: row.parents,
    dependsOn: row.depends_on,
    state: row.state,
    origin: row.origin,
    checksum: row.checksum,
    hasDown: row.has_down,
    transactionMode: row.transaction_mode,
    statementsDone: row.statements_done,
    statementsTotal: row.statements_total,
    statementHashes: row.statement_hashes,
    attempt: row.attempt,
    error: row.error,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    durationMs: row.duration_ms,
    toolVersion: row.tool_version,
    position: row.position,
  };
}

function toRawLine(line: HistoryRow): RawLogLine {
  const { run, at, operation, revision, outcome, error, by_whom: by, host, process_id: pid } = line;
  return { run, at, operation, revision, outcome, error, by, host, pid };
}
