import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { TidemarkError } from '../errors.js';
import { type Connection, DatabaseError, type Row } from './connection.js';
import { type SqliteUrl, safeUrl } from './database-url.js';
import { type SqliteDriver, type SqliteHandle, sqliteDriver } from './sqlite-driver.js';
import { toSqliteError } from './sqlite-error.js';
import { holdsQuotedStrings } from './sqlite-quoted-strings.js';
import { fromSqlite, toSqlite } from './sqlite-values.js';

/** How long a statement waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens an SQLite database: a file, made where there is none, or memory. Whatever the driver, foreign keys
 * are enforced, and values are as `sqlite-values.ts` says. Double quotes make a string only where the driver can do
 * that and the file holds such strings already, or in memory where `quotedStrings` says so. `label` is what messages
 * call it.
 * @throws TidemarkError `cannot-connect` when the file cannot be opened or is something else; `sqlite-missing`
 */
export async function connectSqlite(
  url: SqliteUrl,
  driver?: SqliteDriver,
  label: string = safeUrl(url),
  quotedStrings = false,
): Promise<SqliteConnection> {
  const { path } = url;
  const { open, version, takesQuotedStrings } = driver ?? (await sqliteDriver());
  if (path !== undefined && !existsSync(dirname(path))) {
    throw cannotOpen(path, `the folder ${dirname(path)} does not exist`, [
      'Make it, or let "tidemark db create" do that.',
    ]);
  }
  let handle: SqliteHandle;
  try {
    handle = open(path ?? ':memory:', { quotedStrings });
  } catch (error) {
    throw cannotOpen(
      path ?? ':memory:',
      (error as Error).message,
      ['Check that you may read and write it.'],
      error,
    );
  }
  try {
    refuseOtherFiles(handle, path ?? ':memory:');
    if (path !== undefined && takesQuotedStrings && !quotedStrings && needsQuotedStrings(handle)) {
      handle.close();
      handle = open(path, { quotedStrings: true });
    }
    handle.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    handle.exec('PRAGMA foreign_keys = ON');
    return new SqliteConnection(handle, version, label);
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** A database that is locked or damaged says so when it is used. */
function needsQuotedStrings(handle: SqliteHandle): boolean {
  try {
    return holdsQuotedStrings(handle);
  } catch {
    return false;
  }
}

/** SQLite opens anything and looks at it only when it is first read. */
function refuseOtherFiles(handle: SqliteHandle, path: string): void {
  try {
    handle.all('SELECT 1 FROM sqlite_schema LIMIT 1', []);
  } catch (error) {
    const { sqlstate, message } = toSqliteError(error, { statement: 0, sql: '', compile: () => {} });
    if (sqlstate !== 'SQLITE_NOTADB' && !/^SQLITE_(CANTOPEN|IOERR|PERM|AUTH)/.test(sqlstate)) return;
    throw cannotOpen(
      path,
      message,
      sqlstate === 'SQLITE_NOTADB'
        ? ['It is another kind of file, or an encrypted database.']
        : ['Check that you may read and write it, and its folder.'],
      error,
    );
  }
}

function cannotOpen(path: string, why: string, hints: readonly string[], cause?: unknown): TidemarkError {
  return new TidemarkError('cannot-connect', `cannot open ${path}: ${why}`, { hints, cause });
}

/** `3.53.2` as sqlite3_libversion_number has it: 3053002. */
function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major * 1_000_000 + minor * 1_000 + patch;
}

/** How long a copy waits for a lock before it asks whether to go on, in milliseconds; the process stands still. */
const COPY_TIMEOUT_MS = 100;
/** How many pages are kept meanwhile. */
const COPY_PAGES = 100;

export class SqliteConnection implements Connection {
  readonly engine = 'sqlite';
  readonly embedded = true;
  readonly version: string;
  readonly versionNumber: number;
  readonly label: string;
  /** SQLite has no notices. */
  onNotice: Connection['onNotice'];
  readonly #handle: SqliteHandle;

  constructor(handle: SqliteHandle, version: string, label: string) {
    this.#handle = handle;
    this.version = `SQLite ${version}`;
    this.versionNumber = versionNumber(version);
    this.label = label;
  }

  async query<R extends object = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.#translating(sql, 0, () =>
      this.#handle.all(sql, parameters.map(toSqlite)).map((row) => fromSqlite(row) as R),
    );
  }

  async executeAll(statements: readonly string[]): Promise<void> {
    for (const [index, sql] of statements.entries()) {
      this.#translating(sql, index, () => this.#execute(sql));
    }
  }

  /**
   * Copies the database as it is in one moment into a file that is empty or not there; others go on writing. The
   * process stands still meanwhile. `goOn` is called now and then while a lock is in the way, and ends the waiting by
   * throwing. Throws DatabaseError.
   */
  async copyTo(path: string, goOn: () => void): Promise<void> {
    const [row] = await this.query<{ timeout: number }>('PRAGMA busy_timeout');
    await this.executeAll([`PRAGMA busy_timeout = ${COPY_TIMEOUT_MS}`]);
    const cache = await this.#smallCache();
    try {
      // Both drivers take a database whose first page is locked for one without pages, and say it is copied.
      while ((await this.#copy(path, goOn)) === 0 && (await this.#pages()) !== 0) goOn();
    } finally {
      await this.executeAll([
        ...(cache === undefined ? [] : [`PRAGMA cache_size = ${cache}`]),
        `PRAGMA busy_timeout = ${row?.timeout ?? BUSY_TIMEOUT_MS}`,
      ]);
    }
  }

  /**
   * Each page is read once: a cache that is larger than the processor's own only makes that slower. Gives the size that
   * it had; undefined where a lock is in the way, and it stays.
   */
  async #smallCache(): Promise<number | undefined> {
    try {
      const [row] = await this.query<{ cache_size: number }>('PRAGMA cache_size');
      await this.executeAll([`PRAGMA cache_size = ${COPY_PAGES}`]);
      return row?.cache_size;
    } catch (error) {
      if (error instanceof DatabaseError && /^SQLITE_(BUSY|LOCKED)/.test(error.sqlstate)) return undefined;
      throw error;
    }
  }

  async #copy(path: string, goOn: () => void): Promise<number> {
    let stopped: { readonly why: unknown } | undefined;
    const asking = () => {
      try {
        goOn();
      } catch (why) {
        stopped = { why };
        throw why;
      }
    };
    try {
      return await this.#handle.copyTo(path, asking);
    } catch (error) {
      if (stopped !== undefined) throw stopped.why;
      const { sqlstate } = toSqliteError(error, { statement: 0, sql: '', compile: () => {} });
      if (/^SQLITE_(BUSY|LOCKED)/.test(sqlstate)) return 0;
      throw toSqliteError(error, { statement: 0, sql: '', compile: () => {} });
    }
  }

  /** Undefined while somebody holds a lock. */
  async #pages(): Promise<number | undefined> {
    try {
      const [row] = await this.query<{ page_count: number }>('PRAGMA page_count');
      return row?.page_count;
    } catch (error) {
      if (error instanceof DatabaseError && /^SQLITE_(BUSY|LOCKED)/.test(error.sqlstate)) return undefined;
      throw error;
    }
  }

  /** A ROLLBACK after an error that ended the transaction by itself is none, as PostgreSQL has it. */
  #execute(sql: string): void {
    try {
      this.#handle.exec(sql);
    } catch (error) {
      const ended = /no transaction is active/.test((error as Error).message);
      if (!ended || !/^\s*rollback\b/i.test(sql)) throw error;
    }
  }

  #translating<T>(sql: string, statement: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toSqliteError(error, { statement, sql, compile: (text) => this.#handle.prepare(text) });
    }
  }

  async close(): Promise<void> {
    this.#handle.close();
  }
}
