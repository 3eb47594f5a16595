import type { Connection } from '../../database/connection.js';
import type { BackupRun } from '../events.js';
import type {
  BackupEngineKind,
  ManifestCapture,
  ManifestEngine,
  ManifestGlobals,
  ManifestMigrations,
  ManifestTable,
} from '../manifest.js';
import type { OpenBackup } from '../open-backup.js';
import type { PartSink } from '../part-sink.js';

/** What making a backup may be told. */
export interface CaptureOptions extends BackupRun {
  readonly jobs: number | undefined;
  /** `schema.table` patterns with `*`, whose tables come without rows. */
  readonly excludeTableData: readonly string[];
  /** How long to wait for a lock on a table, and for a migration to end, in milliseconds. */
  readonly lockTimeoutMs: number;
  /**
   * The session that holds the migration lock already and goes on holding it: none is taken then. A database that has
   * one session only is read through it.
   */
  readonly lockHolder?: Connection | undefined;
}

/** What was taken, but for the parts, which the sink has. */
export interface Capture {
  /** The moment whose state it holds. */
  readonly createdAt: Date;
  readonly engine: ManifestEngine;
  readonly migrations: ManifestMigrations | null;
  readonly capture: ManifestCapture;
  readonly tables: readonly ManifestTable[];
  readonly globals: ManifestGlobals | null;
}

/** How one kind of database is backed up and looked at. Restoring beside and swapping is each one's own file. */
export interface BackupEngine {
  readonly kind: BackupEngineKind;
  /**
   * Writes everything into the sink, from one moment's state, while no migration runs. Throws TidemarkError:
   * `locked` (exit code 4), `client-missing`, `client-too-old`, `dump-failed`, …; then nothing counts.
   */
  capture(sink: PartSink, options: CaptureOptions): Promise<Capture>;
  /** Level 2: every byte goes through the engine's own reader. Throws `backup-damaged`. */
  checkStructure(backup: OpenBackup, run: BackupRun): Promise<void>;
  /**
   * Level 3: restores it into a database that is made for this and thrown away, and works with it. Throws
   * `backup-damaged` when it does not restore, `rehearsal-impossible` when there is no place to try it.
   */
  rehearse<T>(backup: OpenBackup, run: BackupRun, work: (restored: Connection) => Promise<T>): Promise<T>;
  /** The tables of a database with their rows, as `capture` counts them. */
  countTables(connection: Connection): Promise<readonly ManifestTable[]>;
}
