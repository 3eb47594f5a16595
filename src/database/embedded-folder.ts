import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Held by the process that has the folder open. */
export const LOCK = 'tidemark.lock';
/** There while a new folder is being filled; found later, the filling was cut off. */
export const UNFINISHED = 'tidemark.unfinished';

/**
 * What a folder holds for the embedded engine: a database, nothing (or it is not there), one that was never
 * filled to the end, or something else. Throws what reading the folder throws.
 */
export function folderState(path: string): 'database' | 'empty' | 'unfinished' | 'other' {
  if (existsSync(join(path, 'PG_VERSION'))) return 'database';
  if (!existsSync(path)) return 'empty';
  if (existsSync(join(path, UNFINISHED))) return 'unfinished';
  return readdirSync(path).every(isLock) ? 'empty' : 'other';
}

/** True for the lock, and for the files that taking it makes for a moment. */
export function isLock(name: string): boolean {
  return name.startsWith(LOCK);
}
