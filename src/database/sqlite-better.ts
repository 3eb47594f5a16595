import { ALL_PAGES, engineVersion, type SqliteDriver, type SqliteValue } from './sqlite-driver.js';

/** The part of `better-sqlite3` that is used. */
interface BetterSqlite {
  readonly default: new (
    path: string,
  ) => {
    exec(sql: string): void;
    prepare(sql: string): BetterStatement;
    backup(
      path: string,
      options: { readonly progress: () => number },
    ): Promise<{ readonly totalPages: number }>;
    close(): void;
  };
}

interface BetterStatement {
  /** True when it gives columns. */
  readonly reader: boolean;
  safeIntegers(enabled: boolean): void;
  all(...parameters: unknown[]): Record<string, SqliteValue>[];
  run(...parameters: unknown[]): void;
}

/** A name the compiler does not look up: the package is optional and has no types of its own. */
const PACKAGE: string = 'better-sqlite3';

/** SQLite by the package better-sqlite3 (12; 13 crashes on Node 20). Throws what loading it throws. */
export async function betterSqlite(): Promise<SqliteDriver> {
  const { default: Database } = (await import(PACKAGE)) as BetterSqlite;
  const open: SqliteDriver['open'] = (path) => {
    const database = new Database(path);
    return {
      exec: (sql) => void database.exec(sql),
      all(sql, parameters) {
        const statement = database.prepare(sql);
        if (!statement.reader) {
          bound(parameters, (...values) => statement.run(...values));
          return [];
        }
        statement.safeIntegers(true);
        return bound(parameters, (...values) => statement.all(...values));
      },
      prepare: (sql) => void database.prepare(sql),
      async copyTo(path, goOn) {
        // Its first step is one of no pages; what `progress` gives is the size of the next.
        const progress = () => {
          goOn();
          return ALL_PAGES;
        };
        return (await database.backup(path, { progress })).totalPages;
      },
      close: () => database.close(),
    };
  };
  // The native part is loaded with the first database.
  return { name: 'better-sqlite3', version: engineVersion(open), takesQuotedStrings: false, open };
}

/** Binds in order, and where the statement says `?1`, which better-sqlite3 counts as a name, by that name. */
function bound<T>(parameters: readonly SqliteValue[], run: (...values: unknown[]) => T): T {
  try {
    return run(...parameters);
  } catch (error) {
    if (!(error instanceof RangeError) || parameters.length === 0) throw error;
    return run(Object.fromEntries(parameters.map((value, index) => [index + 1, value])));
  }
}
