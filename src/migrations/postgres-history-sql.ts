import type { HistorySql, LogEntry, Progress, RevisionEntry, RunIdentity } from './history.js';
import { HISTORY_FORMAT, HISTORY_UPGRADES, LOG_COLUMNS } from './postgres-history-tables.js';
import { literal, textArray } from './postgres-literal.js';

/** What changes the history of a PostgreSQL database: `tidemark.revision` and the append-only `tidemark.log`. */
export const POSTGRES_HISTORY_SQL: HistorySql = {
  format: HISTORY_FORMAT,
  upgrades,
  insertRevision,
  noteAttempt: (revision, attempt) =>
    update(revision, `attempt = ${literal(JSON.stringify(attempt))}::pg_catalog.jsonb`),
  noteProgress: (revision, progress) => update(revision, progressColumns(progress)),
  resumeRevision: (entry, progress) =>
    update(
      entry.revision,
      `${progressColumns(progress)}, checksum = ${literal(entry.checksum)}, ${downColumns(entry)},
       statements_total = ${entry.statementsTotal}, error = NULL`,
    ),
  noteError: (revision, error) => update(revision, `error = ${literal(error)}`),
  finishRevision: (revision, run) =>
    update(
      revision,
      `state = 'applied', statements_done = statements_total, statement_hashes = '{}', attempt = NULL,
       error = NULL, applied_by = ${literal(run.by)}, tool_version = ${literal(run.toolVersion)},
       duration_ms = ${elapsed('applied_at')}`,
    ),
  beginRevert: (revision, statementsTotal, progress) =>
    update(
      revision,
      `state = 'reverting', ${progressColumns(progress)}, statements_total = ${statementsTotal}, error = NULL`,
    ),
  deleteRevision: (revision) => `DELETE FROM tidemark.revision WHERE revision = ${literal(revision)}`,
  deleteRevisions: () => 'DELETE FROM tidemark.revision',
  log: insertLog,
  closeInterrupted: (run) =>
    insertLog(
      { outcome: 'interrupted', error: 'ended without a word: killed, or its connection was lost' },
      { ...run, toolVersion: '' },
    ),
};

function upgrades({ format = 0 }: { readonly format: number | undefined }): string[] {
  if (format >= HISTORY_FORMAT) return [];
  return [
    ...HISTORY_UPGRADES.slice(format).flat(),
    `UPDATE tidemark.format SET version = ${HISTORY_FORMAT}, since = pg_catalog.clock_timestamp()`,
  ];
}

/**
 * Statements that make the tables anew and empty, for one transaction. A log that can still be written stays; another
 * one is put aside.
 *
 * @param there the tables that there are
 * @param logColumns those of the log
 */
export function remake(there: readonly string[], logColumns: ReadonlySet<string>): string[] {
  const sound = LOG_COLUMNS.every((column) => logColumns.has(column));
  const aside = `log_damaged_${Date.now()}`;
  const logged = there.includes('log');
  return [
    ...there.filter((table) => table !== 'log').map((table) => `DROP TABLE tidemark.${table}`),
    ...(logged ? [`ALTER TABLE tidemark.log RENAME TO ${aside}`] : []),
    ...upgrades({ format: undefined }),
    ...(logged && sound ? ['DROP TABLE tidemark.log', `ALTER TABLE tidemark.${aside} RENAME TO log`] : []),
  ];
}

function insertRevision(entry: RevisionEntry, run: RunIdentity): string {
  const finished = entry.state === 'applied';
  return `INSERT INTO tidemark.revision (revision, name, parents, depends_on, state, origin, checksum, down_sql,
    down_checksum, transaction_mode, statements_done, statements_total, applied_at, applied_by, duration_ms, tool_version)
    VALUES (${literal(entry.revision)}, ${literal(entry.name)}, ${textArray(entry.parents)},
    ${textArray(entry.dependsOn)}, ${literal(entry.state)}, ${literal(entry.origin)}, ${literal(entry.checksum)},
    ${literal(entry.down?.sql)}, ${literal(entry.down?.checksum)}, ${literal(entry.transactionMode)},
    ${finished ? entry.statementsTotal : 0}, ${entry.statementsTotal}, pg_catalog.clock_timestamp(),
    ${literal(run.by)}, ${finished ? elapsed('pg_catalog.now()') : 'NULL'}, ${literal(run.toolVersion)})`;
}

function downColumns(entry: RevisionEntry): string {
  return `down_sql = ${literal(entry.down?.sql)}, down_checksum = ${literal(entry.down?.checksum)}`;
}

function progressColumns(progress: Progress): string {
  return `statements_done = ${progress.statementsDone}, statement_hashes = ${textArray(progress.statementHashes)}, attempt = NULL`;
}

function update(revision: string, assignments: string): string {
  return `UPDATE tidemark.revision SET ${assignments} WHERE revision = ${literal(revision)}`;
}

/** Whole milliseconds since a moment. */
function elapsed(since: string): string {
  return `(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - ${since}) * 1000)::pg_catalog.int8`;
}

function insertLog(entry: LogEntry, run: RunIdentity): string {
  return `INSERT INTO tidemark.log (run, operation, revision, outcome, statement, error, sqlstate, by_whom, host,
    process_id, tool_version)
    VALUES (${literal(run.run)}, ${literal(run.operation)}, ${literal(entry.revision)}, ${literal(entry.outcome)},
    ${entry.statement ?? 'NULL'}, ${literal(entry.error)}, ${literal(entry.sqlstate)}, ${literal(run.by)},
    ${literal(run.host)}, ${run.pid}, ${literal(run.toolVersion)})`;
}
