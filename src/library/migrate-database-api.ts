import type { BackupEvent } from '../backup/events.js';
import type { Connection } from '../database/connection.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { LogRecord } from '../migrations/history.js';
import type { MigrateOptions, MigrateResult, MigrateUpOptions } from '../migrations/migrate-options.js';
import type { ShownMigration } from '../migrations/show-migrations.js';
import type { StampOptions as Stamp } from '../migrations/stamp.js';
import type { StampResult } from '../migrations/stamp-plan.js';
import type { MigrationState, MigrationStatus } from '../migrations/status.js';
import type { Dialect } from '../schema/dialect.js';
import type { MadeBackup, MakeOptions } from './backups/make-backup.js';
import type { CallOptions, ProjectSession } from './project-session.js';

/**
 * Milliseconds that a run waits for another one to end. Replicas that start together wait for the one that
 * migrates, however long its migrations take; a person at a terminal would rather hear of it.
 */
const LOCK_TIMEOUT_MS = 300_000;

interface LockOptions {
  /** How long to wait for another runner, in milliseconds. Default 300,000. */
  readonly lockTimeoutMs?: number | undefined;
}

/** `to` in place of the runner's `target`, and a longer wait for other runners. */
type To<Options extends MigrateOptions> = Omit<Options, 'target' | keyof LockOptions> &
  LockOptions & {
    /** A revision, `head`, `heads`, `base`, `+2`, `-1`, … Default: `head` for up, one step for down. */
    readonly to?: MigrateOptions['target'];
  };

/** What only an upgrade of a project takes. */
interface BackupFirst {
  /** A backup before the first migration, and how; nothing to run, no backup. */
  readonly backup?: boolean | BackupFirstOptions | undefined;
}

/** How the backup before a run is made, and what comes of it. */
export interface BackupFirstOptions extends Pick<MakeOptions, 'upload' | 'verify' | 'tags'> {
  /**
   * When a migration fails and the run has changed something, restores the backup. What the database was then is kept
   * and backed up, but it is no longer live, with all that others wrote meanwhile.
   */
  readonly restoreOnFailure?: boolean | undefined;
  readonly onEvent?: ((event: BackupEvent) => void) | undefined;
}

export interface UpResult extends MigrateResult {
  /** The backup that was made first, where one was asked for and there was something to run. */
  readonly backup?: MadeBackup;
}

export type UpOptions = To<Omit<MigrateUpOptions, 'beforeFirst'>> & BackupFirst;
export type DownOptions = To<MigrateOptions>;

export interface ShowOptions extends CallOptions {
  /** A revision, `head`, `heads`, `current`, … */
  readonly revision: string;
}

export interface HistoryOptions extends CallOptions {
  /** `A:B`, both included; an end left out is the far one. Default: all of them. */
  readonly range?: string | undefined;
}

export interface StampOptions extends Omit<Stamp, 'targets' | keyof LockOptions>, LockOptions {
  /** Where the database is from now on; several for several branches. */
  readonly to: string | readonly string[];
}

/** Where a database is. */
export interface CurrentRevisions {
  /** Empty: at base. */
  readonly current: readonly string[];
  /** True when everything that the heads of the folder need is applied, and nothing else. */
  readonly atHeads: boolean;
  readonly pending: number;
}

/** What was done to a database, and where it is now. */
export interface MigrationHistory {
  readonly current: readonly string[];
  readonly heads: readonly string[];
  readonly branches: MigrationStatus['branches'];
  readonly migrations: readonly MigrationState[];
  /** Every operation, oldest first, failures included. */
  readonly log: readonly LogRecord[];
}

/** The calls of `tidemark migrate` about the database. */
export interface MigrateDatabaseApi {
  /** Applies pending migrations. When several processes do this at once, one does the work, the others wait. */
  up(options?: UpOptions): Promise<UpResult>;
  /** Takes migrations down. */
  down(options?: DownOptions): Promise<MigrateResult>;
  /** Says where the database is, and runs nothing: its history alone is rewritten. */
  stamp(options: StampOptions): Promise<StampResult>;
  /** Where database and migrations are. A database that is not there yet is an empty one, and is not made. */
  status(options?: CallOptions): Promise<MigrationStatus>;
  /** The revisions that the database is at. */
  current(options?: CallOptions): Promise<CurrentRevisions>;
  /** What was done to the database. */
  history(options?: HistoryOptions): Promise<MigrationHistory>;
  /** The migrations that a target means, with state and SQL: several for `heads` and the like. */
  show(options: ShowOptions): Promise<{ readonly revisions: readonly ShownMigration[] }>;
}

