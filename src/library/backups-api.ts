import type { BackupRun } from '../backup/events.js';
import type { ScheduleEnd } from '../backup/schedule.js';
import type { VerifyLevel } from '../backup/verify-backup.js';
import { type BackupPlace, backupPlace } from './backups/backup-place.js';
import type { BackupChoices } from './backups/backup-settings.js';
import { type DroppedDatabase, dropKeptDatabase } from './backups/kept-databases.js';
import {
  type BackupList,
  type BackupStatusReport,
  listBackups,
  type PinnedBackup,
  type ShownBackup,
  setPin,
  showBackup,
  statusOfBackups,
} from './backups/look-at-backups.js';
import { type MadeBackup, type MakeOptions, makeBackup } from './backups/make-backup.js';
import { fetchBackup, type MovedBackup, pushBackup } from './backups/move-backups.js';
import { type PrunedBackups, pruneFailed, prunePlaces } from './backups/prune-places.js';
import {
  type RepairedRestore,
  type RestoreBackupOptions,
  type RestoredBackup,
  repairRestored,
  restoreBackup,
  type UndoneRestore,
  undoRestored,
} from './backups/restore-backup.js';
import { type BackupScheduleEvent, requireSchedule, scheduleBackups } from './backups/schedule-backups.js';
import { type VerifiedBackup, verifyOne } from './backups/verify-backups.js';
import type { CallOptions, ProjectSession } from './project-session.js';

type Folder = Pick<BackupChoices, 'folder'>;

export type BackupCreateOptions = MakeOptions & Folder;

export interface BackupListOptions extends CallOptions, Folder {
  /** At most so many; default all. */
  readonly limit?: number | undefined;
}

export interface BackupVerifyOptions extends BackupRun, Pick<BackupChoices, 'folder' | 'identity'> {
  /** Default 2. */
  readonly level?: VerifyLevel | undefined;
  /** The place to read it from: `local`, or a destination. */
  readonly from?: string | undefined;
}

export type BackupRestoreOptions = Omit<RestoreBackupOptions, 'beforeSwap'> &
  Pick<BackupChoices, 'folder' | 'identity'>;

export interface BackupPruneOptions extends CallOptions, Pick<BackupChoices, 'folder' | 'retention'> {
  readonly dryRun?: boolean | undefined;
  /** Also where more than half of everything, and more than ten, would go at once. */
  readonly force?: boolean | undefined;
  readonly places?: readonly string[] | undefined;
}

export interface BackupMoveOptions extends BackupRun, Folder {
  /** `fetch`: where from; `push`: where to. */
  readonly places?: readonly string[] | undefined;
}

export interface BackupStatusOptions
  extends CallOptions,
    Pick<BackupChoices, 'folder' | 'interval' | 'cron'> {
  /** Also what restores put aside; a server is asked for it. */
  readonly kept?: boolean | undefined;
}

export interface BackupScheduleOptions
  extends CallOptions,
    Pick<BackupChoices, 'folder' | 'interval' | 'cron' | 'cleanupInterval' | 'verifyInterval' | 'identity'> {
  /** Does what is due now, and ends. */
  readonly once?: boolean | undefined;
  readonly onEvent?: ((event: BackupScheduleEvent) => void) | undefined;
}

/** A schedule that was started. It keeps no process alive. */
export interface BackupSchedule extends AsyncDisposable {
  /** When it has ended. Never rejects. */
  readonly done: Promise<ScheduleEnd>;
  /** Ends what is at work, waits for it, and ends the schedule. */
  stop(): Promise<ScheduleEnd>;
}

/** The calls of `tidemark backup`. What each throws stands with its command in the manual. */
export interface BackupsApi {
  create(options?: BackupCreateOptions): Promise<MadeBackup>;
  list(options?: BackupListOptions): Promise<BackupList>;
  /** @param id an id, the beginning of one, or `latest`; so in the calls below */
  show(id: string, options?: CallOptions & Folder): Promise<ShownBackup>;
  /** What is wrong with the backup is in the result (`ok`, `problems`); thrown is what kept it from being tried. */
  verify(id?: string, options?: BackupVerifyOptions): Promise<VerifiedBackup>;
  /**
   * Replaces the live database, or restores beside it, without asking: consent is the caller's affair.
   *
   * @param id also the absolute path of a backup's folder
   */
  restore(id: string, options?: BackupRestoreOptions): Promise<RestoredBackup>;
  /** Swaps back what the last restore replaced. */
  undoRestore(options?: BackupRun & { readonly lockTimeoutMs?: number | undefined }): Promise<UndoneRestore>;
  /** Removes for good what a restore kept, by the name that `status` gives. */
  dropKept(
    name: string,
    options?: BackupRun & { readonly lockTimeoutMs?: number | undefined },
  ): Promise<DroppedDatabase>;
  /** Puts right what a restore left that was killed, and nothing else; every restore and undo does so first. */
  repairRestore(
    options?: BackupRun & { readonly lockTimeoutMs?: number | undefined },
  ): Promise<RepairedRestore>;
  /** Throws what went wrong at a place, after the others are done. */
  prune(options?: BackupPruneOptions): Promise<PrunedBackups>;
  pin(id: string, options?: CallOptions & Folder): Promise<PinnedBackup>;
  unpin(id: string, options?: CallOptions & Folder): Promise<PinnedBackup>;
  fetch(id: string, options?: BackupMoveOptions): Promise<MovedBackup>;
  push(id: string, options?: BackupMoveOptions): Promise<MovedBackup>;
  status(options?: BackupStatusOptions): Promise<BackupStatusReport>;
  /** Keeps the database backed up until it is stopped, or the project is closed. Throws for settings that cannot be. */
  schedule(options?: BackupScheduleOptions): Promise<BackupSchedule>;
}

