import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { slugOf } from '../migrations/file-naming.js';
import { nextVersion } from '../migrations/version.js';
import { placeNew, removeLeftovers, stageFile } from '../migrations/write-files.js';
import {
  formatSnapshot,
  parseSnapshot,
  type Snapshot,
  type SnapshotFacts,
  type SnapshotSubject,
} from './snapshot-file.js';

const FILE = /^(\d{14,})_.*\.sql$/;

/**
 * Writes a snapshot under a name that comes after all that are there, whatever the clock says. Nothing is overwritten:
 * undefined when somebody else has taken the name in this moment.
 *
 * @param title what the file is called after its time
 */
export async function writeSnapshot(
  folder: string,
  title: string,
  facts: SnapshotFacts,
  sql: string,
): Promise<Snapshot | undefined> {
  try {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder);
    const newest = (await snapshotFiles(folder))[0];
    const version = nextVersion(
      newest === undefined ? undefined : versionOf(newest),
      new Date(facts.takenAt),
    );
    const file = `${version}_${slugOf(title) || 'snapshot'}.sql`;
    const staged = await stageFile(folder, file, formatSnapshot(facts, sql));
    try {
      await placeNew(folder, staged);
    } catch (error) {
      if (error instanceof TidemarkError && error.code === 'migration-exists') return undefined;
      throw error;
    } finally {
      await rm(staged.temporary, { force: true });
    }
    return { ...facts, file, sql };
  } catch (error) {
    const message = `no snapshot could be written into ${folder}: ${(error as Error).message}`;
    throw new TidemarkError('snapshot-not-written', message, {
      hints: ['Nothing was written. Check that the folder can be written to, and that there is room.'],
      cause: error,
    });
  }
}

/**
 * The newest snapshot of an environment's database; undefined without one. Throws TidemarkError: `snapshot-damaged`
 * for one that is newer and cannot be read, `snapshot-newer`.
 */
export async function newestSnapshot(
  folder: string,
  { environment, database }: SnapshotSubject,
): Promise<Snapshot | undefined> {
  for (const file of await snapshotFiles(folder)) {
    const path = join(folder, file);
    const snapshot = parseSnapshot(await readFile(path, 'utf8'), file, path);
    if (snapshot.environment === environment && snapshot.database === database) return snapshot;
  }
  return undefined;
}

/** The names of the files that are snapshots, newest first. */
async function snapshotFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => FILE.test(name));
  return files.sort((a, b) => {
    const order = versionOf(b).length - versionOf(a).length;
    return order !== 0 ? order : b < a ? -1 : 1;
  });
}

function versionOf(file: string): string {
  return FILE.exec(file)?.[1] ?? '';
}