/** What runs on the project's session under the migration lock. */
type Run<Options, Result> = (
  session: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: Options,
) => Promise<Result>;

/** An upgrade with a backup first. Its session goes before that backup is restored. */
function upWithBackup(
  project: ProjectSession,
  backup: true | BackupFirstOptions,
  up: Run<MigrateUpOptions, MigrateResult>,
): Run<MigrateUpOptions, UpResult> {
  return async (session, folder, dialect, options) => {
    const { backupPlace } = await import('./backups/backup-place.js');
    const { withBackupBefore } = await import('./backups/backup-before.js');
    const { restoreOnFailure, onEvent, ...make } = backup === true ? {} : backup;
    const { signal, lockTimeoutMs } = options;
    const place = await backupPlace(project.environment, project.url);
    const made = await withBackupBefore(
      {
        ...{ place, session, make, restoreOnFailure, lockTimeoutMs },
        closeSessions: () => project.drop(),
        run: { signal, onEvent },
      },
      (beforeFirst) => up(session, folder, dialect, { ...options, beforeFirst }),
    );
    return made.backup === undefined ? made.result : { ...made.result, backup: made.backup };
  };
}

export function migrateDatabaseApi(project: ProjectSession): MigrateDatabaseApi {
  const run = <Options extends CallOptions & LockOptions, Result>(
    options: Options,
    load: () => Promise<Run<Options, Result>>,
  ): Promise<Result> =>
    project.call(options, async (signal) => {
      const { loadDialect } = await import('../dialects.js');
      const { requireRunnable } = await import('../migrations/require-runnable.js');
      const folder = await project.folder();
      // Before the session: opening a database may make it.
      requireRunnable(folder);
      const [work, dialect] = [await load(), await loadDialect(project.url.engine)];
      const given = { ...options, lockTimeoutMs: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS, signal };
      return work(await project.session(signal), folder, dialect, given);
    });
  return {
    up({ to, backup = false, ...options } = {}) {
      const { exclude, include } = project.environment;
      const given = { exclude, include, ...options, target: to };
      const looking = options.dryRun === true || options.script === true;
      return run<typeof given, UpResult>(given, async () => {
        const { migrateUp } = await import('../migrations/migrate-up.js');
        return backup === false || looking ? migrateUp : upWithBackup(project, backup, migrateUp);
      });
    },
    down({ to, ...options } = {}) {
      const given = { ...options, target: to };
      return run(given, async () => (await import('../migrations/migrate-down.js')).migrateDown);
    },
    stamp({ to, ...options }) {
      const given = { ...options, targets: typeof to === 'string' ? [to] : to };
      return run(given, async () => (await import('../migrations/stamp.js')).migrateStamp);
    },
    async status(options = {}) {
      const { migrationStatus } = await import('../migrations/status.js');
      return project.look(options, async (session) => migrationStatus(session, await project.folder()));
    },
    async current(options = {}) {
      const { isAtHeads, readPosition, statusOf } = await import('../migrations/status.js');
      return project.look(options, async (session) => {
        const folder = await project.folder();
        const position = await readPosition(session, folder);
        const { current, pending } = statusOf(folder, position);
        return { current, atHeads: isAtHeads(position), pending };
      });
    },
    async history({ range, ...options } = {}) {
      const { readPosition, statusOf } = await import('../migrations/status.js');
      const { migrationEngine } = await import('../migrations/engine.js');
      const { parseRange, revisionsIn } = await import('../migrations/graph/revision-range.js');
      return project.look(options, async (session) => {
        const folder = await project.folder();
        const position = await readPosition(session, folder);
        const { graph, applied } = position.comparison;
        const asked = range === undefined ? undefined : revisionsIn(graph, parseRange(graph, applied, range));
        const ids = asked && new Set(asked.map(({ id }) => id));
        const { current, heads, branches, migrations } = statusOf(folder, position);
        const shown = ids ? migrations.filter(({ revision }) => ids.has(revision)) : migrations;
        const log = await (await migrationEngine(session)).history.readLog();
        return { current, heads, branches, migrations: shown, log };
      });
    },
    async show({ revision, ...options }) {
      const { showMigrations } = await import('../migrations/show-migrations.js');
      return project.look(options, async (session) => ({
        revisions: await showMigrations(session, await project.folder(), revision),
      }));
    },
  };
}
