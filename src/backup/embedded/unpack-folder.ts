import { mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { isLock } from '../../database/embedded-folder.js';
import { readTar } from '../../database/tar.js';
import { createFile, FOLDER_MODE, syncFolder } from '../safe-files.js';

const VERSION = 'PG_VERSION';

/**
 * Unpacks the tar of a data folder into a new folder. The lock of whoever had it open is left out, and PG_VERSION,
 * which makes a folder a database, comes last. Throws for a name that leads out of the folder.
 */
export async function unpackFolder(tar: Buffer, path: string): Promise<void> {
  await mkdir(path, { mode: FOLDER_MODE });
  let version: Buffer | undefined;
  for (const { name, folder, data } of readTar(tar)) {
    if (name === '' || name === '.' || isLock(name)) continue;
    const target = join(path, name);
    if (!target.startsWith(`${path}${sep}`))
      throw new Error(`${JSON.stringify(name)} leads out of the folder`);
    if (name === VERSION) version = data;
    else if (folder) await mkdir(target, { recursive: true, mode: FOLDER_MODE });
    else await writeNew(target, data);
  }
  if (version === undefined) throw new Error('there is no PG_VERSION in it');
  await writeNew(join(path, VERSION), version);
}

async function writeNew(path: string, data: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const file = await createFile(path);
  try {
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

/** Brings a folder with everything in it to the disk: the embedded engine itself does not. */
export async function syncTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) await syncTree(inner);
    else if (entry.isFile()) {
      const file = await open(inner, 'r+');
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
  }
  await syncFolder(path);
}
