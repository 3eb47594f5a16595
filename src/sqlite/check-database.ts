import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import type { Connection } from '../database/connection.js';
import {
  type BrokenObject,
  brokenObjects,
  foreignKeyViolations,
  leftoverTables,
  primaryKey,
  type Violation,
} from '../database/sqlite-health.js';
import { TidemarkError } from '../errors.js';
import { quoteName, unquoteName } from './names.js';

/** What a look at a SQLite database found. Plain data. */
export interface SqliteCheck {
  readonly version: string;
  readonly versionNumber: number;
  /** Null for a database in memory. */
  readonly file: string | null;
  readonly bytes: number;
  readonly journalMode: string;
  /** The number that the application may keep in the header. */
  readonly userVersion: number;
  /** What `integrity_check` complains of; empty when it says ok. */
  readonly integrity: readonly string[];
  /** Rows that refer to rows which are not there. */
  readonly orphans: readonly Orphans[];
  /** Views and triggers that do not compile. */
  readonly broken: readonly BrokenObject[];
  /** Files beside the database before it was opened: `-wal`, `-shm`, `-journal`. */
  readonly files: readonly FileBeside[];
  /** Tables that another tool left when it was interrupted. */
  readonly leftovers: readonly string[];
  readonly required: readonly { readonly object: string; readonly exists: boolean }[];
  /** Everything that stands in the way, as sentences without a full stop. */
  readonly problems: readonly string[];
}

export interface Orphans extends Violation {
  readonly suggestion: string;
}

export interface FileBeside {
  readonly suffix: '-wal' | '-shm' | '-journal';
  readonly bytes: number;
}

export interface SqliteCheckOptions {
  /** What must exist. */
  readonly require?: readonly SqliteRequirement[];
  /** As `filesBeside` found them before the database was opened: opening it settles what they hold. */
  readonly files?: readonly FileBeside[];
}

export interface SqliteRequirement {
  readonly kind: (typeof sqliteRequiredKinds)[number];
  /** For a column `table.column`. */
  readonly name: string;
}

export const sqliteRequiredKinds = ['table', 'view', 'index', 'trigger', 'column'] as const;

/**
 * The files that SQLite keeps beside a database while it is in use, or that a killed process left; none where
 * there is no database. Only for a
 * database that this process has not opened: closing a file gives up all of a process's locks on it.
 * Throws TidemarkError (`stray-wal`) for a write-ahead log of another copy of the database, which SQLite would
 * take for this one's and write into it.
 */
export function filesBeside(path: string): FileBeside[] {
  if (!existsSync(path)) return [];
  const found = findBeside(path);
  const wal = found.find(({ suffix, bytes }) => suffix === '-wal' && bytes > 0);
  if (wal === undefined || isInWalMode(path)) return found;
  throw new TidemarkError(
    'stray-wal',
    `${path}-wal lies beside a database that is not in WAL mode: it belongs to another copy of it`,
    {
      hints: [
        'Opening the database would write what is in it into the database. Move it, and the -shm file, out of the way first.',
        'A copy is best made with "VACUUM INTO", or of all the files while nobody has the database open.',
      ],
    },
  );
}

/** Byte 18 of the header is 2 in WAL mode (fileformat2, 1.3.4). An empty file has no mode yet. */
function isInWalMode(path: string): boolean {
  const header = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    return readSync(file, header, 0, header.length, 0) < header.length || header[18] === 2;
  } finally {
    closeSync(file);
  }
}

function findBeside(path: string): FileBeside[] {
  return (['-wal', '-shm', '-journal'] as const).flatMap((suffix) => {
    const found = statSync(`${path}${suffix}`, { throwIfNoEntry: false });
    return found === undefined ? [] : [{ suffix, bytes: found.size }];
  });
}

