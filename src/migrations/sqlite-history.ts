import { type Connection, DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import {
  type AppliedRevision,
  type Attempt,
  type History,
  type HistoryStore,
  type LastRun,
  type LogEntry,
  type LogRecord,
  NO_HISTORY,
} from './history.js';
import { SQLITE_HISTORY_SQL } from './sqlite-history-sql.js';
import { HISTORY_FORMAT } from './sqlite-history-tables.js';
import { currentHolder } from './sqlite-lock.js';

/** The history of a SQLite database: `tidemark_revision` and the append-only `tidemark_log`. */
export function sqliteHistory(connection: Connection): HistoryStore {
  return {
    ...SQLITE_HISTORY_SQL,

    async read() {
      // One snapshot; a reader takes no lock that a migration would wait for in WAL mode.
      await connection.executeAll(['BEGIN']);
      try {
        return await readHistory(connection);
      } finally {
        await connection.executeAll(['ROLLBACK']);
      }
    },

    async prepare(history) {
      const format = history.format ?? 0;
      if (format >= HISTORY_FORMAT) return;
      try {
        await connection.executeAll(['BEGIN IMMEDIATE', ...SQLITE_HISTORY_SQL.upgrades(history), 'COMMIT']);
      } catch (error) {
        throw await cannotWrite(connection, error);
      }
    },

    async downText(revision) {
      const rows = await connection.query<{ down_sql: string | null }>(
        'SELECT down_sql FROM tidemark_revision WHERE revision = ?1',
        [revision],
      );
      return rows[0]?.down_sql ?? undefined;
    },

    async readLog() {
      const there = await connection.query("SELECT 1 FROM sqlite_schema WHERE name = 'tidemark_log'");
      if (there.length === 0) return [];
      return connection.query<LogRecord>(
        `SELECT at, run, operation, revision, outcome, statement, error, by_whom AS by, host, process_id AS pid
           FROM tidemark_log ORDER BY id`,
      );
    },
  };
}

async function cannotWrite(connection: Connection, error: unknown): Promise<unknown> {
  if (!(error instanceof DatabaseError)) return error;
  await connection.executeAll(['ROLLBACK']);
  return new TidemarkError('history-not-writable', `cannot make the history tables: ${error.message}`, {
    hints: ['The history lives in the database itself; check that you may write the file and its folder.'],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}

async function readHistory(connection: Connection): Promise<History> {
  const lockHolder = await currentHolder(connection);
  const tables = await connection.query(
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tidemark_format'",
  );
  if (tables.length === 0) {
    return { ...NO_HISTORY, lockHolder };
  }
  const [row] = await connection.query<{ version: number }>('SELECT version FROM tidemark_format');
  const format = row?.version ?? 0;
  if (format > HISTORY_FORMAT) {
    throw new TidemarkError(
      'history-newer',
      `the history tables are in format ${format}, made by a newer tidemark; this one knows format ${HISTORY_FORMAT}`,
      { hints: ['Upgrade tidemark.'] },
    );
  }
  const revisions = await connection.query<RevisionRow>('SELECT * FROM tidemark_revision ORDER BY position');
  const used = await connection.query(
    "SELECT 1 FROM tidemark_log WHERE outcome = 'done' AND revision IS NOT NULL LIMIT 1",
  );
  const lines = await connection.query<LogRow>(
    `SELECT * FROM tidemark_log WHERE run = (SELECT run FROM tidemark_log ORDER BY id DESC LIMIT 1)
        AND (revision IS NULL OR outcome <> 'done') ORDER BY id`,
  );
  return {
    format,
    revisions: revisions.map(toRevision),
    lastRun: toLastRun(lines),
    everUsed: used.length > 0,
    lockHolder,
  };
}

interface RevisionRow {
  readonly revision: string;
  readonly position: number;
  readonly name: string;
  readonly parents: string;
  readonly depends_on: string;
  readonly state: AppliedRevision['state'];
  readonly origin: AppliedRevision['origin'];
  readonly checksum: string;
  readonly down_sql: string | null;
  readonly transaction_mode: AppliedRevision['transactionMode'];
  readonly statements_done: number;
  readonly statements_total: number;
  readonly statement_hashes: string;
  readonly attempt: string | null;
  readonly error: string | null;
  readonly applied_at: string;
  readonly applied_by: string;
  readonly duration_ms: number | null;
  readonly tool_version: string;
}

interface LogRow {
  readonly run: string;
  readonly at: string;
  readonly operation: LastRun['operation'];
  readonly revision: string | null;
  readonly outcome: LogEntry['outcome'];
  readonly error: string | null;
  readonly by_whom: string;
  readonly host: string;
  readonly process_id: number;
}

function toRevision(row: RevisionRow): AppliedRevision {
  return {
    revision: row.revision,
    name: row.name,
    parents: JSON.parse(row.parents) as string[],
    dependsOn: JSON.parse(row.depends_on) as string[],
    state: row.state,
    origin: row.origin,
    checksum: row.checksum,
    hasDown: row.down_sql !== null,
    transactionMode: row.transaction_mode,
    statementsDone: row.statements_done,
    statementsTotal: row.statements_total,
    statementHashes: JSON.parse(row.statement_hashes) as string[],
    attempt: row.attempt === null ? undefined : (JSON.parse(row.attempt) as Attempt),
    error: row.error ?? undefined,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
    durationMs: row.duration_ms ?? undefined,
    toolVersion: row.tool_version,
    position: row.position,
  };
}

function toLastRun(lines: readonly LogRow[]): LastRun | undefined {
  const first = lines[0];
  if (first === undefined) return undefined;
  const end = lines.find((line) => line.revision === null && line.outcome !== 'started');
  const failure = lines.find((line) => line.outcome === 'failed');
  const open = failure === undefined ? 'open' : 'failed';
  return {
    run: first.run,
    operation: first.operation,
    startedAt: first.at,
    by: first.by_whom,
    host: first.host,
    pid: first.process_id,
    outcome: end === undefined || end.outcome === 'started' ? open : end.outcome,
    revision: failure?.revision ?? undefined,
    error: failure?.error ?? end?.error ?? undefined,
  };
}
