/** What an engine said when it refused a statement. Adapters translate their driver's errors into this. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  /** SQLSTATE (PostgreSQL) or the result code's name (SQLite: `SQLITE_CONSTRAINT`). */
  readonly sqlstate: string;
  /** Which statement of `executeAll` failed, from 0; 0 for a single statement. */
  readonly statement: number;
  /** Character offset into that statement, from 0, where the engine points at one. */
  readonly position: number | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** PL/pgSQL call stack and the like. */
  readonly context: string | undefined;
  /** True when the connection is gone, so that nothing is known about the statement's fate. */
  readonly connectionLost: boolean;

  constructor(
    message: string,
    facts: {
      sqlstate?: string | undefined;
      statement?: number | undefined;
      position?: number | undefined;
      detail?: string | undefined;
      hint?: string | undefined;
      context?: string | undefined;
      connectionLost?: boolean | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.sqlstate = facts.sqlstate ?? '';
    this.statement = facts.statement ?? 0;
    this.position = facts.position;
    this.detail = facts.detail;
    this.hint = facts.hint;
    this.context = facts.context;
    this.connectionLost = facts.connectionLost ?? false;
  }
}

export type EngineName = 'postgres' | 'sqlite';

export type Row = Record<string, unknown>;

/** One session with one database. Not a pool: the order of calls is the order of execution. */
export interface Connection {
  readonly engine: EngineName;
  /** `PostgreSQL 15.20`, `PostgreSQL 18.6 (embedded)`, `SQLite 3.53.2`. */
  readonly version: string;
  /** For PostgreSQL `server_version_num` (150020), for SQLite 3053002. */
  readonly versionNumber: number;
  /** True for the embedded engines: no network between us and them. */
  readonly embedded: boolean;
  /** The address without its password, for messages. */
  readonly label: string;
  /** Runs one statement with `$1` parameters (SQLite: `?1`) and gives its rows, values as the driver parses them. */
  query<R extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
  /**
   * Runs statements in order in as few round trips as the engine allows, each one complete and without
   * a trailing semicolon. Adds no transaction of its own around two or more statements that the engine
   * would not: callers that need one send BEGIN and COMMIT among the statements.
   * Throws DatabaseError with the index of the statement that failed; those before it have run.
   */
  executeAll(statements: readonly string[]): Promise<void>;
  /** Called with every NOTICE or WARNING; undefined when nobody listens. */
  onNotice: ((message: string, severity: string) => void) | undefined;
  /**
   * Gives up what runs and was begun before this: its call ends with an error, `query_canceled` unless it was
   * done before, and the session goes on. Absent where the engine works in this very thread, so that nobody
   * could ask for it meanwhile.
   */
  cancel?(): Promise<void>;
  close(): Promise<void>;
}
