import type { EngineName } from '../database/connection.js';
import type { HistorySql } from './history.js';
import type { Script } from './script.js';

/** An engine's words for what the runner writes as SQL; nothing here needs a session. */
export interface EngineSql {
  readonly name: EngineName;
  readonly history: HistorySql;
  /** The statement that opens a transaction. */
  readonly begin: string;
  /** Statements that make the role and name resolution of our own bookkeeping independent of the migration's. */
  readonly beforeBookkeeping: readonly string[];
  /** True for a statement that may commit by itself, so that it cannot share a transaction with its progress. */
  mayCommit(sql: string): boolean;
  /** True for a statement whose effect on the session is needed again when a file is taken up in the middle. */
  setsSession(sql: string): boolean;
  /** For a script that the engine's own shell is to run. */
  readonly offline: OfflineScript;
}

/** What psql or sqlite3 needs to run migrations as the runner does. */
export interface OfflineScript {
  /** How to run the script, for its first line. */
  readonly usage: string;
  /** Its first lines: the shell must stop at the first error. */
  readonly head: readonly string[];
  /** Statements before each migration, whatever the one before it left behind in the session. */
  readonly freshSession: readonly string[];
  /** Statements that fail, and say so in words, where the history is not what the script was made for. */
  guard(expected: ExpectedHistory): readonly string[];
  around(script: Script): OfflineFrame;
}

/** What a script has around the statements of a migration that runs in one transaction. */
export interface OfflineFrame {
  /** Before the transaction and after it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** The first and the last statements of the transaction. */
  readonly first: readonly string[];
  readonly last: readonly string[];
  /** Statements of the file that these stand for. */
  readonly covered: ReadonlySet<number>;
}

/** What a script takes for granted. */
export interface ExpectedHistory {
  /** Of the tables; undefined: there are none. */
  readonly format: number | undefined;
  /** Revisions that are applied. */
  readonly applied: readonly string[];
  /** Revisions that are not recorded at all. */
  readonly absent: readonly string[];
}

/** The words of an engine. */
export async function engineSql(name: EngineName): Promise<EngineSql> {
  if (name === 'sqlite') return (await import('./sqlite-engine-sql.js')).SQLITE_SQL;
  return (await import('./postgres-engine-sql.js')).POSTGRES_SQL;
}
