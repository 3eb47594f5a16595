import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { beside, lockRestores, removeAll } from '../../backup/restore-file.js';
import { folderError } from '../../backup/safe-files.js';
import type { DatabaseUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';

/** A database that was live until a restore, or its undoing, took its place. Nobody removes it but you. */
export interface KeptDatabase {
  /** The database, or the path of the file or folder. */
  readonly name: string;
  /** When it was put aside; null for a file or folder, which does not say. */
  readonly at: string | null;
  /** The backup that took its place; null where that is not known. */
  readonly backup: string | null;
  /** Null where it is not known: a folder, or a database that this role may not see. */
  readonly bytes: number | null;
}

export interface KeptDatabases {
  readonly kept: readonly KeptDatabase[];
  /** What restores that are at work, or were killed, have beside the live one. */
  readonly halfMade: readonly string[];
}

/**
 * What restores keep beside the live database. Undefined where the server cannot be asked; never throws for that. A
 * database in memory keeps nothing.
 */
export async function keptDatabases(url: DatabaseUrl): Promise<KeptDatabases | undefined> {
  if (url.adapter !== 'server') return url.path === undefined ? NOTHING : keptFiles(resolve(url.path));
  const { listKept } = await import('../../backup/postgres/swap-undo.js');
  try {
    const { kept, leftovers } = await listKept(url);
    return { kept: kept.map((one) => ({ ...one, bytes: one.bytes ?? null })), halfMade: leftovers };
  } catch (error) {
    if (error instanceof TidemarkError) return undefined;
    throw error;
  }
}

export interface DroppedDatabase {
  /** As `keptDatabases` names it. */
  readonly dropped: string;
}

/**
 * Removes one that a restore kept, for good: by its name, for a file or folder also by its path. Nothing else can be
 * removed so. Throws TidemarkError: `kept-unknown` (exit code 2), `locked` (4).
 */
export async function dropKeptDatabase(
  url: DatabaseUrl,
  name: string,
  options: { readonly lockTimeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<DroppedDatabase> {
  if (url.adapter === 'server') {
    const { dropKept } = await import('../../backup/postgres/swap-undo.js');
    const { lockTimeoutMs = LOCK_TIMEOUT_MS, signal } = options;
    await dropKept(url, name, { lockTimeoutMs, signal });
    return { dropped: name };
  }
  const live = url.path === undefined ? undefined : resolve(url.path);
  const { kept } = live === undefined ? NOTHING : await keptFiles(live);
  const found = kept.find((one) => one.name === name || basename(one.name) === name);
  if (live === undefined || found === undefined) {
    throw new TidemarkError('kept-unknown', `"${name}" is nothing that a restore kept`, {
      exitCode: 2,
      hints: [
        kept.length === 0
          ? 'Nothing is kept.'
          : `Kept are ${kept.map((one) => `"${basename(one.name)}"`).join(', ')}.`,
      ],
    });
  }
  const release = lockRestores(live);
  try {
    await removeAll(found.name, url.adapter === 'sqlite' ? ['-wal', '-shm', '-journal'] : []);
  } catch (error) {
    throw folderError(found.name, error);
  } finally {
    release();
  }
  return { dropped: found.name };
}

const LOCK_TIMEOUT_MS = 30_000;

const NOTHING: KeptDatabases = { kept: [], halfMade: [] };

/** The names that `restore-file.ts` gives; those of a log beside a file are none of their own. */
const NAME = /^\.(before-restore|undone|restoring)-(\d{8}T\d{9}Z-[0-9a-z]+)(?:-\d+)?$/;

async function keptFiles(live: string): Promise<KeptDatabases> {
  const kept: KeptDatabase[] = [];
  const halfMade: string[] = [];
  const name = basename(live);
  for (const found of (await readdir(dirname(live)).catch(() => [])).sort().reverse()) {
    const [, kind, backup = ''] = (found.startsWith(name) && NAME.exec(found.slice(name.length))) || [];
    if (kind === undefined) continue;
    const path = beside(live, found);
    const there = await stat(path).catch(() => undefined);
    if (there === undefined) continue;
    if (kind === 'restoring') halfMade.push(path);
    else kept.push({ name: path, at: null, backup, bytes: there.isFile() ? there.size : null });
  }
  return { kept, halfMade };
}
