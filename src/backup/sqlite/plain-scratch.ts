import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { scratchFolder, sweepScratch } from '../scratch-folder.js';

/** Where Linux keeps files in memory. */
const IN_MEMORY = '/dev/shm';

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
  await Promise.all([sweepScratch(IN_MEMORY), sweepScratch(tmpdir())]);
  const inMemory = await fits(IN_MEMORY, bytes * 2);
  const { path, remove } = await scratchFolder(inMemory ? IN_MEMORY : tmpdir());
  return { folder: path, inMemory, remove };
}

async function fits(folder: string, bytes: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const space = await statfs(folder).catch(() => undefined);
  return space !== undefined && space.bavail * space.bsize > bytes;
}
