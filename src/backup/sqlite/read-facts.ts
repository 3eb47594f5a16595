import { type Connection, DatabaseError } from '../../database/connection.js';
import { foreignKeyViolations } from '../../database/sqlite-health.js';
import type { BackupRun } from '../events.js';
import type { ManifestTable } from '../manifest.js';

/** What `integrity_check` says of rows that break a rule of their table: the data's fault, not the file's. */
const BROKEN_RULE = /^(NULL value in |CHECK constraint failed in |(?:non-)?[A-Z]+ value in )/;

/** What the file needs to be read that is not here: an extension's function, collation or virtual table. */
const NOT_HERE = /\bno such (?:module|function|collation sequence): /;

export interface SqliteHealth {
  /** What is wrong with the file itself; empty when it is whole. */
  readonly damage: readonly string[];
  /** What is wrong with its rows, as full sentences: it was so before it was copied. */
  readonly notes: readonly string[];
}

/** Looks at every page, and at every foreign key. */
export async function checkHealth(connection: Connection): Promise<SqliteHealth> {
  const notes: string[] = [];
  let lines: string[] = [];
  try {
    const rows = await connection.query<{ integrity_check: string }>('PRAGMA integrity_check');
    lines = rows.map((row) => row.integrity_check).filter((line) => line !== 'ok');
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (NOT_HERE.test(error.message)) {
      notes.push(
        `The database uses an extension that is not here, so it is checked in part: ${error.message}.`,
      );
    } else if (/^SQLITE_(CORRUPT|NOTADB)/.test(error.sqlstate)) lines = [error.message];
    else throw error;
  }
  const broken = lines.filter((line) => BROKEN_RULE.test(line));
  if (broken.length > 0) notes.push(`Rows break rules of their tables: ${broken.slice(0, 3).join('; ')}.`);
  const damage = lines.filter((line) => !BROKEN_RULE.test(line));
  if (damage.length === 0) notes.push(...(await orphanNotes(connection)));
  return { damage, notes };
}

async function orphanNotes(connection: Connection): Promise<string[]> {
  try {
    return (await foreignKeyViolations(connection)).map(
      ({ table, parent, rows }) =>
        `${rows} ${rows === 1 ? 'row' : 'rows'} of ${table} ${rows === 1 ? 'refers' : 'refer'} to rows of ${parent} that are not there.`,
    );
  } catch (error) {
    // "foreign key mismatch": a key that no row could ever satisfy.
    if (!(error instanceof DatabaseError)) throw error;
    return [`The foreign keys cannot be checked: ${error.message}.`];
  }
}

/**
 * The tables with their rows, by name. Virtual tables hold none of their own: theirs are in the tables that their
 * module made, which are counted.
 */
export async function countTables(
  connection: Connection,
  onEvent?: BackupRun['onEvent'],
): Promise<ManifestTable[]> {
  const tables = await connection.query<{ name: string }>(
    `SELECT name FROM sqlite_schema
     WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
  );
  const counted: ManifestTable[] = [];
  let total = 0;
  for (const { name } of tables) {
    const [row] = await connection.query<{ rows: number }>(
      `SELECT count(*) AS rows FROM main."${name.replaceAll('"', '""')}"`,
    );
    counted.push({ schema: '', name, rows: Number(row?.rows ?? 0) });
    total += Number(row?.rows ?? 0);
    onEvent?.({
      type: 'progress',
      phase: 'counting rows',
      bytes: 0,
      totalBytes: undefined,
      rows: total,
      item: name,
    });
  }
  return counted;
}

/** What the header of the file says, by the names of the pragmas. */
const SETTINGS = ['page_size', 'user_version', 'application_id', 'auto_vacuum', 'encoding'] as const;

export async function readSettings(connection: Connection): Promise<Record<string, string>> {
  const settings: Record<string, string> = {};
  for (const name of SETTINGS) settings[name] = await readPragma(connection, name);
  return settings;
}

/** The value of a pragma that gives one. */
export async function readPragma(connection: Connection, name: string): Promise<string> {
  const [row] = await connection.query(`PRAGMA ${name}`);
  return String(Object.values(row ?? {})[0]);
}
