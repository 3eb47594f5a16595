import type { Target } from './graph/target.js';
import type { LastRun, LockHolder } from './history.js';

/** What both directions take. */
export interface MigrateOptions {
  /** Up: default `head`. Down: default one step. */
  readonly target?: Target | undefined;
  /** Say what would run and change nothing, the history tables included. */
  readonly dryRun?: boolean | undefined;
  /** As `dryRun`, and write what would run as a script, history included. */
  readonly script?: boolean | undefined;
  /** How long to wait for another runner, in milliseconds. Default 10,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** How long a statement waits for a lock before it is tried again, in milliseconds. Default 5,000. */
  readonly statementLockTimeoutMs?: number | undefined;
  /** How often a migration is tried again after a lock timeout or a deadlock. Default 5. */
  readonly lockRetries?: number | undefined;
  /** Who runs this, for the history. Default: the user of the operating system. */
  readonly by?: string | undefined;
  readonly onEvent?: ((event: MigrateEvent) => void) | undefined;
  /** Gives the run up: what runs is cancelled and rolled back, and the run is recorded as interrupted. */
  readonly signal?: AbortSignal | undefined;
}

/** What only an upgrade takes. */
export interface MigrateUpOptions extends MigrateOptions {
  /** Run pending migrations that come before applied ones. */
  readonly outOfOrder?: boolean | undefined;
  /** On a database without history: record everything up to this revision as applied, without running it. */
  readonly baseline?: string | undefined;
  /** Run on a database that has tables and no history. */
  readonly allowDirty?: boolean | undefined;
  /** Objects that do not count as such tables: patterns of `schema.name` with `*`. */
  readonly exclude?: readonly string[] | undefined;
  /** The only objects that count as such tables: patterns of `schema.name` with `*`. */
  readonly include?: readonly string[] | undefined;
  /**
   * Called once, under the migration lock, before the first migration runs, and not when there is none; a backup is
   * made here. What it throws ends the run with nothing changed; the id it gives is written into the log.
   */
  readonly beforeFirst?: ((run: BeginningRun) => Promise<string | undefined>) | undefined;
}

/** A run that is about to begin. */
export interface BeginningRun {
  /** Where the database is. Empty: at base. */
  readonly before: readonly string[];
  /** At least one. */
  readonly steps: readonly MigrateStep[];
  /** The revision that runs last: where the run leads. */
  readonly last: string;
}

/** What happens while a run is at work, for whoever shows it. */
export type MigrateEvent =
  | { readonly type: 'waiting-for-lock'; readonly holder: LockHolder | undefined }
  /** The run before this one was killed or lost its connection. */
  | { readonly type: 'interrupted-run'; readonly run: LastRun }
  | { readonly type: 'baseline'; readonly revisions: readonly string[] }
  | {
      readonly type: 'migration-started';
      readonly step: MigrateStep;
      readonly index: number;
      readonly total: number;
    }
  /** Only for migrations that run piece by piece. Statements count from 1. */
  | {
      readonly type: 'statement';
      readonly step: MigrateStep;
      readonly statement: number;
      readonly sql: string;
    }
  /** What was found of a statement whose end was not recorded. */
  | {
      readonly type: 'settled';
      readonly step: MigrateStep;
      readonly statement: number;
      readonly note: string;
    }
  | {
      readonly type: 'retry';
      readonly step: MigrateStep;
      readonly attempt: number;
      readonly delayMs: number;
      readonly reason: string;
    }
  /** What a migration in TypeScript says with `db.log`. */
  | { readonly type: 'message'; readonly step: MigrateStep; readonly text: string }
  | { readonly type: 'migration-done'; readonly step: MigrateStep; readonly durationMs: number };

/** One migration of a run. Plain data. */
export interface MigrateStep {
  readonly revision: string;
  readonly name: string;
  readonly direction: 'up' | 'down';
  /** Where its text is; for a text kept in the database, what messages call it. */
  readonly path: string;
  /** True when the file is gone and the text kept in the database is used. */
  readonly fromHistory: boolean;
  readonly mode: 'transaction' | 'resumable';
  readonly statements: readonly { readonly sql: string; readonly line: number }[];
  /** How many of the statements ran before, in a run that did not finish. */
  readonly alreadyDone: number;
}

export interface MigrateResult {
  readonly direction: 'up' | 'down';
  readonly dryRun: boolean;
  /** What ran, or would run. */
  readonly steps: readonly MigrateStep[];
  /** For psql or sqlite3; only when it was asked for. */
  readonly script?: string;
  /** Recorded as applied without running, by `baseline`. */
  readonly baselined: readonly string[];
  /** Where the database was and where it is. Empty: at base. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly durationMs: number;
}
