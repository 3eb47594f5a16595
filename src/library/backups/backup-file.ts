import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readCatalog } from '../../backup/catalog.js';
import { MANIFEST } from '../../backup/layout.js';
import { parseManifest } from '../../backup/parse-manifest.js';
import { FolderStore } from '../../backup/store/folder-store.js';
import { TidemarkError } from '../../errors.js';

/** Where a backup lies that was named by its path. */
export interface BackupFile {
  readonly store: FolderStore;
  /** The folder above it. */
  readonly folder: string;
  readonly id: string;
}

/**
 * Finds the backup of a path: its folder, or the manifest in it. Throws TidemarkError with exit code 2:
 * `backup-unknown`; `backup-foreign` for a dump that another tool made.
 *
 * @param path absolute
 */
export async function backupFile(path: string): Promise<BackupFile> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new TidemarkError('backup-unknown', `there is no ${path}`, { exitCode: 2 });
  const home = found.isDirectory() ? path : dirname(path);
  const text = await readFile(join(home, MANIFEST), 'utf8').catch(() => undefined);
  if (text === undefined || (found.isFile() && basename(path) !== MANIFEST)) {
    throw new TidemarkError('backup-foreign', `${path} is no backup of Tidemark`, {
      exitCode: 2,
      hints: [
        `A backup is a folder with a ${MANIFEST} in it: name the folder.`,
        'A dump of another tool comes back with that tool: pg_restore or psql into an empty database.',
      ],
    });
  }
  const { id } = parseManifest(text, join(home, MANIFEST));
  if (basename(home) !== id) {
    throw new TidemarkError(
      'backup-foreign',
      `${home} holds the backup ${id}: its folder must have that name`,
      {
        exitCode: 2,
      },
    );
  }
  const folder = basename(dirname(home));
  const store = new FolderStore('file', dirname(dirname(home)));
  const entries = await readCatalog([store], folder);
  if (entries.some((entry) => entry.id === id)) return { store, folder, id };
  throw new TidemarkError('backup-unknown', `there is no backup in ${home}`, { exitCode: 2 });
}
