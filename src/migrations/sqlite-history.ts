import { type Connection, DatabaseError } from '../database/connection.js';
import { type History, type HistoryStore, type LogRecord, NO_HISTORY } from './history.js';
import { historyDamaged, historyNewer, historyNotWritable } from './history-errors.js';
import { type RawLogLine, type RawRevision, toLastRun, toRevisions } from './history-rows.js';
import { remake, SQLITE_HISTORY_SQL } from './sqlite-history-sql.js';
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
      } catch (error) {
        throw whyUnreadable(error);
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
        await connection.executeAll(['ROLLBACK']);
        throw whyUnwritable(error);
      }
    },

    whyUnwritable,

    async remake() {
      const there = await tablesThere(connection);
      const columns = await connection.query<{ name: string }>(
        "SELECT name FROM pragma_table_info('tidemark_log')",
      );
      return remake(there, new Set(columns.map(({ name }) => name)));
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

/** SQLITE_ERROR of our own query over our own tables is about what they look like. */
function whyUnreadable(error: unknown): unknown {
  const damaged = error instanceof DatabaseError && error.sqlstate === 'SQLITE_ERROR';
  return damaged ? historyDamaged(error.message, error) : error;
}

function whyUnwritable(error: unknown): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (/^SQLITE_(?:READONLY|CANTOPEN|PERM|IOERR|FULL)/.test(error.sqlstate)) {
    const hint =
      'The history lives in the database itself; check that you may write the file and its folder, and that there is room.';
    return historyNotWritable(error, hint);
  }
  return /^SQLITE_(?:ERROR|CONSTRAINT|MISMATCH)/.test(error.sqlstate)
    ? historyDamaged(error.message, error)
    : error;
}

async function tablesThere(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
        AND name IN ('tidemark_format', 'tidemark_revision', 'tidemark_log')`,
  );
  return rows.map(({ name }) => name);
}

/** What is read of a revision, in the order in which `toRaw` takes it: all but the text to take it down. */
const COLUMNS = [
  ...['revision', 'name', 'parents', 'depends_on', 'state', 'origin', 'checksum', 'down_sql IS NOT NULL'],
  ...['transaction_mode', 'statements_done', 'statements_total', 'statement_hashes', 'attempt', 'error'],
  ...['applied_at', 'applied_by', 'duration_ms', 'tool_version', 'position'],
];

/** As one JSON array: the driver takes many times as long to make ten thousand rows. */
const REVISIONS = `
  SELECT json_group_array(json_array(${COLUMNS.join(', ')})) AS revisions
    FROM (SELECT * FROM tidemark_revision ORDER BY position)`;

async function readHistory(connection: Connection): Promise<History> {
  const lockHolder = await currentHolder(connection);
  if ((await tablesThere(connection)).length === 0) return { ...NO_HISTORY, lockHolder };
  const [{ version: format } = {}, ...others] = await connection.query<Row>(
    'SELECT version FROM tidemark_format',
  );
  if (typeof format !== 'number' || !Number.isInteger(format) || format < 1 || others.length > 0) {
    throw historyDamaged('tidemark_format does not say which format the tables have');
  }
  if (format > HISTORY_FORMAT) throw historyNewer(format, HISTORY_FORMAT);
  const [all] = await connection.query<{ revisions: string }>(REVISIONS);
  const used = await connection.query(
    "SELECT 1 FROM tidemark_log WHERE outcome = 'done' AND revision IS NOT NULL AND operation <> 'backup' LIMIT 1",
  );
  const lines = await connection.query<Row>(
    `SELECT * FROM tidemark_log WHERE run = (SELECT run FROM tidemark_log ORDER BY id DESC LIMIT 1)
        AND (revision IS NULL OR outcome <> 'done') ORDER BY id`,
  );
  return {
    format,
    revisions: toRevisions((JSON.parse(all?.revisions ?? '[]') as unknown[][]).map(toRaw)),
    lastRun: toLastRun(lines.map(toRawLine)),
    everUsed: used.length > 0,
    lockHolder,
  };
}

type Row = Readonly<Record<string, unknown>>;

function toRaw(values: readonly unknown[]): RawRevision {
  return {
    revision: values[0],
    name: values[1],
    parents: parsed(values[2]),
    dependsOn: parsed(values[3]),
    state: values[4],
    origin: values[5],
    checksum: values[6],
    hasDown: values[7] === 1,
    transactionMode: values[8],
    statementsDone: values[9],
    statementsTotal: values[10],
    statementHashes: parsed(values[11]),
    attempt: parsed(values[12]),
    error: values[13],
    appliedAt: values[14],
    appliedBy: values[15],
    durationMs: values[16],
    toolVersion: values[17],
    position: values[18],
  };
}

/** What cannot be parsed stays as it is: `toRevisions` says that it is not what belongs there. */
function parsed(json: unknown): unknown {
  if (json === '[]') return NONE;
  if (typeof json !== 'string') return json;
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

const NONE: readonly string[] = [];

function toRawLine(line: Row): RawLogLine {
  const { run, at, operation, revision, outcome, error, by_whom: by, host, process_id: pid } = line;
  return { run, at, operation, revision, outcome, error, by, host, pid };
}
