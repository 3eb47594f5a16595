import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { keepAtlasSum } from './atlas-sum.js';
import { compareSums, formatSum, parseSum, SUM_FILE, type SumDifference, type Sums } from './checksum.js';
import { type MigrationFolder, readMigrationFolder } from './folder.js';
import { decodeMigration } from './migration-file.js';
import { replaceFile } from './write-files.js';

/** A folder whose sum has just been written. */
export interface HashedFolder extends MigrationFolder {
  /** How the files differed from the sum that was there. */
  readonly changes: SumDifference;
  /** Why that sum could not be read, a merge conflict for instance; then nothing is known of changes. */
  readonly damage: string | undefined;
}

/**
 * Rewrites `tidemark.sum` from what the folder holds, in place of any that was there, a damaged one too. Throws what
 * reading the folder throws, `migrations-missing` (exit code 2) when there is none.
 */
export async function hashFolder(path: string): Promise<HashedFolder> {
  const folder = await readMigrationFolder(path, { mustExist: true, ignoreSum: true });
  const { listed, damage } = oldSum(join(path, SUM_FILE));
  const none: SumDifference = { added: [], edited: [], removed: [] };
  const text = formatSum(folder.sums);
  await replaceFile(path, SUM_FILE, text);
  await keepAtlasSum(path);
  return {
    ...folder,
    listed: folder.sums,
    difference: none,
    changes: listed === undefined ? none : compareSums(folder.sums, listed),
    damage,
  };
}

function oldSum(file: string): { readonly listed: Sums | undefined; readonly damage: string | undefined } {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { listed: new Map(), damage: undefined };
    throw error;
  }
  try {
    return { listed: parseSum(decodeMigration(bytes, file), file), damage: undefined };
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    return { listed: undefined, damage: error.message };
  }
}
