import { type BackupStatus, backupStatus } from '../../backup/backup-status.js';
import type { CatalogEntry, StoredBackup, Verified } from '../../backup/catalog.js';
import { unfinishedBackups } from '../../backup/leftovers.js';
import type { Manifest } from '../../backup/manifest.js';
import { isComplete } from '../../backup/reachable-catalog.js';
import { type BackupPlace, catalogOf, entryOf, storesOf } from './backup-place.js';
import { type KeptDatabase, keptDatabases } from './kept-databases.js';

/** One backup in a list, wherever it lies. */
export interface ListedBackup {
  readonly id: string;
  /** `incomplete`: whole nowhere; `running`: being made right now. */
  readonly state: 'complete' | 'incomplete' | 'running';
  /** Why it is not complete; null when it is. */
  readonly problem: string | null;
  /** Null where no manifest can be read. */
  readonly createdAt: string | null;
  readonly bytes: number | null;
  readonly tables: number | null;
  readonly rows: number | null;
  readonly encrypted: boolean | null;
  readonly trigger: string | null;
  readonly tags: readonly string[];
  /** The revisions that the database was at. */
  readonly heads: readonly string[];
  readonly pinned: boolean;
  readonly verified: Verified | null;
  readonly places: readonly PlaceOfBackup[];
}

export interface PlaceOfBackup {
  readonly place: string;
  readonly state: 'complete' | 'incomplete';
  readonly problem: string | null;
  readonly bytes: number;
  readonly pinned: boolean;
  readonly verified: Verified | null;
}

export interface BackupList {
  readonly database: string;
  /** The folder of backups. */
  readonly folder: string;
  /** Newest first. */
  readonly backups: readonly ListedBackup[];
  /** How many there are, those beyond the limit included. */
  readonly total: number;
  readonly unreachable: readonly { readonly place: string; readonly message: string }[];
}

export interface ListOptions {
  /** At most so many; default all. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The backups of all places, newest first. */
export async function listBackups(
  place: BackupPlace,
  { limit, signal }: ListOptions = {},
): Promise<BackupList> {
  const { entries, unreachable } = await catalogOf(place, signal);
  const unfinished = await unfinishedBackups(place.path);
  const backups = [
    ...entries.map(listed),
    ...unfinished.map(({ id, running }) =>
      withoutManifest(
        id,
        running ? 'running' : 'incomplete',
        running ? null : 'its process ended before it was finished',
      ),
    ),
  ].sort((a, b) => (a.id < b.id ? 1 : -1));
  return {
    database: place.database,
    folder: place.settings.folder,
    backups: limit === undefined ? backups : backups.slice(0, limit),
    total: backups.length,
    unreachable: unreachable.map(({ store, message }) => ({ place: store, message })),
  };
}

export interface ShownBackup extends ListedBackup {
  /** All that the backup says of itself; null where it cannot be read. */
  readonly manifest: Manifest | null;
}

/** All about one backup. Throws TidemarkError: `backup-unknown`, `backup-ambiguous` (exit code 2). */
export async function showBackup(
  place: BackupPlace,
  text: string,
  signal?: AbortSignal,
): Promise<ShownBackup> {
  const { entries, unreachable } = await catalogOf(place, signal);
  const entry = entryOf(entries, text, unreachable);
  return { ...listed(entry), manifest: entry.manifest ?? null };
}

export interface BackupStatusReport extends BackupStatus {
  readonly database: string;
  readonly folder: string;
  /** What restores put aside and nobody removed; null where that was not asked for, or the server does not answer. */
  readonly kept: readonly KeptDatabase[] | null;
  /** What restores that are at work, or were killed, have beside the live one. */
  readonly halfRestored: readonly string[];
  readonly unreachable: readonly { readonly place: string; readonly message: string }[];
}

export interface StatusOptions {
  /** Also what restores put aside. A server is asked for it, so that this may take as long as its answer. */
  readonly kept?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly now?: Date | undefined;
}

/** The verdict on the backups of a database: is the newest as young as the interval promises? */
export async function statusOfBackups(
  place: BackupPlace,
  { kept = false, signal, now = new Date() }: StatusOptions = {},
): Promise<BackupStatusReport> {
  const { entries, unreachable } = await catalogOf(place, signal);
  const unfinished = await unfinishedBackups(place.path);
  const beside = kept ? await keptDatabases(place.url) : undefined;
  return {
    database: place.database,
    folder: place.settings.folder,
    kept: beside?.kept ?? null,
    halfRestored: beside?.halfMade ?? [],
    ...backupStatus(entries, unfinished, place.settings.rhythm, now),
    unreachable: unreachable.map(({ store, message }) => ({ place: store, message })),
  };
}

export interface PinnedBackup {
  readonly id: string;
  readonly pinned: boolean;
  /** Where it was noted. */
  readonly places: readonly string[];
}

/**
 * Pins a backup, or takes the pin off, wherever it lies. Throws TidemarkError: `backup-unknown`; `pin-permanent` (exit
 * code 4) for one that was made with a pin.
 */
export async function setPin(
  place: BackupPlace,
  text: string,
  pinned: boolean,
  signal?: AbortSignal,
): Promise<PinnedBackup> {
  const { pin, unpin } = await import('../../backup/marks.js');
  const stores = await storesOf(place);
  const { readCatalog } = await import('../../backup/catalog.js');
  const entry = entryOf(await readCatalog(stores, place.folder, signal), text);
  if (!pinned && entry.manifest?.pinned === true) {
    const { TidemarkError } = await import('../../errors.js');
    throw new TidemarkError('pin-permanent', `${entry.id} was made with a pin, which is part of the backup`, {
      exitCode: 4,
      hints: [
        'Only backups that were pinned later can be unpinned; this one stays until somebody removes its folder.',
      ],
    });
  }
  const names = new Set(entry.places.map(({ store }) => store));
  for (const store of stores.filter(({ name }) => names.has(name))) {
    await (pinned ? pin : unpin)(store, place.folder, entry.id);
  }
  return { id: entry.id, pinned, places: [...names] };
}

function listed(entry: CatalogEntry): ListedBackup {
  const { id, manifest, places, pinned, verified } = entry;
  const complete = isComplete(entry);
  return {
    id,
    state: complete ? 'complete' : 'incomplete',
    problem: complete ? null : (places[0]?.problem ?? null),
    createdAt: manifest?.createdAt ?? null,
    bytes: manifest?.totals.bytes ?? null,
    tables: manifest?.totals.tables ?? null,
    rows: manifest?.totals.rows ?? null,
    encrypted: manifest === undefined ? null : manifest.encryption !== null,
    trigger: manifest?.trigger.kind ?? null,
    tags: manifest?.tags ?? [],
    heads: manifest?.migrations?.heads ?? [],
    pinned,
    verified: verified ?? null,
    places: places.map(placeOf),
  };
}

function withoutManifest(id: string, state: 'running' | 'incomplete', problem: string | null): ListedBackup {
  return {
    id,
    state,
    problem,
    createdAt: null,
    bytes: null,
    tables: null,
    rows: null,
    encrypted: null,
    trigger: null,
    tags: [],
    heads: [],
    pinned: false,
    verified: null,
    places: [],
  };
}

function placeOf({ store, state, problem, bytes, pinned, verified }: StoredBackup): PlaceOfBackup {
  return { place: store, state, problem: problem ?? null, bytes, pinned, verified: verified ?? null };
}
