import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import { HashStream } from './hash-stream.js';
import { partKey } from './layout.js';
import type { Manifest, ManifestPart } from './manifest.js';
import type { OpenBackup } from './open-backup.js';
import { createFile, drain, folderError, writeAll } from './safe-files.js';
import { scratchFolder } from './scratch-folder.js';
import type { BackupStore } from './store/backup-store.js';

export interface StoredBackupOptions {
  /** The database's folder within the store. */
  readonly folder: string;
  /** Makes the plain stream of an encrypted one; undefined: there is no identity to open it with. */
  readonly decrypt?: ((kept: Readable) => Readable) | undefined;
  /** Where parts are unpacked to when they have to be files. Default: the system's temporary folder. */
  readonly scratch?: string | undefined;
}

/** A backup in a store, to be read. Its manifest was parsed and belongs to it. */
export function storedBackup(
  store: BackupStore,
  manifest: Manifest,
  { folder, decrypt, scratch = tmpdir() }: StoredBackupOptions,
): OpenBackup {
  const label = `${store.label}: ${folder}/${manifest.id}`;

  const partOf = (name: string): ManifestPart => {
    const part = manifest.parts.find((candidate) => candidate.name === name);
    if (part === undefined) throw damaged(label, `it has no part ${name}`);
    return part;
  };

  const read = async (name: string, signal?: AbortSignal): Promise<Readable> => {
    const part = partOf(name);
    if (manifest.encryption !== null && decrypt === undefined) throw keyMissing(label, manifest);
    const kept = await store.get(partKey(folder, manifest.id, name), signal);
    return Readable.from(checked(kept, part));
  };

  /** Passes the plain bytes on; both the kept and the plain ones must be what the manifest names. */
  async function* checked(kept: Readable, part: ManifestPart): AsyncGenerator<Buffer> {
    const keptHash = new HashStream();
    const plainHash = new HashStream();
    kept.on('error', (error) => keptHash.destroy(error));
    kept.pipe(keptHash);
    const plain = manifest.encryption === null || decrypt === undefined ? keptHash : decrypt(keptHash);
    if (plain !== keptHash) keptHash.on('error', (error) => plain.destroy(error));
    plain.on('error', (error) => plainHash.destroy(error));
    plain.pipe(plainHash);
    try {
      yield* plainHash as AsyncIterable<Buffer>;
    } catch (error) {
      if (error instanceof TidemarkError) throw error;
      throw damaged(label, `its part ${part.name} cannot be read: ${(error as Error).message}`, error);
    } finally {
      kept.destroy();
    }
    const right =
      keptHash.bytes === part.bytes &&
      keptHash.sha256 === part.sha256 &&
      plainHash.bytes === part.plainBytes &&
      plainHash.sha256 === part.plainSha256;
    if (!right) throw damaged(label, `its part ${part.name} is not the one that was written`);
  }

  return {
    manifest,
    label,
    read,
    async files(parts, signal) {
      const there = manifest.encryption === null ? store.pathOf?.(`${folder}/${manifest.id}`) : undefined;
      if (there !== undefined) {
        for (const name of parts) await pipeline(await read(name, signal), drain, { signal });
        return { folder: there, release: async () => {} };
      }
      const { path, remove } = await scratchFolder(scratch);
      try {
        for (const name of parts) {
          const file = await createFile(join(path, name));
          try {
            await pipeline(await read(name, signal), writeAll(file), { signal });
          } finally {
            await file.close();
          }
        }
      } catch (error) {
        await remove();
        throw signal?.aborted ? error : folderError(path, error);
      }
      return { folder: path, release: remove };
    },
  };
}

/** What is thrown for a backup that is not what its manifest says. */
export function damaged(label: string, what: string, cause?: unknown): TidemarkError {
  return new TidemarkError('backup-damaged', `${label} is damaged: ${what}`, {
    hints: [
      'Use another backup, or the same from another place: "tidemark backup list" shows both. "tidemark backup verify" says which are whole.',
    ],
    cause,
  });
}

/** What is thrown for an encrypted backup that there is no identity for. */
export function keyMissing(label: string, { encryption }: Manifest): TidemarkError {
  return new TidemarkError(
    'backup-key-missing',
    `${label} is encrypted, and no identity to open it was given`,
    {
      exitCode: 2,
      hints: [
        'Name the file of your age identity: --identity FILE, TIDEMARK_AGE_IDENTITY, or `identities` under `backup` in the configuration.',
        `It is encrypted to ${(encryption?.recipients ?? []).join(', ')}.`,
      ],
    },
  );
}
