import { randomBytes } from 'node:crypto';
import { link, lstat, readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../../errors.js';
import { HashStream } from '../hash-stream.js';
import { createFile, folderError, makeFolder, openFile, syncFolder, writeAll } from '../safe-files.js';
import type { BackupStore, PutOptions, StoredObject } from './backup-store.js';
import { isStoreKey, requireKeyPrefix, requireStoreKey } from './store-key.js';

const TEMPORARY = /^\.put-[0-9a-f]{16}$/;

/** A folder as a place for backups. It is made when something is first written. */
export class FolderStore implements BackupStore {
  readonly kind = 'folder';
  readonly name: string;
  readonly label: string;
  readonly #root: string;

  readonly #mounted: boolean;

  /**
   * @param root absolute
   * @param mounted true where it may lie on a disk that has to be mounted first: then it is not made in an empty
   *   folder, which is what a mount point without its disk is
   */
  constructor(name: string, root: string, { mounted = false }: { readonly mounted?: boolean } = {}) {
    this.name = name;
    this.#mounted = mounted;
    this.label = root;
    this.#root = root;
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    requireKeyPrefix(prefix);
    const found: StoredObject[] = [];
    const walk = async (folder: string, key: string): Promise<void> => {
      for (const entry of await entriesOf(folder)) {
        const below = key === '' ? entry.name : `${key}/${entry.name}`;
        if (!below.startsWith(prefix) && !prefix.startsWith(`${below}/`)) continue;
        const path = join(folder, entry.name);
        // A link may lead anywhere; a hidden entry is not finished or not ours.
        if (!isStoreKey(entry.name) || entry.isSymbolicLink()) continue;
        if (entry.isDirectory()) await walk(path, below);
        else if (entry.isFile()) found.push({ key: below, bytes: (await lstat(path)).size });
      }
    };
    try {
      await walk(this.#root, '');
    } catch (error) {
      throw folderError(this.#root, error);
    }
    return found;
  }

  async put(
    key: string,
    open: () => Readable,
    { bytes, sha256, signal, onProgress }: PutOptions,
  ): Promise<void> {
    requireStoreKey(key);
    const path = join(this.#root, key);
    const folder = dirname(path);
    if (this.#mounted) await this.#requireMounted();
    await makeFolder(folder);
    await this.#requireInside(folder);
    const temporary = join(folder, `.put-${randomBytes(8).toString('hex')}`);
    try {
      const file = await createFile(temporary);
      const hash = new HashStream(onProgress);
      try {
        await pipeline(open(), hash, writeAll(file), { signal });
        await file.sync();
      } finally {
        await file.close();
      }
      if (hash.bytes !== bytes || hash.sha256 !== sha256) {
        throw new TidemarkError('store-failed', `${this.name}: ${key} was not written as it was read`);
      }
      await link(temporary, path);
      await syncFolder(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw exists(this.name, key);
      throw folderError(path, error);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  pathOf(key: string): string {
    return join(this.#root, key);
  }

  async get(key: string): Promise<Readable> {
    requireStoreKey(key);
    const path = join(this.#root, key);
    try {
      await this.#requireInside(dirname(path));
      const file = await openFile(path);
      return file.createReadStream();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw missing(this.name, key);
      throw folderError(path, error);
    }
  }

  async remove(key: string): Promise<void> {
    requireStoreKey(key);
    const path = join(this.#root, key);
    try {
      await rm(path, { force: true });
      // The folder of a backup goes with its last part.
      await rmdir(dirname(path)).catch(() => {});
    } catch (error) {
      throw folderError(path, error);
    }
  }

  async sweep(before: Date): Promise<readonly string[]> {
    const swept: string[] = [];
    const walk = async (folder: string, key: string): Promise<void> => {
      for (const entry of await entriesOf(folder)) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(path, `${key}${entry.name}/`);
        if (!entry.isFile() || !TEMPORARY.test(entry.name)) continue;
        if ((await lstat(path)).mtime >= before) continue;
        await rm(path, { force: true });
        swept.push(key + entry.name);
      }
    };
    await walk(this.#root, '');
    return swept;
  }

  async #requireMounted(): Promise<void> {
    const above = dirname(this.#root);
    try {
      if ((await lstat(this.#root).catch(() => undefined)) !== undefined) return;
      if ((await readdir(above)).length > 0) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw folderError(above, error);
    }
    throw new TidemarkError(
      'store-failed',
      `${this.name}: there is no ${this.#root}, and nothing in ${above}`,
      {
        hints: [
          'If it is on a disk or a share of its own: is that mounted?',
          `If this is its first use, make it yourself: mkdir -p ${this.#root}`,
        ],
      },
    );
  }

  /** A folder that somebody replaced by a link must not lead a write or a read elsewhere. */
  async #requireInside(folder: string): Promise<void> {
    const [root, real] = await Promise.all([realpath(this.#root), realpath(folder)]);
    if (
      real === root ||
      real.startsWith(root + (root.endsWith('/') ? '' : '/')) ||
      real.startsWith(`${root}\\`)
    )
      return;
    throw new TidemarkError('backup-folder', `${folder} leads out of ${this.#root}`, {
      hints: ['A folder within the backups was replaced by a link. Put the folder back.'],
    });
  }
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What `put` throws for a key that is taken. */
export function exists(store: string, key: string): TidemarkError {
  return new TidemarkError('object-exists', `${store}: ${key} is there already, and nothing is overwritten`);
}

/** What `get` throws for a key that is not there. */
export function missing(store: string, key: string): TidemarkError {
  return new TidemarkError('object-missing', `${store}: there is no ${key}`);
}
