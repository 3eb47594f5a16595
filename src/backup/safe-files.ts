import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TidemarkError } from '../errors.js';

/** Backups hold everything there is: nobody but their owner reads them, whatever the umask. */
export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Makes a folder of backups and those above it. Throws TidemarkError (`backup-folder`) with the reason. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: FOLDER_MODE });
    const found = await lstat(path);
    if (!found.isDirectory()) throw new TidemarkError('backup-folder', `${path} is not a folder`);
  } catch (error) {
    throw folderError(path, error);
  }
}

/** Opens a file that must not exist, for its owner alone. A symbolic link in its place is refused. */
export async function createFile(path: string): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;
  return open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, FILE_MODE);
}

/** Opens a file for reading, itself and not what a link at its place leads to. */
export async function openFile(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW = 0 } = constants;
  return open(path, O_RDONLY | O_NOFOLLOW);
}

/** Writes a stream to a file that stays open: who wrote it syncs it before closing. The last step of a pipeline. */
export function writeAll(file: FileHandle): (source: AsyncIterable<Uint8Array>) => Promise<void> {
  return async (source) => {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
    }
  };
}

/** Reads a stream to its end. The last step of a pipeline that only looks. */
export async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/**
 * Brings a folder's entries to the disk: without it a name may be gone after a power failure though its file is
 * there. Systems that cannot sync a folder (Windows) do it by themselves.
 */
export async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY);
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'ENOTSUP'].includes(code))
      throw folderError(dirname(path), error);
  } finally {
    await handle?.close();
  }
}

/** The error of a file system as one of ours, with what to do. */
export function folderError(path: string, cause: unknown): TidemarkError {
  if (cause instanceof TidemarkError) return cause;
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new TidemarkError(
    full ? 'disk-full' : 'backup-folder',
    full ? `there is no room left on the disk of ${path}` : `cannot use ${path}: ${message}`,
    {
      hints: [
        full
          ? 'Make room, or put the backups elsewhere with --output-dir. Nothing half-made counts as a backup.'
          : 'Check that the path is right and that you may write there.',
      ],
      cause,
    },
  );
}
