import { engineVersion, type SqliteDriver, type SqliteValue } from './sqlite-driver.js';

/** The part of `node:sqlite` that is used; @types/node 20 does not know it yet. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
    options: {
      readonly enableForeignKeyConstraints: boolean;
      readonly enableDoubleQuotedStringLiterals: boolean;
    },
  ) => {
    exec(sql: string): void;
    prepare(sql: string): {
      setReadBigInts(enabled: boolean): void;
      all(...parameters: SqliteValue[]): Record<string, SqliteValue>[];
    };
    close(): void;
  };
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
