import { TidemarkError } from '../errors.js';

/** A value as SQLite has it; integers come and go as bigint, so that none is rounded and none becomes REAL. */
export type SqliteValue = null | bigint | number | string | Uint8Array;

/** One open database, as little of it as is needed. Everything is synchronous; errors are the driver's own. */
export interface SqliteHandle {
  /** Runs a text of any number of statements and ignores their rows. */
  exec(sql: string): void;
  /** Runs one statement and gives its rows. */
  all(sql: string, parameters: readonly SqliteValue[]): Record<string, SqliteValue>[];
  /** Compiles a statement without running it. */
  prepare(sql: string): void;
  /**
   * Copies the whole database, as it is in one moment, into a file that is empty or not there, in one step: a copy in
   * several begins anew with every write of another process. `goOn` is called while somebody else's lock is in the
   * way and ends the waiting by throwing. Gives the number of pages; 0 when not even that could be read.
   */
  copyTo(path: string, goOn: () => void): Promise<number>;
  close(): void;
}

/** A way to reach SQLite from JavaScript. */
export interface SqliteDriver {
  readonly name: 'node:sqlite' | 'better-sqlite3';
  /** Of the engine: `3.53.2`. Asked of a database in memory, because one that is locked answers nothing. */
  readonly version: string;
  /** True when it can be told to take what is in double quotes and names nothing for a string. */
  readonly takesQuotedStrings: boolean;
  /**
   * Opens a file, or memory for `:memory:`; makes the file where there is none, but no folder. `quotedStrings`
   * has no effect on a driver that cannot.
   */
  open(path: string, options?: { readonly quotedStrings?: boolean }): SqliteHandle;
}

/** More pages than a database can have: everything in one step. */
export const ALL_PAGES = 0x7fff_ffff;

/** Asks a driver for the version of its engine. */
export function engineVersion(open: SqliteDriver['open']): string {
  const handle = open(':memory:');
  try {
    return String(handle.all('SELECT sqlite_version() AS version', [])[0]!.version);
  } finally {
    handle.close();
  }
}

/**
 * The driver of this process: Node's own where it needs no flag (22.13 and later), else better-sqlite3.
 * @throws TidemarkError `sqlite-missing` that says how to get one
 */
export async function sqliteDriver(): Promise<SqliteDriver> {
  const { nodeSqlite } = await import('./sqlite-node.js');
  const builtIn = nodeSqlite();
  if (builtIn !== undefined) return builtIn;
  const { betterSqlite } = await import('./sqlite-better.js');
  try {
    return await betterSqlite();
  } catch (error) {
    throw missingDriver(error);
  }
}

/** npm leaves an optional dependency out without a word when it cannot be built, and npm 11 may not run its script. */
function missingDriver(cause: unknown): TidemarkError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const installed = code !== 'ERR_MODULE_NOT_FOUND';
  return new TidemarkError(
    'sqlite-missing',
    installed
      ? `better-sqlite3 is installed but cannot be loaded: ${message.split('\n', 1)[0]}`
      : `there is no SQLite here: Node ${process.version} has none built in, and better-sqlite3 is not installed`,
    {
      exitCode: 2,
      hints: [
        'Use Node 22.13 or later, which has SQLite built in.',
        installed
          ? 'Or build it for this Node: npm rebuild better-sqlite3; when npm does not run its install script, allow that first: npm install-scripts approve better-sqlite3.'
          : 'Or install it beside tidemark: npm install better-sqlite3@12.',
      ],
      cause,
    },
  );
}
