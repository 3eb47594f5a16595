import { chmod, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER_MODE, folderError } from '../safe-files.js';

/** Where Linux keeps files in memory. */
const IN_MEMORY = '/dev/shm';

const NAME = /^tidemark-plain-(\d+)-/;

export interface PlainScratch {
  readonly folder: string;
  /** False: its files are on a disk, as long as they are there. */
  readonly inMemory: boolean;
  remove(): Promise<void>;
}

/**
 * A folder of mode 0700 for what must not stay on a disk: in memory where the system has that and the bytes fit twice,
 * else in the temporary folder. What a process that is no more has left in either is removed first.
 */
export async function plainScratch(bytes: number): Promise<PlainScratch> {
  await sweep(IN_MEMORY);
  await sweep(tmpdir());
  const inMemory = await fits(IN_MEMORY, bytes * 2);
  const parent = inMemory ? IN_MEMORY : tmpdir();
  const folder = await mkdtemp(join(parent, `tidemark-plain-${process.pid}-`)).catch((error: unknown) => {
    throw folderError(parent, error);
  });
  await chmod(folder, FOLDER_MODE);
  return { folder, inMemory, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function fits(folder: string, bytes: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const space = await statfs(folder).catch(() => undefined);
  return space !== undefined && space.bavail * space.bsize > bytes;
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = Number(NAME.exec(name)?.[1]);
    // Another user's stays: it can be neither looked into nor removed.
    if (pid > 0 && !isAlive(pid))
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
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
