import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { TidemarkError } from '../errors.js';
import type { Verified } from './catalog.js';
import { markKey } from './layout.js';
import type { BackupStore } from './store/backup-store.js';

const PINNED = 'pinned';

/** Says that a backup stays, whatever the retention. Pinned already is no error. */
export async function pin(store: BackupStore, folder: string, id: string): Promise<void> {
  await putMark(store, markKey(folder, id, PINNED), '');
}

/** Takes a pin off. Not pinned is no error. */
export async function unpin(store: BackupStore, folder: string, id: string): Promise<void> {
  await store.remove(markKey(folder, id, PINNED));
}

/** Notes that a backup was proven at a level, with what was found, as JSON. */
export async function noteVerified(
  store: BackupStore,
  folder: string,
  id: string,
  { level, at }: Verified,
  details: unknown,
): Promise<void> {
  const time = at.replace(/[-:.]/g, '');
  await putMark(store, markKey(folder, id, `verified-${level}-${time}`), JSON.stringify(details));
}

/** Takes every proof off a backup whose bytes turned out to be wrong. */
export async function forgetVerified(store: BackupStore, folder: string, id: string): Promise<void> {
  for (const { key } of await store.list(markKey(folder, id, 'verified-'))) await store.remove(key);
}

async function putMark(store: BackupStore, key: string, body: string): Promise<void> {
  const bytes = Buffer.from(body);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  try {
    await store.put(key, () => Readable.from([bytes]), { bytes: bytes.length, sha256 });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'object-exists') throw error;
  }
}
