/** A migration as the target database remembers it. */
export interface AppliedRevision {
  readonly revision: string;
  readonly name: string;
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
  /** `applying` and `reverting`: begun outside a transaction and not finished. */
  readonly state: 'applied' | 'applying' | 'reverting';
  /** `run`: its SQL ran. `baseline` and `stamp`: it was declared to be there. `import`: another tool had run it. */
  readonly origin: 'run' | 'baseline' | 'stamp' | 'import';
  readonly checksum: string;
  /** True when the text that takes it down is kept in the database. */
  readonly hasDown: boolean;
  readonly transactionMode: 'file' | 'none';
  /** While it is unfinished: of the statements going up or down. */
  readonly statementsDone: number;
  readonly statementsTotal: number;
  /** Hashes of the statements done, kept while it is unfinished. */
  readonly statementHashes: readonly string[];
  /** The statement begun outside a transaction whose end is not recorded. */
  readonly attempt: Attempt | undefined;
  /** What made it stop, while it is unfinished. */
  readonly error: string | undefined;
  /** ISO 8601, UTC. */
  readonly appliedAt: string;
  readonly appliedBy: string;
  readonly durationMs: number | undefined;
  readonly toolVersion: string;
  /** Rises with every revision recorded: the order in which they came. */
  readonly position: number;
}

/** A statement that no transaction covers, noted before it was begun. */
export interface Attempt {
  /** Its place in the file, from 0. */
  readonly statement: number;
  readonly sql: string;
  /** What the engine wants to know again if the end is never recorded. */
  readonly before: unknown;
}

/** The newest run that the log knows. */
export interface LastRun {
  readonly run: string;
  readonly operation: Operation;
  readonly startedAt: string;
  readonly by: string;
  readonly host: string;
  readonly pid: number;
  /** `open`: begun, and no end recorded. It is at work, or it was killed or lost its connection. */
  readonly outcome: 'open' | 'done' | 'failed' | 'interrupted';
  /** Of the failure. */
  readonly revision: string | undefined;
  readonly error: string | undefined;
}

/** `unstamp`: a stamp took the revision out of the history. `backup`: one was made before a run. */
export type Operation = 'up' | 'down' | 'baseline' | 'stamp' | 'unstamp' | 'import' | 'backup';

/** Everything `read` learns in one round trip. */
export interface History {
  /** Format of the bookkeeping tables; undefined when there are none. */
  readonly format: number | undefined;
  /** In the order in which they were applied. */
  readonly revisions: readonly AppliedRevision[];
  readonly lastRun: LastRun | undefined;
  /** True when a migration has ever been recorded, also one that was taken down since. */
  readonly everUsed: boolean;
  /** Who holds the migration lock now. */
  readonly lockHolder: LockHolder | undefined;
}

/** The session that holds the migration lock, as the server knows it. */
export interface LockHolder {
  readonly pid: number;
  readonly user: string | undefined;
  readonly application: string | undefined;
  /** `local` for a Unix socket. */
  readonly client: string | undefined;
  readonly connectedAt: string | undefined;
  readonly state: string | undefined;
  /** The statement it runs or ran last, at most 200 characters. */
  readonly query: string | undefined;
}

/** Who runs what: the same in every line of one run's log. */
export interface RunIdentity {
  /** Names the run; unique. */
  readonly run: string;
  readonly operation: Operation;
  readonly by: string;
  readonly host: string;
  readonly pid: number;
  readonly toolVersion: string;
}

/** A line for the log. Lines without a revision are about the run as a whole. */
export interface LogEntry {
  readonly revision?: string | undefined;
  readonly outcome: 'started' | 'done' | 'failed' | 'interrupted';
  /** Place of the failed statement in its file, from 1. */
  readonly statement?: number | undefined;
  readonly error?: string | undefined;
  readonly sqlstate?: string | undefined;
}

/** A line of the log as it was written. */
export interface LogRecord {
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly run: string;
  readonly operation: Operation;
  /** Null for a line about the run as a whole; of a `backup` its id. */
  readonly revision: string | null;
  readonly outcome: LogEntry['outcome'];
  readonly statement: number | null;
  readonly error: string | null;
  readonly by: string;
  readonly host: string;
  readonly pid: number;
}

/** A revision to be recorded. */
export interface RevisionEntry {
  readonly revision: string;
  readonly name: string;
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
  readonly state: 'applied' | 'applying';
  readonly origin: AppliedRevision['origin'];
  readonly checksum: string;
  readonly down: { readonly sql: string; readonly checksum: string } | undefined;
  readonly transactionMode: 'file' | 'none';
  readonly statementsTotal: number;
}

/** How far an unfinished revision is. */
export interface Progress {
  readonly statementsDone: number;
  readonly statementHashes: readonly string[];
}

/** The bookkeeping in the target database. */
export interface HistoryStore extends HistorySql {
  /**
   * Reads everything in one round trip; never writes. Throws TidemarkError: `history-newer` for tables that a later
   * Tidemark made, `history-damaged` for what none has made, `history-not-readable`.
   */
  read(): Promise<History>;
  /** Makes the tables, or brings them to this version's format. Throws as `whyUnwritable` says. */
  prepare(history: History): Promise<void>;
  /** Statements that make the tables anew, whatever is there: without a revision, the log as it was if it can be kept. */
  remake(): Promise<readonly string[]>;
  /** An error of a write to the tables as a TidemarkError (`history-not-writable`, `history-damaged`), any other as it is. */
  whyUnwritable(error: unknown): unknown;
  /** The text kept to take a revision down. */
  downText(revision: string): Promise<string | undefined>;
  /** The log of all operations, oldest first; empty where there is none. */
  readLog(): Promise<readonly LogRecord[]>;
}

/**
 * What changes the bookkeeping, as SQL text with its literals quoted: so the runner can send it along with a
 * migration in the same round trip and the same transaction, and a script can hold it.
 */
export interface HistorySql {
  /** The format that this version writes. */
  readonly format: number;
  /** What `HistoryStore.prepare` runs: statements for one transaction. */
  upgrades(history: Pick<History, 'format'>): readonly string[];
  insertRevision(entry: RevisionEntry, run: RunIdentity): string;
  /** Notes that a statement outside any transaction is about to begin. */
  noteAttempt(revision: string, attempt: Attempt): string;
  noteProgress(revision: string, progress: Progress): string;
  /** Refreshes what the file says now, when an unfinished revision is taken up again. */
  resumeRevision(entry: RevisionEntry, progress: Progress): string;
  noteError(revision: string, error: string): string;
  finishRevision(revision: string, run: RunIdentity): string;
  beginRevert(revision: string, statementsTotal: number, progress: Progress): string;
  deleteRevision(revision: string): string;
  /** Forgets all of them. */
  deleteRevisions(): string;
  log(entry: LogEntry, run: RunIdentity): string;
  /** Closes the account of a run that ended without a word. */
  closeInterrupted(run: LastRun): string;
}

/** What is read of a database without the tables. */
export const NO_HISTORY: History = {
  format: undefined,
  revisions: [],
  lastRun: undefined,
  everUsed: false,
  lockHolder: undefined,
};
