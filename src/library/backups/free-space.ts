import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BackupRun } from '../../backup/events.js';
import { isComplete, readReachable } from '../../backup/reachable-catalog.js';
import { openDatabase } from '../../database/open-database.js';
import { TidemarkError } from '../../errors.js';
import type { BackupPlace } from './backup-place.js';

/** What a backup will need, and what there is. Bytes. */
export interface SpaceNeeded {
  /** Of the newest backup with a fifth more; of the first one, guessed from the database's size. */
  readonly needed: number;
  readonly free: number;
  /** What the newest backup has; undefined: there is none. */
  readonly newest: number | undefined;
}

const GROWTH = 1.2;
/** What a dump of a server's database takes of its size, with indexes left out and the rest compressed. */
const DUMP_SHARE = 0.5;

/** Looks whether the next backup will fit. */
export async function spaceNeeded(place: BackupPlace, signal?: AbortSignal): Promise<SpaceNeeded> {
  const { entries } = await readReachable([place.local], place.folder, signal);
  const newest = entries.find(isComplete)?.manifest?.totals.bytes;
  const needed = Math.ceil(newest === undefined ? await firstSize(place) : newest * GROWTH);
  return { needed, free: await freeBytes(place.settings.folder), newest };
}

/**
 * Throws TidemarkError (`disk-full`) when the backup cannot fit; a note says when it will be tight. Gives the size of the
 * newest backup.
 */
export async function requireSpace(
  place: BackupPlace,
  { signal, onEvent }: BackupRun,
): Promise<number | undefined> {
  const { needed, free, newest } = await spaceNeeded(place, signal);
  if (free < needed) {
    throw new TidemarkError(
      'disk-full',
      `the backup needs about ${megabytes(needed)} and ${place.settings.folder} has ${megabytes(free)} left`,
      {
        hints: [
          'Make room ("tidemark backup prune"), or put it elsewhere with --output-dir. Nothing was begun.',
          'If it will fit all the same: --no-space-check.',
        ],
        details: { needed, free },
      },
    );
  }
  if (free < needed * 2) {
    onEvent?.({
      type: 'note',
      text: `${place.settings.folder} has ${megabytes(free)} left: room for this backup, not for the one after it.`,
    });
  }
  return newest;
}

async function firstSize({ url }: BackupPlace): Promise<number> {
  if (url.adapter !== 'server') {
    // SQLite's copy is as large as the file; an engine in a folder is compressed.
    return url.path === undefined
      ? 0
      : (await sizeOf(url.path)) * (url.adapter === 'sqlite' ? 1 : DUMP_SHARE);
  }
  const connection = await openDatabase(url, { missing: 'refuse' });
  try {
    const [row] = await connection.query<{ bytes: string }>(
      'SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes',
    );
    return Number(row?.bytes ?? 0) * DUMP_SHARE;
  } finally {
    await connection.close();
  }
}

/** Of a file, or of everything in a folder; what is not there, or goes meanwhile, has none. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Of the disk that a folder will be on: the nearest folder above that is there. */
async function freeBytes(folder: string): Promise<number> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await statfs(path).catch(() => undefined);
    if (found !== undefined) return found.bavail * found.bsize;
    if (dirname(path) === path) return Number.MAX_SAFE_INTEGER;
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000).toLocaleString('en')} MB`;
}