/** Looks at a database without changing it. */
export async function checkSqlite(
  connection: Connection,
  options: SqliteCheckOptions = {},
): Promise<SqliteCheck> {
  const one = async (name: string) => Object.values((await connection.query(`PRAGMA ${name}`))[0] ?? {})[0];
  const [main] = await connection.query<{ file: string }>(
    "SELECT file FROM pragma_database_list WHERE name = 'main'",
  );
  const file = main?.file || null;
  const integrity = (await connection.query<{ integrity_check: string }>('PRAGMA integrity_check'))
    .map((row) => row.integrity_check)
    .filter((line) => line !== 'ok');
  const required = [];
  for (const requirement of options.require ?? []) {
    const object = `${requirement.kind}:${requirement.name}`;
    required.push({ object, exists: await exists(connection, requirement) });
  }
  const check = {
    version: connection.version,
    versionNumber: connection.versionNumber,
    file,
    bytes: file !== null && existsSync(file) ? statSync(file).size : 0,
    journalMode: String(await one('journal_mode')),
    userVersion: Number(await one('user_version')),
    integrity,
    orphans: await orphansOf(connection),
    broken: await brokenObjects(connection),
    files: options.files ?? [],
    leftovers: await leftoverTables(connection),
    required,
  };
  return { ...check, problems: problemsOf(check) };
}

async function orphansOf(connection: Connection): Promise<Orphans[]> {
  const orphans: Orphans[] = [];
  for (const violation of await foreignKeyViolations(connection)) {
    const { table, parent, query } = violation;
    const keys = (await rowKeys(connection, table)).map(quoteName);
    const condition = query.slice(query.indexOf(' WHERE ') + 1);
    const key = keys.length === 1 ? keys[0]! : `(${keys.join(', ')})`;
    const rows = `SELECT ${keys.map((name) => `c.${name}`).join(', ')} FROM ${quoteName(table)} AS c ${condition}`;
    orphans.push({
      ...violation,
      suggestion: `add the missing rows of ${parent}, set the columns to NULL where the application allows it, or, if the rows are worth nothing: DELETE FROM ${quoteName(table)} WHERE ${key} IN (${rows})`,
    });
  }
  return orphans;
}

/** The options of a table stand behind its last parenthesis. */
const WITHOUT_ROWID = /\bwithout\s+rowid\b[^)]*$/i;

/** What tells the rows of a table apart: the rowid by a name that no column has taken, else the primary key. */
async function rowKeys(connection: Connection, table: string): Promise<readonly string[]> {
  const [entry] = await connection.query<{ sql: string }>(
    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE",
    [table],
  );
  const columns = await connection.query<{ name: string }>('SELECT name FROM pragma_table_xinfo(?1)', [
    table,
  ]);
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  return rowid === undefined || WITHOUT_ROWID.test(entry!.sql) ? primaryKey(connection, table) : [rowid];
}

async function exists(connection: Connection, { kind, name }: SqliteRequirement): Promise<boolean> {
  if (kind === 'column') {
    const [, table = '', column = ''] = /^(.*)\.([^.]*)$/s.exec(name) ?? [];
    const rows = await connection.query(
      'SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2 COLLATE NOCASE',
      [unquoteName(table), unquoteName(column)],
    );
    return rows.length > 0;
  }
  const rows = await connection.query(
    'SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE',
    [kind, unquoteName(name)],
  );
  return rows.length > 0;
}

function problemsOf(check: Omit<SqliteCheck, 'problems'>): string[] {
  const has = (suffix: FileBeside['suffix']) => check.files.some((file) => file.suffix === suffix);
  return [
    ...check.integrity.map((line) => `the file is damaged: ${line}`),
    ...check.orphans.map(
      ({ table, parent, rows }) =>
        `${rows} ${rows === 1 ? 'row' : 'rows'} of ${table} ${rows === 1 ? 'refers' : 'refer'} to rows of ${parent} that are not there`,
    ),
    ...check.broken.map(({ type, name, message }) => `${type} ${name} is broken: ${message}`),
    ...(has('-journal')
      ? [
          'a -journal file lay beside the database: a process is in the middle of a transaction, or was killed in one, which opening the database has rolled back',
        ]
      : []),
    ...check.leftovers.map(
      (name) =>
        `table ${name} was left by an interrupted run of alembic and may hold the only copy of its rows`,
    ),
    ...check.required.filter((entry) => !entry.exists).map(({ object }) => `${object} does not exist`),
  ];
}
