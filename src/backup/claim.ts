import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isProcessGone } from '../database/process-lock.js';
import { makeFolder } from './safe-files.js';
import { STALE_MS, useBackup } from './use-mark.js';

/** Not a backup's id: a schedule's turn. */
const TURN = 'schedule';

/**
 * Takes the turn among the schedules that share a folder. Undefined: somebody else has it, or wants it in the same
 * moment; then none of them works, and each asks again later. A turn of a process that is gone lapses.
 */
export async function claimTurn(
  databaseFolder: string,
  now: () => Date = () => new Date(),
): Promise<{ release(): Promise<void> } | undefined> {
  await makeFolder(databaseFolder);
  // Written first and counted then: of two at once at least one sees the other.
  const own = await useBackup(databaseFolder, TURN);
  let others = 0;
  for (const name of await readdir(databaseFolder)) {
    if (!name.startsWith(`.use-${TURN}-`)) continue;
    const touched = await stat(join(databaseFolder, name)).catch(() => undefined);
    if (touched === undefined || now().getTime() - touched.mtimeMs > STALE_MS) continue;
    // Of this machine it is seen at once that it is gone; of others when it beats no more.
    if (!isProcessGone(await readFile(join(databaseFolder, name), 'utf8').catch(() => ''))) others += 1;
  }
  // Its own mark counts as one.
  if (others <= 1) return own;
  await own.release();
  return undefined;
}
