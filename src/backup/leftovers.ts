import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { folderError } from './safe-files.js';
import { backupsInUse } from './use-mark.js';

/** A backup that is being made, or that was when its process ended. */
export interface UnfinishedBackup {
  readonly id: string;
  /** True: somebody is at work on it. */
  readonly running: boolean;
  /** When something was last written into its folder. */
  readonly touchedAt: Date;
}

/** Backups of a folder that have not got their names yet, oldest first. */
export async function unfinishedBackups(databaseFolder: string): Promise<readonly UnfinishedBackup[]> {
  const names = await readdir(databaseFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw folderError(databaseFolder, error);
  });
  const inUse = await backupsInUse(databaseFolder);
  const found: UnfinishedBackup[] = [];
  for (const name of names.sort()) {
    const id = /^\.partial-(.+)$/.exec(name)?.[1];
    if (id === undefined) continue;
    // One that gets its name meanwhile is finished.
    const touched = await stat(join(databaseFolder, name)).catch(() => undefined);
    if (touched !== undefined) found.push({ id, running: inUse.has(id), touchedAt: touched.mtime });
  }
  return found;
}
