import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';

const TEMPORARY = /^\.tidemark-[0-9a-f]+\.tmp$/;
/** Older leftovers belong to a writer that was killed: a write takes milliseconds. */
const LEFTOVER_AGE_MS = 60_000;
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** A text that lies on the disk and has no name yet that anybody reads. */
export interface StagedFile {
  /** The name it is to have within the folder. */
  readonly file: string;
  readonly temporary: string;
}

/** Writes a text to the disk under a temporary name in the folder, to be named by `placeNew` or `placeOver`. */
export async function stageFile(
  folder: string,
  file: string,
  content: string | Uint8Array,
): Promise<StagedFile> {
  const temporary = join(folder, `.tidemark-${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return { file, temporary };
}

/** Gives a staged file its name in one step. Throws TidemarkError (`migration-exists`) when that is taken. */
export async function placeNew(folder: string, { file, temporary }: StagedFile): Promise<void> {
  const path = join(folder, file);
  try {
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      // exFAT, some network drives: no links, and no other way to be sure that nothing is overwritten.
      if (!NO_LINKS.has(error.code ?? '')) throw error;
      return copyFile(temporary, path, constants.COPYFILE_EXCL);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new TidemarkError('migration-exists', `${path} exists already`, {
        hints: ['Choose another name; or somebody else is writing into this folder: try again.'],
      });
    }
    throw error;
  }
  await rm(temporary, { force: true });
}

/** Gives a staged file its name in one step, in place of the file that has it. */
export function placeOver(folder: string, { file, temporary }: StagedFile): Promise<void> {
  return rename(temporary, join(folder, file));
}

/** Writes a file whole or not at all, in place of the one of that name. */
export async function replaceFile(folder: string, file: string, content: string | Uint8Array): Promise<void> {
  const staged = await stageFile(folder, file, content);
  try {
    await placeOver(folder, staged);
  } catch (error) {
    await rm(staged.temporary, { force: true });
    throw error;
  }
}

/** Clears away what killed writers left under temporary names. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > LEFTOVER_AGE_MS) await rm(path, { force: true });
  }
}
