import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import { hashFile } from './hash-file.js';
import { HashStream } from './hash-stream.js';
import type { ManifestPart } from './manifest.js';
import { requirePartName } from './part-name.js';
import type { PartSink } from './part-sink.js';
import { createFile, FILE_MODE, folderError, writeAll } from './safe-files.js';

export interface FolderSinkOptions {
  /** Makes the encrypted stream of a plain one; undefined: not encrypted. */
  readonly encrypt?: ((plain: Readable) => Readable) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((part: string, bytes: number) => void) | undefined;
}

/** Puts the parts of a backup that is being made into a folder. */
export class FolderSink implements PartSink {
  readonly folder: string;
  /** A place for each part from the moment that it is begun. */
  readonly #parts: (ManifestPart | undefined)[] = [];
  readonly #options: FolderSinkOptions;

  constructor(folder: string, options: FolderSinkOptions = {}) {
    this.folder = folder;
    this.#options = options;
  }

  get parts(): readonly ManifestPart[] {
    return this.#parts.filter((part) => part !== undefined);
  }

  get encrypted(): boolean {
    return this.#options.encrypt !== undefined;
  }

  async write(name: string, role: string, source: Readable): Promise<ManifestPart> {
    const { encrypt, signal, onProgress } = this.#options;
    requirePartName(name);
    const place = this.#parts.push(undefined) - 1;
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
    const part = {
      name,
      role,
      bytes: kept.bytes,
      sha256: kept.sha256,
      plainBytes: plain.bytes,
      plainSha256: plain.sha256,
    };
    this.#parts[place] = part;
    return part;
  }

  async adopt(file: string, role: string): Promise<ManifestPart> {
    const { signal, onProgress } = this.#options;
    requirePartName(file);
    if (this.encrypted) {
      throw new TidemarkError('part-not-encrypted', `${file} reached the disk before it was encrypted`);
    }
    const place = this.#parts.push(undefined) - 1;
    const path = join(this.folder, file);
    const { bytes, sha256 } = await hashFile(path, {
      mode: FILE_MODE,
      signal,
      onProgress: (read) => onProgress?.(file, read),
    }).catch((error: unknown) => {
      throw signal?.aborted ? error : folderError(path, error);
    });
    const part = { name: file, role, bytes, sha256, plainBytes: bytes, plainSha256: sha256 };
    this.#parts[place] = part;
    return part;
  }
}