/** The calls of `project.backups`. */
export function backupsApi(project: ProjectSession): BackupsApi {
  const place = (choices: BackupChoices = {}): Promise<BackupPlace> =>
    backupPlace(project.environment, project.url, {
      folder: choices.folder,
      retention: choices.retention,
      interval: choices.interval,
      cron: choices.cron,
      cleanupInterval: choices.cleanupInterval,
      verifyInterval: choices.verifyInterval,
      identity: choices.identity,
    });

  /** A server answers others meanwhile; an embedded engine is opened by one at a time, so that the project lets go of it. */
  const around = <T>(
    options: CallOptions,
    work: (signal: AbortSignal | undefined) => Promise<T>,
  ): Promise<T> => {
    if (project.url.adapter !== 'embedded') return project.aside(options, work);
    return project.call(options, async (signal) => {
      await project.drop();
      return work(signal);
    });
  };

  return {
    create: (options = {}) =>
      around(options, async (signal) => makeBackup(await place(options), { ...options, signal })),
    list: (options = {}) =>
      project.aside(options, async (signal) =>
        listBackups(await place(options), { limit: options.limit, signal }),
      ),
    show: (id, options = {}) =>
      project.aside(options, async (signal) => showBackup(await place(options), id, signal)),
    verify: (id = 'latest', options = {}) =>
      project.aside(options, async (signal) => verifyOne(await place(options), id, { ...options, signal })),
    // The live database changes under the project: nothing of it may be at work, and its session ends.
    restore: (id, options = {}) =>
      project.call(options, async (signal) => {
        if (project.url.adapter === 'embedded') await project.drop();
        const beforeSwap = () => project.drop();
        return restoreBackup(await place(options), id, { ...options, signal, beforeSwap });
      }),
    undoRestore: (options = {}) =>
      project.call(options, async (signal) => {
        await project.drop();
        return undoRestored(await place(), { ...options, signal });
      }),
    dropKept: (name, options = {}) =>
      project.aside(options, async (signal) =>
        dropKeptDatabase((await place()).url, name, { ...options, signal }),
      ),
    repairRestore: (options = {}) =>
      project.call(options, async (signal) => {
        await project.drop();
        return repairRestored(await place(), { ...options, signal });
      }),
    prune: (options = {}) =>
      around(options, async (signal) => {
        const { dryRun, force, places } = options;
        const pruned = await prunePlaces(await place(options), { dryRun, force, places, signal });
        const failed = pruneFailed(pruned);
        if (failed !== undefined) throw failed;
        return pruned;
      }),
    pin: (id, options = {}) =>
      project.aside(options, async (signal) => setPin(await place(options), id, true, signal)),
    unpin: (id, options = {}) =>
      project.aside(options, async (signal) => setPin(await place(options), id, false, signal)),
    fetch: (id, options = {}) =>
      project.aside(options, async (signal) => fetchBackup(await place(options), id, { ...options, signal })),
    push: (id, options = {}) =>
      project.aside(options, async (signal) => pushBackup(await place(options), id, { ...options, signal })),
    status: (options = {}) =>
      project.aside(options, async (signal) =>
        statusOfBackups(await place(options), { kept: options.kept, signal }),
      ),
    async schedule(options = {}) {
      const where = await place(options);
      requireSchedule(where);
      const controller = new AbortController();
      const done = project
        .aside({ signal: anyOf(controller.signal, options.signal) }, (signal) =>
          scheduleBackups(where, {
            signal: signal ?? controller.signal,
            once: options.once,
            unref: true,
            onEvent: options.onEvent,
            around: (work) => around({}, () => work()),
          }),
        )
        .catch(() => ({ backups: 0, failures: 0 }));
      const stop = async () => {
        controller.abort(new Error('the schedule was stopped'));
        return done;
      };
      return {
        done,
        stop,
        [Symbol.asyncDispose]: async () => {
          await stop();
        },
      };
    },
  };
}

function anyOf(own: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? own : AbortSignal.any([own, other]);
}
