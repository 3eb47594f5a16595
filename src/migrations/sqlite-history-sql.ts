import type { HistorySql, LogEntry, Progress, RevisionEntry, RunIdentity } from './history.js';
import { HISTORY_FORMAT, HISTORY_UPGRADES, LOG_COLUMNS, NOW } from './sqlite-history-tables.js';
import { jsonArray, literal } from './sqlite-literal.js';

/** What changes the history of a SQLite database: `tidemark_revision` and the append-only `tidemark_log`. */
export const SQLITE_HISTORY_SQL: HistorySql = {
  format: HISTORY_FORMAT,
  upgrades,
  insertRevision,
  noteAttempt: (revision, attempt) => update(revision, `attempt = ${literal(JSON.stringify(attempt))}`),
  noteProgress: (revision, progress) => update(revision, progressColumns(progress)),
  resumeRevision: (entry, progress) =>
    update(
      entry.revision,
      `${progressColumns(progress)}, checksum = ${literal(entry.checksum)},
       down_sql = ${literal(entry.down?.sql)}, down_checksum = ${literal(entry.down?.checksum)},
       statements_total = ${entry.statementsTotal}, error = NULL`,
    ),
  noteError: (revision, error) => update(revision, `error = ${literal(error)}`),
  finishRevision: (revision, run) =>
    update(
      revision,
      `state = 'applied', statements_done = statements_total, statement_hashes = '[]', attempt = NULL,
       error = NULL, applied_by = ${literal(run.by)}, tool_version = ${literal(run.toolVersion)},
       duration_ms = ${elapsed('applied_at')}`,
    ),
  beginRevert: (revision, statementsTotal, progress) =>
    update(
      revision,
      `state = 'reverting', ${progressColumns(progress)}, statements_total = ${statementsTotal}, error = NULL`,
    ),
  deleteRevision: (revision) => `DELETE FROM tidemark_revision WHERE revision = ${literal(revision)}`,
  deleteRevisions: () => 'DELETE FROM tidemark_revision',
  log: insertLog,
  closeInterrupted: (run) =>
    insertLog(
      { outcome: 'interrupted', error: 'ended without a word: killed, or the machine went down' },
      { ...run, toolVersion: '' },
    ),
};

function upgrades({ format = 0 }: { readonly format: number | undefined }): string[] {
  if (format >= HISTORY_FORMAT) return [];
  return [
    ...HISTORY_UPGRADES.slice(format).flat(),
    `UPDATE tidemark_format SET version = ${HISTORY_FORMAT}, since = ${NOW}`,
  ];
}

/**
 * Statements that make the tables anew and empty, for one transaction. A log that can still be written stays; another
 * one is put aside. No table is renamed: SQLite refuses that while any view is broken.
 *
 * @param there the tables that there are
 * @param logColumns those of the log
 */
export function remake(there: readonly string[], logColumns: ReadonlySet<string>): string[] {
  const sound = LOG_COLUMNS.every((column) => logColumns.has(column));
  const kept = sound ? 'temp.tidemark_kept_log' : `main.tidemark_log_damaged_${Date.now()}`;
  const logged = there.includes('tidemark_log');
  const columns = LOG_COLUMNS.join(', ');
  return [
    ...(logged ? [`CREATE TABLE ${kept} AS SELECT * FROM main.tidemark_log`] : []),
    ...there.map((table) => `DROP TABLE main.${table}`),
    ...upgrades({ format: undefined }),
    ...(logged && sound
      ? [`INSERT INTO main.tidemark_log (${columns}) SELECT ${columns} FROM ${kept}`, `DROP TABLE ${kept}`]
      : []),
  ];
}

function insertRevision(entry: RevisionEntry, run: RunIdentity): string {
  const finished = entry.state === 'applied';
  return `INSERT INTO tidemark_revision (revision, name, parents, depends_on, state, origin, checksum, down_sql,
    down_checksum, transaction_mode, statements_done, statements_total, applied_at, applied_by, duration_ms, tool_version)
    VALUES (${literal(entry.revision)}, ${literal(entry.name)}, ${jsonArray(entry.parents)},
    ${jsonArray(entry.dependsOn)}, ${literal(entry.state)}, ${literal(entry.origin)}, ${literal(entry.checksum)},
    ${literal(entry.down?.sql)}, ${literal(entry.down?.checksum)}, ${literal(entry.transactionMode)},
    ${finished ? entry.statementsTotal : 0}, ${entry.statementsTotal}, ${NOW}, ${literal(run.by)},
    ${finished ? sinceLastLine(run) : 'NULL'}, ${literal(run.toolVersion)})`;
}

function progressColumns(progress: Progress): string {
  return `statements_done = ${progress.statementsDone}, statement_hashes = ${jsonArray(progress.statementHashes)}, attempt = NULL`;
}

function update(revision: string, assignments: string): string {
  return `UPDATE tidemark_revision SET ${assignments} WHERE revision = ${literal(revision)}`;
}

/** Whole milliseconds since a moment. */
function elapsed(since: string): string {
  return `CAST(round((julianday('now') - julianday(${since})) * 86400000) AS INTEGER)`;
}

/** SQLite does not know when a transaction began; within a run, it was when the one before it was logged. */
function sinceLastLine(run: RunIdentity): string {
  // From the end, where the run's lines are: a search for the latest of them would read the whole log.
  return elapsed(`(SELECT at FROM tidemark_log WHERE run = ${literal(run.run)} ORDER BY id DESC LIMIT 1)`);
}

function insertLog(entry: LogEntry, run: RunIdentity): string {
  return `INSERT INTO tidemark_log (run, operation, revision, outcome, statement, error, sqlstate, by_whom, host,
    process_id, tool_version)
    VALUES (${literal(run.run)}, ${literal(run.operation)}, ${literal(entry.revision)}, ${literal(entry.outcome)},
    ${entry.statement ?? 'NULL'}, ${literal(entry.error)}, ${literal(entry.sqlstate)}, ${literal(run.by)},
    ${literal(run.host)}, ${run.pid}, ${literal(run.toolVersion)})`;
}
