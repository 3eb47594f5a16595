import { randomBytes } from 'node:crypto';
import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeProcess } from '../database/process-lock.js';
import { FILE_MODE, folderError } from './safe-files.js';

/** How often a use is refreshed, and after how long without it whoever was at work must be gone. */
const BEAT_MS = 10_000;
export const STALE_MS = 120_000;

const MARK = /^\.use-(.+)-[0-9a-f]{16}$/;

/**
 * Says that a backup of a folder is being read or written, until `release` is called or the process ends. A beat and
 * not a process id tells whether somebody is still there: ids are used again, and the folder may be another host's too.
 */
export async function useBackup(databaseFolder: string, id: string): Promise<{ release(): Promise<void> }> {
  const path = join(databaseFolder, `.use-${id}-${randomBytes(8).toString('hex')}`);
  try {
    await writeFile(path, describeProcess(), { flag: 'wx', mode: FILE_MODE });
  } catch (error) {
    throw folderError(path, error);
  }
  const beat = setInterval(() => {
    const now = new Date();
    // A mark that somebody removed is written again with the next use; it must not stop this one.
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      await rm(path, { force: true });
    },
  };
}

/** The ids in use; marks of those that are gone are removed. */
export async function backupsInUse(databaseFolder: string, now: Date = new Date()): Promise<Set<string>> {
  const used = new Set<string>();
  const names = await readdir(databaseFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw folderError(databaseFolder, error);
  });
  for (const name of names) {
    const id = MARK.exec(name)?.[1];
    if (id === undefined) continue;
    const path = join(databaseFolder, name);
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (touched === undefined) continue;
    if (now.getTime() - touched > STALE_MS) await rm(path, { force: true });
    else used.add(id);
  }
  return used;
}
