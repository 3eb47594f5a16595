import type { BackupRun } from '../../backup/events.js';
import { noteVerified } from '../../backup/marks.js';
import { makeFolder } from '../../backup/safe-files.js';
import { sendBackup } from '../../backup/send-backup.js';
import { TidemarkError } from '../../errors.js';
import { type BackupPlace, destinationNames, findBackup, LOCAL, storesOf, using } from './backup-place.js';

export interface MoveOptions extends BackupRun {
  /** `fetch`: where from; default the first destination that has it whole. `push`: where to; default all. */
  readonly places?: readonly string[] | undefined;
}

/** A backup that was copied, every byte of it read back. */
export interface MovedBackup {
  readonly id: string;
  readonly from: string;
  readonly to: readonly { readonly place: string; readonly bytes: number; readonly kept: number }[];
}

/** Copies a backup from a destination into the folder. Throws as `findBackup` and `sendBackup` do. */
export async function fetchBackup(
  place: BackupPlace,
  text: string,
  { places, signal, onEvent }: MoveOptions = {},
): Promise<MovedBackup> {
  const from = places?.[0] ?? (await firstWith(place, text, signal));
  if (from === LOCAL) {
    const { manifest } = await findBackup(place, text, { from, signal });
    return { id: manifest.id, from, to: [] };
  }
  const { manifest, store } = await findBackup(place, text, { from, signal });
  await makeFolder(place.path);
  return using(place, manifest.id, async () => {
    const { bytes, kept } = await sendBackup(store, place.local, place.folder, manifest, { signal, onEvent });
    await noteVerified(
      place.local,
      place.folder,
      manifest.id,
      { level: 1, at: new Date().toISOString() },
      {},
    );
    return { id: manifest.id, from, to: [{ place: LOCAL, bytes, kept }] };
  });
}

/** Copies a backup of the folder to destinations. Throws as `findBackup` and `sendBackup` do. */
export async function pushBackup(
  place: BackupPlace,
  text: string,
  { places, signal, onEvent }: MoveOptions = {},
): Promise<MovedBackup> {
  const names = places ?? destinationNames(place);
  const stores = (await storesOf(place, names)).filter(({ name }) => name !== LOCAL);
  if (stores.length === 0) {
    throw new TidemarkError('destination-unknown', 'there is no destination to send it to', {
      exitCode: 2,
      hints: ['Add one to `destinations` under `backup` in the configuration.'],
    });
  }
  const { manifest } = await findBackup(place, text, { from: LOCAL, signal });
  return using(place, manifest.id, async () => {
    const to: { place: string; bytes: number; kept: number }[] = [];
    for (const store of stores) {
      const { bytes, kept } = await sendBackup(place.local, store, place.folder, manifest, {
        signal,
        onEvent,
      });
      await noteVerified(store, place.folder, manifest.id, { level: 1, at: new Date().toISOString() }, {});
      to.push({ place: store.name, bytes, kept });
    }
    return { id: manifest.id, from: LOCAL, to };
  });
}

/** Where a backup is whole; the folder first. */
async function firstWith(place: BackupPlace, text: string, signal: AbortSignal | undefined): Promise<string> {
  return (await findBackup(place, text, { signal })).store.name;
}
