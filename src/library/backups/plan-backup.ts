import { requireNotAborted } from '../../migrations/abort.js';
import { type BackupPlace, engineOf, storesOf } from './backup-place.js';
import { spaceNeeded } from './free-space.js';
import { destinationsOf, type MakeOptions } from './make-backup.js';

/** What making a backup would do. */
export interface BackupPlan {
  readonly dryRun: true;
  readonly database: string;
  readonly engine: string;
  /** Where its folder would be made. */
  readonly path: string;
  /** Bytes; a guess. */
  readonly needed: number;
  readonly free: number;
  readonly destinations: readonly string[];
  readonly verify: number;
  readonly encryptTo: readonly string[];
  readonly excludeTableData: readonly string[];
  readonly pinned: boolean;
  readonly tags: readonly string[];
}

/** Says what a backup would do; asks the database for its size and writes nothing. Throws what `makeBackup` would at once. */
export async function planBackup(place: BackupPlace, options: MakeOptions): Promise<BackupPlan> {
  requireNotAborted(options.signal);
  const { settings } = place;
  const { kind } = await engineOf(place);
  const destinations = destinationsOf(place, options.upload);
  await storesOf(place, destinations);
  const encryptTo = options.encryptTo ?? settings.encryptTo;
  if (encryptTo.length > 0) await (await import('../../backup/encryption.js')).encryptionTo(encryptTo);
  const { needed, free } = await spaceNeeded(place, options.signal);
  return {
    dryRun: true,
    database: place.database,
    engine: kind,
    path: place.path,
    needed,
    free,
    destinations,
    verify: options.verify ?? settings.verify,
    encryptTo,
    excludeTableData: options.excludeTableData ?? settings.excludeTableData,
    pinned: options.pin === true,
    tags: options.tags ?? [],
  };
}
