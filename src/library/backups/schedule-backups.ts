import { claimTurn } from '../../backup/claim.js';
import { requireCron, type ScheduledBackup } from '../../backup/due.js';
import type { BackupEvent } from '../../backup/events.js';
import { isComplete, isPreRestore } from '../../backup/reachable-catalog.js';
import { runSchedule, type ScheduleEnd, type ScheduleEvent, systemClock } from '../../backup/schedule.js';
import { type BackupPlace, catalogOf, destinationNames, LOCAL } from './backup-place.js';
import { type MadeBackup, makeBackup } from './make-backup.js';
import { type PrunedBackups, pruneFailed, prunePlaces } from './prune-places.js';
import { type VerifiedBackup, verifyOne } from './verify-backups.js';

/** What a schedule of backups tells. */
export type BackupScheduleEvent =
  | ScheduleEvent<MadeBackup, PrunedBackups, VerifiedBackup>
  | { readonly type: 'progress'; readonly event: BackupEvent };

export interface ScheduleBackupsOptions {
  readonly signal: AbortSignal;
  /** Does what is due now, and ends. */
  readonly once?: boolean | undefined;
  /** True: an application that has nothing else to do may end. */
  readonly unref: boolean;
  readonly onEvent?: ((event: BackupScheduleEvent) => void) | undefined;
  /** Runs a piece of work on the database; an application's other work may have to wait for it. */
  readonly around?: (<T>(work: () => Promise<T>) => Promise<T>) | undefined;
}

/**
 * Keeps a database backed up until the signal comes: makes a backup when one is due and sends it to every destination,
 * prunes, restores the newest for proof. Throws TidemarkError (`cron-invalid`, `retention-invalid`, exit code 2) at once
 * for settings that cannot be; never later.
 */
export async function scheduleBackups(
  place: BackupPlace,
  { signal, once, unref, onEvent, around = (work) => work() }: ScheduleBackupsOptions,
): Promise<ScheduleEnd> {
  requireSchedule(place);
  const { settings } = place;
  const destinations = destinationNames(place);
  const progress = (event: BackupEvent) => {
    try {
      onEvent?.({ type: 'progress', event });
    } catch {
      // As with the other events.
    }
  };
  return runSchedule<MadeBackup, PrunedBackups, VerifiedBackup>(
    {
      look: (stop) => scheduledBackups(place, stop),
      backUp: (stop, failures) =>
        around(() =>
          makeBackup(
            place,
            { upload: destinations, signal: stop, onEvent: progress },
            { kind: 'schedule', migration: null, failures },
          ),
        ),
      prune: async (stop) => {
        const pruned = await around(() => prunePlaces(place, { signal: stop }));
        const failed = pruneFailed(pruned, { lockedIsFine: true });
        if (failed !== undefined) throw failed;
        return pruned;
      },
      verify: async (id, stop) => {
        const level = settings.assertions.length > 0 ? 4 : 3;
        const verified = await around(() => verifyOne(place, id, { level, signal: stop, onEvent: progress }));
        if (verified.ok) return verified;
        const { TidemarkError } = await import('../../errors.js');
        throw new TidemarkError(
          'backup-unproven',
          `the backup ${id} does not pass level ${level}: ${verified.problems.join('; ')}`,
          { details: { id, problems: verified.problems } },
        );
      },
      claim: () => claimTurn(place.path),
    },
    {
      settings: { rhythm: settings.rhythm, cleanupMs: settings.cleanupMs, verifyMs: settings.verifyEveryMs },
      signal,
      once,
      clock: systemClock({ unref }),
      onEvent,
    },
  );
}

/** Throws TidemarkError (`cron-invalid`, `retention-invalid`, exit code 2) for settings that no schedule can have. */
export function requireSchedule(place: BackupPlace): void {
  const { settings } = place;
  if (settings.rhythm.kind === 'cron') requireCron(settings.rhythm.expression, 'the schedule');
  for (const name of [LOCAL, ...destinationNames(place)]) settings.retention(name);
}

/** What the schedule decides from. A destination that is away puts nothing off: the folder is enough. */
async function scheduledBackups(place: BackupPlace, signal: AbortSignal): Promise<ScheduledBackup[]> {
  const { entries } = await catalogOf(place, signal);
  const good = entries.filter((entry) => isComplete(entry) && !isPreRestore(entry));
  return good.flatMap(({ id, manifest, verified }) =>
    manifest === undefined
      ? []
      : [
          {
            id,
            createdAt: new Date(manifest.createdAt),
            provenAt: verified !== undefined && verified.level >= 3 ? new Date(verified.at) : undefined,
          },
        ],
  );
}
