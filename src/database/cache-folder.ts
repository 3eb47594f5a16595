import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Entries nobody read for so long, and the oldest ones beyond so many bytes, are deleted. */
const KEPT_DAYS = 30;
const KEPT_BYTES = 512 * 1024 * 1024;

const DAY = 24 * 60 * 60 * 1000;
const DIGEST_BYTES = 32;
const SUFFIX = '.entry';
const TEMPORARY = '.tmp';

/**
 * Reads what `writeEntry` kept under a key. Undefined when there is nothing, or when it is damaged: each
 * entry ends in the SHA-256 of its content, and one that does not fit is deleted.
 */
export async function readEntry(key: string): Promise<Buffer | undefined> {
  const folder = await cacheFolder();
  if (folder === undefined) return undefined;
  const path = entryPath(folder, key);
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  const data = bytes.subarray(0, Math.max(0, bytes.length - DIGEST_BYTES));
  if (!digest(data).equals(bytes.subarray(data.length))) {
    await rm(path, { force: true }).catch(() => {});
    return undefined;
  }
  await markAsRead(path).catch(() => {});
  return data;
}

/** Keeps data under a key, whole or not at all. Never throws: the cache only saves time. */
export async function writeEntry(key: string, data: Uint8Array): Promise<void> {
  const folder = await cacheFolder();
  if (folder === undefined) return;
  const path = entryPath(folder, key);
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}${TEMPORARY}`;
  try {
    await writeFile(temporary, [data, digest(data)], { mode: 0o600, flag: 'wx' });
    await rename(temporary, path);
    await prune(folder, Date.now());
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Forgets an entry. */
export async function removeEntry(key: string): Promise<void> {
  const folder = await cacheFolder();
  if (folder !== undefined) await rm(entryPath(folder, key), { force: true }).catch(() => {});
}

/**
 * The folder the cache lives in, made if need be: TIDEMARK_CACHE_DIR, or the user's cache folder, or one of
 * the user's own in the temporary folder; undefined when none of them can be written.
 */
export async function cacheFolder(): Promise<string | undefined> {
  for (const folder of [wantedFolder(), join(tmpdir(), `tidemark-cache-${process.getuid?.() ?? 'user'}`)]) {
    if (folder !== undefined && (await isOurs(folder))) return folder;
  }
  return undefined;
}

function wantedFolder(): string | undefined {
  const { TIDEMARK_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (TIDEMARK_CACHE_DIR) return TIDEMARK_CACHE_DIR;
  try {
    if (process.platform === 'win32')
      return join(LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'tidemark', 'cache');
    if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'tidemark');
    return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark');
  } catch {
    return undefined; // A user without a home.
  }
}

/** A folder of somebody else's could be filled by them: what is in it would be run as the engine's data. */
async function isOurs(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const info = await stat(folder);
    const link = await lstat(folder);
    return process.getuid === undefined || (info.uid === process.getuid() && link.uid === info.uid);
  } catch {
    return false;
  }
}

function entryPath(folder: string, key: string): string {
  const name = /^[a-z0-9][a-z0-9._-]{0,120}$/.test(key) ? key : digest(Buffer.from(key)).toString('hex');
  return join(folder, name + SUFFIX);
}

function digest(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

/** The time of change is the time of the last use: what `prune` goes by. Once a day is enough. */
async function markAsRead(path: string): Promise<void> {
  const now = Date.now();
  if (now - (await stat(path)).mtimeMs > DAY) await utimes(path, now / 1000, now / 1000);
}

/** Deletes old entries, the least used beyond the limit, and what killed writers left. */
export async function prune(folder: string, now: number): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder))
      .filter((name) => name.endsWith(SUFFIX) || name.endsWith(TEMPORARY))
      .map(async (name) => {
        const path = join(folder, name);
        const info = await stat(path).catch(() => undefined);
        return {
          path,
          size: info?.size ?? 0,
          age: now - (info?.mtimeMs ?? now),
          temporary: name.endsWith(TEMPORARY),
        };
      }),
  );
  let bytes = 0;
  for (const file of files.sort((a, b) => a.age - b.age)) {
    bytes += file.size;
    const tooOld = file.age > (file.temporary ? DAY : KEPT_DAYS * DAY);
    if (tooOld || bytes > KEPT_BYTES) await rm(file.path, { force: true }).catch(() => {});
  }
}
