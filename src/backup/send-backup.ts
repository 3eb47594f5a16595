import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import type { BackupRun } from './events.js';
import { HashStream } from './hash-stream.js';
import { MANIFEST, partKey } from './layout.js';
import type { Manifest } from './manifest.js';
import { formatManifest } from './parse-manifest.js';
import { drain } from './safe-files.js';
import type { BackupStore } from './store/backup-store.js';

/** What was sent. */
export interface SentBackup {
  readonly store: string;
  readonly bytes: number;
  /** Parts that were there already, whole, from an attempt before. */
  readonly kept: number;
}

/**
 * Copies a backup from one store to another: its parts as they are kept, each read back and hashed, then its manifest.
 * So the target never shows a backup whose parts are not proven. A copy that was interrupted goes on with what is
 * missing. Throws what the stores throw, and `store-lied` when what comes back is not what was sent.
 */
export async function sendBackup(
  from: BackupStore,
  to: BackupStore,
  folder: string,
  manifest: Manifest,
  { signal, onEvent }: BackupRun = {},
): Promise<SentBackup> {
  const total = manifest.totals.bytes;
  const phase = `sending to ${to.name}`;
  const text = Buffer.from(formatManifest(manifest));
  const hash = new HashStream();
  await pipeline(Readable.from([text]), hash, drain);
  const files = [
    ...manifest.parts.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    { name: MANIFEST, bytes: text.length, sha256: hash.sha256 },
  ];
  let sent = 0;
  let kept = 0;
  for (const { name, bytes, sha256 } of files) {
    signal?.throwIfAborted();
    const key = partKey(folder, manifest.id, name);
    const open = () => Readable.from(name === MANIFEST ? [text] : contentsOf(from, key, signal));
    const before = sent;
    try {
      await to.put(key, open, {
        bytes,
        sha256,
        signal,
        onProgress: (done) =>
          onEvent?.({
            type: 'progress',
            phase,
            bytes: before + done,
            totalBytes: total,
            rows: undefined,
            item: name,
          }),
      });
    } catch (error) {
      // What an attempt before brought there counts, if it is whole; the reading below tells.
      if (!(error instanceof TidemarkError) || error.code !== 'object-exists') throw error;
      kept += 1;
    }
    await requireSame(to, key, bytes, sha256, signal);
    sent += bytes;
  }
  return { store: to.name, bytes: sent, kept };
}

/** Opened only when it is read: a part that is there already is not. */
async function* contentsOf(
  from: BackupStore,
  key: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  yield* (await from.get(key, signal)) as AsyncIterable<Buffer>;
}

/** Reads an object back: a store may say that it has it and have something else. */
async function requireSame(
  store: BackupStore,
  key: string,
  bytes: number,
  sha256: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = new HashStream();
  await pipeline(await store.get(key, signal), hash, drain, { signal });
  if (hash.bytes === bytes && hash.sha256 === sha256) return;
  throw new TidemarkError(
    'store-lied',
    `${store.name} gives back something else than was sent: ${key} has ${hash.bytes} bytes, SHA-256 ${hash.sha256.slice(0, 12)}…, not ${bytes} and ${sha256.slice(0, 12)}…`,
    {
      hints: [
        'The backup is whole where it was made, but not there. Remove that object, or look at the store; then "tidemark backup push".',
      ],
    },
  );
}
