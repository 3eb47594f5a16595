import { text } from 'node:stream/consumers';
import { TidemarkError } from '../errors.js';
import { MANIFEST, partKey, readKey } from './layout.js';
import type { Manifest } from './manifest.js';
import { parseManifest } from './parse-manifest.js';
import type { BackupStore } from './store/backup-store.js';

/** One backup at one place. */
export interface StoredBackup {
  readonly store: string;
  /** `incomplete`: there is no manifest, or a part of it is missing or has another size. */
  readonly state: 'complete' | 'incomplete';
  /** Why it is not complete, in words. */
  readonly problem: string | undefined;
  /** A newer Tidemark made it: this one cannot tell whether it is complete, and never sweeps it. */
  readonly newer?: true;
  readonly bytes: number;
  readonly pinned: boolean;
  readonly verified: Verified | undefined;
}

/** The best proof there is of a backup. */
export interface Verified {
  readonly level: 0 | 1 | 2 | 3 | 4;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** One backup, wherever it lies. */
export interface CatalogEntry {
  readonly id: string;
  /** Undefined where none can be read. */
  readonly manifest: Manifest | undefined;
  /** In the order of the stores asked. */
  readonly places: readonly StoredBackup[];
  readonly pinned: boolean;
  readonly verified: Verified | undefined;
}

/** What a store has of one backup, before its manifest is read. */
interface Found {
  readonly parts: Map<string, number>;
  readonly marks: Set<string>;
}

/** Codes of errors that a backup itself is to blame for. */
const OF_THE_BACKUP = /^(?:manifest-.*|object-missing|backup-name-invalid)$/;

const LEVEL = /^verified-([0-4])-(\d{8}T\d{9}Z)$/;

/**
 * Lists the backups of a database at all its places, newest first. Nothing that is not ours is looked into. Throws what
 * a store throws: half a catalog would be taken for the whole.
 *
 * @param folder the database's, as `databaseFolder` names it
 */
export async function readCatalog(
  stores: readonly BackupStore[],
  folder: string,
  signal?: AbortSignal,
): Promise<CatalogEntry[]> {
  const manifests = new Map<string, Manifest>();
  const places = new Map<string, StoredBackup[]>();
  for (const store of stores) {
    const found = await contentsOf(store, folder, signal);
    for (const [id, contents] of found) {
      const read = await manifestOf(store, folder, id, contents, signal);
      if (read.manifest !== undefined && !manifests.has(id)) manifests.set(id, read.manifest);
      const list = places.get(id) ?? [];
      list.push(placeOf(store, contents, read));
      places.set(id, list);
    }
  }
  return [...places]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([id, list]) => ({
      id,
      manifest: manifests.get(id),
      places: list,
      pinned: manifests.get(id)?.pinned === true || list.some((place) => place.pinned),
      verified: bestOf(list.map((place) => place.verified)),
    }));
}

/** The highest level; of equal ones the latest. */
export function bestOf(list: readonly (Verified | undefined)[]): Verified | undefined {
  return list
    .filter((verified) => verified !== undefined)
    .sort((a, b) => b.level - a.level || (a.at < b.at ? 1 : -1))[0];
}

async function contentsOf(
  store: BackupStore,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, Found>> {
  const found = new Map<string, Found>();
  for (const { key, bytes } of await store.list(`${folder}/`, signal)) {
    const read = readKey(folder, key);
    if (read === undefined) continue;
    const known = found.get(read.id) ?? { parts: new Map<string, number>(), marks: new Set<string>() };
    if (read.part !== undefined) known.parts.set(read.part, bytes);
    if (read.mark !== undefined) known.marks.add(read.mark);
    found.set(read.id, known);
  }
  // Marks that outlived their backup are swept, not listed.
  for (const [id, { parts }] of found) if (parts.size === 0) found.delete(id);
  return found;
}

interface ReadManifest {
  readonly manifest: Manifest | undefined;
  readonly problem: string | undefined;
  readonly newer?: boolean;
}

async function manifestOf(
  store: BackupStore,
  folder: string,
  id: string,
  { parts }: Found,
  signal: AbortSignal | undefined,
): Promise<ReadManifest> {
  if (!parts.has(MANIFEST))
    return { manifest: undefined, problem: 'it has no manifest: it was never finished' };
  const key = partKey(folder, id, MANIFEST);
  try {
    const manifest = parseManifest(await text(await store.get(key, signal)), `${store.name}: ${key}`);
    if (manifest.id !== id) return { manifest: undefined, problem: `its manifest is that of ${manifest.id}` };
    return { manifest, problem: problemOf(manifest, parts) };
  } catch (error) {
    // What says nothing of the backup (no answer, no right to read) must not make it look unfinished: it would be swept.
    if (!(error instanceof TidemarkError) || !OF_THE_BACKUP.test(error.code) || signal?.aborted) throw error;
    return { manifest: undefined, problem: error.message, newer: error.code === 'manifest-newer' };
  }
}

function problemOf(manifest: Manifest, parts: ReadonlyMap<string, number>): string | undefined {
  for (const { name, bytes } of manifest.parts) {
    const there = parts.get(name);
    if (there === undefined) return `its part ${name} is missing`;
    if (there !== bytes) return `its part ${name} has ${there} bytes, not ${bytes}`;
  }
  return undefined;
}

function placeOf(store: BackupStore, { parts, marks }: Found, read: ReadManifest): StoredBackup {
  const levels = [...marks].flatMap((mark) => {
    const [, level, time] = LEVEL.exec(mark) ?? [];
    return time === undefined ? [] : [{ level: Number(level) as Verified['level'], at: timeOf(time) }];
  });
  return {
    store: store.name,
    state: read.manifest !== undefined && read.problem === undefined ? 'complete' : 'incomplete',
    problem: read.problem,
    ...(read.newer === true ? { newer: true as const } : {}),
    bytes: [...parts.values()].reduce((sum, bytes) => sum + bytes, 0),
    pinned: marks.has('pinned'),
    verified: bestOf(levels),
  };
}

/** `20261120T143000123Z` as ISO 8601. */
function timeOf(text: string): string {
  return text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z');
}
