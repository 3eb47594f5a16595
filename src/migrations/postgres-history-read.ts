import { type Connection, DatabaseError } from '../database/connection.js';
import { LOCK_HOLDER } from './postgres-lock-holder.js';

/** A row as an object, by the names of its columns. Somebody may have changed anything. */
export type HistoryRow = Readonly<Record<string, unknown>>;

/** What the tables of a PostgreSQL history hold. */
export interface HistoryRows {
  /** Whatever the table holds; null: no row. */
  readonly format: unknown;
  /** In the order in which they were recorded, without `down_sql`, but with `has_down`. */
  readonly revisions: readonly HistoryRow[];
  readonly everUsed: boolean;
  /** The lines about the newest run as a whole, and about what failed in it. */
  readonly lastRun: readonly HistoryRow[];
  /** As `readLockHolder` takes it. */
  readonly lockHolder: string | null;
}

/** What is read of a revision, in the order in which `named` takes it. */
const COLUMNS = [
  ...['revision', 'name', 'parents', 'depends_on', 'state', 'origin', 'checksum', 'down_sql IS NOT NULL'],
  ...['transaction_mode', 'statements_done', 'statements_total', 'statement_hashes', 'attempt', 'error'],
  ...['applied_at', 'applied_by', 'duration_ms', 'tool_version', 'position'],
];

/** The holder of the lock comes along, to tell a run at work from one that was killed. */
const read = (revisions: string) => `
  SELECT (SELECT version FROM tidemark.format) AS format,
         (${revisions}) AS revisions,
         (SELECT EXISTS (SELECT FROM tidemark.log WHERE outcome = 'done' AND revision IS NOT NULL
           AND operation <> 'backup')) AS ever_used,
         (SELECT json_agg(to_jsonb(l) ORDER BY l.id)::text FROM tidemark.log l
           WHERE l.run = (SELECT run FROM tidemark.log ORDER BY id DESC LIMIT 1)
             AND (l.revision IS NULL OR l.outcome <> 'done')) AS last_run,
         (${LOCK_HOLDER}) AS lock_holder`;

/** Ten thousand rows as arrays take the server a tenth of the time that they take as objects. */
const QUICKLY = read(
  `SELECT '[' || coalesce(string_agg(json_build_array(${COLUMNS.join(', ')})::text, ',' ORDER BY position), '') || ']' FROM tidemark.revision`,
);

/** Tables in another format may lack a column, or have one more. */
const WHATEVER_THERE_IS = read(
  `SELECT coalesce(json_agg((to_jsonb(r) - 'down_sql')
            || jsonb_build_object('has_down', r.down_sql IS NOT NULL) ORDER BY r.position), '[]')::text
     FROM tidemark.revision r`,
);

interface ReadRow {
  readonly format: unknown;
  readonly revisions: string;
  readonly ever_used: boolean;
  readonly last_run: string | null;
  readonly lock_holder: string | null;
}

/**
 * Reads everything in one round trip, in two where a column is missing; never writes. Throws DatabaseError, as the
 * server says it, where a table is missing or may not be read.
 */
export async function readHistoryRows(connection: Connection): Promise<HistoryRows> {
  try {
    const [row] = await connection.query<ReadRow>(QUICKLY);
    return toRows(row!, (JSON.parse(row!.revisions) as unknown[][]).map(named));
  } catch (error) {
    if (!(error instanceof DatabaseError && error.sqlstate === UNDEFINED_COLUMN)) throw error;
    const [row] = await connection.query<ReadRow>(WHATEVER_THERE_IS);
    return toRows(row!, JSON.parse(row!.revisions) as HistoryRow[]);
  }
}

const UNDEFINED_COLUMN = '42703';

function toRows(row: ReadRow, revisions: readonly HistoryRow[]): HistoryRows {
  return {
    format: row.format,
    revisions,
    everUsed: row.ever_used,
    lastRun: row.last_run === null ? [] : (JSON.parse(row.last_run) as HistoryRow[]),
    lockHolder: row.lock_holder,
  };
}

/** Written out: setting the properties of ten thousand objects by name takes many times as long. */
function named(values: readonly unknown[]): HistoryRow {
  return {
    revision: values[0],
    name: values[1],
    parents: values[2],
    depends_on: values[3],
    state: values[4],
    origin: values[5],
    checksum: values[6],
    has_down: values[7],
    transaction_mode: values[8],
    statements_done: values[9],
    statements_total: values[10],
    statement_hashes: values[11],
    attempt: values[12],
    error: values[13],
    applied_at: values[14],
    applied_by: values[15],
    duration_ms: values[16],
    tool_version: values[17],
    position: values[18],
  };
}
