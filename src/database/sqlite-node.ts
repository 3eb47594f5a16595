import { ALL_PAGES, engineVersion, type SqliteDriver, type SqliteValue } from './sqlite-driver.js';

/** The part of `node:sqlite` that is used; @types/node 20 does not know it yet. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: {
      readonly enableForeignKeyConstraints: boolean;
      readonly enableDoubleQuotedStringLiterals: boolean;
    },
  ) => NodeDatabase;
  /** Since 22.16 and 23.8. */
  readonly backup?: (
    source: NodeDatabase,
    path: string,
    options: { readonly rate: number; readonly progress: () => void },
  ) => Promise<number>;
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): {
    setReadBigInts(enabled: boolean): void;
    all(...parameters: SqliteValue[]): Record<string, SqliteValue>[];
  };
  close(): void;
}

/** SQLite as Node brings it along; undefined where it does not, or only with a flag. */
export function nodeSqlite(): SqliteDriver | undefined {
  const module = withoutExperimentalWarning(
    () => process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined,
  );
  if (module === undefined) return undefined;
  const open: SqliteDriver['open'] = (path, { quotedStrings = false } = {}) => {
    const database = new module.DatabaseSync(path, {
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: quotedStrings,
    });
    return {
      exec: (sql) => database.exec(sql),
      all(sql, parameters) {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        return statement.all(...parameters);
      },
      prepare: (sql) => void database.prepare(sql),
      async copyTo(path, goOn) {
        goOn();
        if (module.backup !== undefined) {
          try {
            return await module.backup(database, path, { rate: ALL_PAGES, progress: goOn });
          } catch (error) {
            // Node 26 gives a copy up that finds a lock in its way, and tells it as code 0, "not an error".
            if ((error as { readonly errcode?: unknown }).errcode === 0) return 0;
            throw error;
          }
        }
        // What Node had before: a copy in one read transaction, too, but tables without an INTEGER PRIMARY KEY may
        // get other rowids.
        database.exec(`VACUUM INTO '${path.replaceAll("'", "''")}'`);
        return ALL_PAGES;
      },
      close: () => database.close(),
    };
  };
  return { name: 'node:sqlite', version: engineVersion(open), takesQuotedStrings: true, open };
}

/** Node 22 and 24 call the module experimental; what is used of it has been stable since 22.13. */
function withoutExperimentalWarning<T>(load: () => T): T {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}
