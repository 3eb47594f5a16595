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
import { POSTGRES_HISTORY_SQL } from './postgres-history-sql.js';
import { HISTORY_FORMAT } from './postgres-history-tables.js';
import { LOCK_HOLDER, readLockHolder } from './postgres-lock-holder.js';

/**
 * Rows come as JSON, so that tables in an older format, which lack a column, can still be read without
 * writing. The lock's holder comes along to tell a run at work from one that was killed.
 */
const READ = `
  SELECT (SELECT version FROM tidemark.format) AS format,
         (SELECT coalesce(json_agg((to_jsonb(r) - 'down_sql')
              || jsonb_build_object('has_down', r.down_sql IS NOT NULL) ORDER BY r.position), '[]')::text
            FROM tidemark.revision r) AS revisions,
         (SELECT EXISTS (SELECT FROM tidemark.log WHERE outcome = 'done' AND revision IS NOT NULL)) AS ever_used,
         (SELECT json_agg(to_jsonb(l) ORDER BY l.id)::text FROM tidemark.log l
           WHERE l.run = (SELECT run FROM tidemark.log ORDER BY id DESC LIMIT 1)
             AND (l.revision IS NULL OR l.outcome <> 'done')) AS last_run,
         (${LOCK_HOLDER}) AS lock_holder`;

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
        const [row] = await connection.query<ReadRow>(READ);
        return toHistory(row!);
      } catch (error) {
        if (isMissing(error)) return NO_HISTORY;
        throw error;
      }
    },

    async prepare(history) {
      const format = history.format ?? 0;
      if (format >= HISTORY_FORMAT) return;
      try {
        await connection.executeAll(['BEGIN', ...POSTGRES_HISTORY_SQL.upgrades(history), 'COMMIT']);
      } catch (error) {
        throw await cannotWrite(connection, error);
      }
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

async function cannotWrite(connection: Connection, error: unknown): Promise<unknown> {
  if (!(error instanceof DatabaseError) || error.connectionLost) return error;
  await connection.executeAll(['ROLLBACK']);
  return new TidemarkError('history-not-writable', `cannot make the history tables: ${error.message}`, {
    hints: [
      'The history lives in a schema named "tidemark"; the role needs CREATE on the database (GRANT CREATE ON DATABASE ... TO ...) or a schema "tidemark" of its own.',
    ],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}

interface ReadRow {
  readonly format: number | null;
  readonly revisions: string;
  readonly ever_used: boolean;
  readonly last_run: string | null;
  readonly lock_holder: string | null;
}

interface RevisionJson {
  readonly revision: string;
  readonly name: string;
  readonly parents: string[];
  readonly depends_on: string[];
  readonly state: AppliedRevision['state'];
  readonly origin: AppliedRevision['origin'];
  readonly checksum: string;
  readonly has_down: boolean;
  readonly transaction_mode: AppliedRevision['transactionMode'];
  readonly statements_done: number;
  readonly statements_total: number;
  readonly statement_hashes: string[];
  readonly attempt: Attempt | null;
  readonly error: string | null;
  readonly applied_at: string;
  readonly applied_by: string;
  readonly duration_ms: number | null;
  readonly tool_version: string;
  readonly position: number;
}

interface LogJson {
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

function toHistory(row: ReadRow): History {
  const format = row.format ?? 0;
  if (format > HISTORY_FORMAT) {
    throw new TidemarkError(
      'history-newer',
      `the history tables are in format ${format}, made by a newer tidemark; this one knows format ${HISTORY_FORMAT}`,
      { hints: ['Upgrade tidemark.'] },
    );
  }
  return {
    format,
    revisions: (JSON.parse(row.revisions) as RevisionJson[]).map(toRevision),
    lastRun: toLastRun(row.last_run === null ? [] : (JSON.parse(row.last_run) as LogJson[])),
    everUsed: row.ever_used,
    lockHolder: readLockHolder(row.lock_holder),
  };
}

function toRevision(row: RevisionJson): AppliedRevision {
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
    attempt: row.attempt ?? undefined,
    error: row.error ?? undefined,
    appliedAt: utc(row.applied_at),
    appliedBy: row.applied_by,
    durationMs: row.duration_ms ?? undefined,
    toolVersion: row.tool_version,
    position: row.position,
  };
}

function toLastRun(lines: readonly LogJson[]): LastRun | undefined {
  const first = lines[0];
  if (first === undefined) return undefined;
  const end = lines.find((line) => line.revision === null && line.outcome !== 'started');
  const failure = lines.find((line) => line.outcome === 'failed');
  return {
    run: first.run,
    operation: first.operation,
    startedAt: utc(first.at),
    by: first.by_whom,
    host: first.host,
    pid: first.process_id,
    outcome:
      end === undefined || end.outcome === 'started'
        ? failure === undefined
          ? 'open'
          : 'failed'
        : end.outcome,
    revision: failure?.revision ?? undefined,
    error: failure?.error ?? end?.error ?? undefined,
  };
}

function utc(timestamp: string): string {
  return new Date(timestamp).toISOString();
}
