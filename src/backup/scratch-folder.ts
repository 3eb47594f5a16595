import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDER_MODE, folderError } from './safe-files.js';

const NAME = /^tidemark-scratch-(\d+)-[A-Za-z0-9]{6}$/;

/** A folder for what must be a file for a while, and its removal. */
export interface ScratchFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/**
 * Makes a folder for its owner alone. It bears the number of this process, so that what a killed one left there, which
 * may be the plain contents of an encrypted backup, is removed by whoever comes next.
 *
 * @param parent the system's temporary folder, or one in memory
 */
export async function scratchFolder(parent: string): Promise<ScratchFolder> {
  await sweepScratch(parent);
  try {
    const path = await mkdtemp(join(parent, `tidemark-scratch-${process.pid}-`));
    await chmod(path, FOLDER_MODE);
    return { path, remove: () => rm(path, { recursive: true, force: true }) };
  } catch (error) {
    throw folderError(parent, error);
  }
}

/** Removes the scratch folders of processes that are no more. */
export async function sweepScratch(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const pid = Number(NAME.exec(name)?.[1] ?? process.pid);
    if (isAlive(pid)) continue;
    // Another user's is not ours to remove.
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
