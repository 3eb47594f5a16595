import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import { HashStream } from './hash-stream.js';
import type { ManifestPart } from './manifest.js';
import { requirePartName } from './part-name.js';
import type { PartSink } from './part-sink.js';
import { createFile, drain, FILE_MODE, folderError, openFile, writeAll } from './safe-files.js';

export interface FolderSinkOptions {
  /** Makes the encrypted stream of a plain one; undefined: not encrypted. */
  readonly encrypt?: ((plain: Readable) => Readable) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((part: string, bytes: number) => void) | undefined;
}

/** Puts the parts of a backup that is being made into a folder. */
export class FolderSink implements PartSink {
  readonly folder: string;
  readonly parts: ManifestPart[] = [];
  readonly #options: FolderSinkOptions;

  constructor(folder: string, options: FolderSinkOptions = {}) {
    this.folder = folder;
    this.#options = options;
  }

  get encrypted(): boolean {
    return this.#options.encrypt !== undefined;
  }

  async write(name: string, role: string, source: Readable): Promise<ManifestPart> {
    const { encrypt, signal, onProgress } = this.#options;
    requirePartName(name);
    const path = join(this.folder, name);
    const plain = new HashStream((bytes) => onProgress?.(name, bytes));
    const kept = encrypt === undefined ? plain : new HashStream();
    // A pipeline may report the abort of its source instead of what the disk said.
    let diskFault: unknown;
    try {
      const file = await createFile(path);
      try {
        const write = writeAll(file);
        const target = async (bytes: AsyncIterable<Uint8Array>) => {
          try {
            await write(bytes);
          } catch (error) {
            if ((error as NodeJS.ErrnoException).syscall === 'write') diskFault = error;
            throw error;
          }
        };
        if (encrypt === undefined) await pipeline(source, plain, target, { signal });
        else {
          const encrypted = encrypt(plain);
          await Promise.all([
            pipeline(source, plain, { signal, end: true }),
            pipeline(encrypted, kept, target, { signal }),
          ]);
        }
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw signal?.aborted ? error : folderError(path, diskFault ?? error);
    }
    return this.#add({
      name,
      role,
      bytes: kept.bytes,
      sha256: kept.sha256,
      plainBytes: plain.bytes,
      plainSha256: plain.sha256,
    });
  }

  async adopt(file: string, role: string): Promise<ManifestPart> {
    const { signal, onProgress } = this.#options;
    requirePartName(file);
    if (this.encrypted) {
      throw new TidemarkError('part-not-encrypted', `${file} reached the disk before it was encrypted`);
    }
    const path = join(this.folder, file);
    const hash = new HashStream((bytes) => onProgress?.(file, bytes));
    try {
      const handle = await openFile(path);
      try {
        await handle.chmod(FILE_MODE);
        await handle.sync();
        await pipeline(handle.createReadStream(), hash, drain, { signal });
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw signal?.aborted ? error : folderError(path, error);
    }
    const { bytes, sha256 } = hash;
    return this.#add({ name: file, role, bytes, sha256, plainBytes: bytes, plainSha256: sha256 });
  }

  #add(part: ManifestPart): ManifestPart {
    this.parts.push(part);
    return part;
  }
}
