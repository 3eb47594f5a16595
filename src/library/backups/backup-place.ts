import { basename, isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { resolveBackupId } from '../../backup/backup-id.js';
import type { CatalogEntry, StoredBackup } from '../../backup/catalog.js';
import type { BackupEngine } from '../../backup/engine/backup-engine.js';
import type { Manifest } from '../../backup/manifest.js';
import type { OpenBackup } from '../../backup/open-backup.js';
import { databaseFolder } from '../../backup/part-name.js';
import { isPreRestore, type ReachableCatalog, readReachable } from '../../backup/reachable-catalog.js';
import type { BackupStore } from '../../backup/store/backup-store.js';
import { FolderStore } from '../../backup/store/folder-store.js';
import { storedBackup } from '../../backup/stored-backup.js';
import { useBackup } from '../../backup/use-mark.js';
import type { DatabaseUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { TidemarkError } from '../../errors.js';
import type { ResolvedEnvironment } from '../../project/environment.js';
import { backupFile } from './backup-file.js';
import {
  type BackupChoices,
  type BackupSettings,
  backupSettings,
  requireDestinations,
} from './backup-settings.js';

/** The name of the folder among the places of a backup. */
export const LOCAL = 'local';

/** The backups of one database: where they lie, and what makes and reads them. Nothing is connected yet. */
export interface BackupPlace {
  readonly environment: ResolvedEnvironment;
  readonly url: DatabaseUrl;
  readonly settings: BackupSettings;
  /** The database's own name. */
  readonly database: string;
  /** Its folder in every store. */
  readonly folder: string;
  /** The same in the local folder. Absolute. */
  readonly path: string;
  readonly local: FolderStore;
}

/** A backup at the place that it is read from. */
export interface FoundBackup {
  readonly backup: OpenBackup;
  readonly manifest: Manifest;
  readonly store: BackupStore;
  /** The folder in it. */
  readonly folder: string;
  readonly stored: StoredBackup;
}

export interface FindBackupOptions {
  /** The place; default the folder, else the first destination that has it whole. */
  readonly from?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** True: also one that is whole nowhere. */
  readonly broken?: boolean | undefined;
  /** True: `latest` is none that a restore made of what it was about to replace. */
  readonly toRestore?: boolean | undefined;
}

/** Settles where the backups of an environment's database are. Throws TidemarkError with exit code 2. */
export async function backupPlace(
  environment: ResolvedEnvironment,
  url: DatabaseUrl,
  choices: BackupChoices = {},
): Promise<BackupPlace> {
  const settings = backupSettings(environment, choices);
  const database = await databaseName(url);
  const folder = databaseFolder(database);
  return {
    environment,
    url,
    settings,
    database,
    folder,
    path: join(settings.folder, folder),
    local: new FolderStore(LOCAL, settings.folder),
  };
}

/** What backs this kind of database up. The engine's code is loaded here. */
export async function engineOf({ url, settings }: BackupPlace): Promise<BackupEngine> {
  if (url.adapter === 'server') {
    const { postgresBackup } = await import('../../backup/postgres/postgres-backup.js');
    return postgresBackup(url, { folder: settings.clientFolder, env: settings.variables });
  }
  if (url.adapter === 'sqlite') {
    const { sqliteBackup } = await import('../../backup/sqlite/sqlite-backup.js');
    return sqliteBackup(url);
  }
  const { embeddedBackup } = await import('../../backup/embedded/embedded-backup.js');
  return embeddedBackup(url);
}

/**
 * The stores of those destinations; without names all of them, the folder first. Throws TidemarkError
 * (`destination-unknown`, exit code 2).
 */
export async function storesOf(place: BackupPlace, names?: readonly string[]): Promise<BackupStore[]> {
  const { settings, local } = place;
  const remote = (names ?? Object.keys(settings.destinations)).filter((name) => name !== LOCAL);
  requireDestinations(settings, remote);
  const wantsLocal = names === undefined || names.includes(LOCAL);
  const stores = await Promise.all(remote.map((name) => openStore(place, name)));
  return [...(wantsLocal ? [local] : []), ...stores];
}

/** The names of all destinations, in the order of the configuration. */
export function destinationNames({ settings }: BackupPlace): string[] {
  return Object.keys(settings.destinations);
}

async function openStore({ settings }: BackupPlace, name: string): Promise<BackupStore> {
  const { destinations, root: folder, variables: env } = settings;
  const config = destinations[name];
  if (config === undefined) throw new Error(`requireDestinations let ${name} through`);
  const { loadStore } = await import('../../backup/store/load-store.js');
  return loadStore(name, config, { env, folder });
}

interface ReachedStores {
  readonly stores: readonly BackupStore[];
  readonly unreachable: ReachableCatalog['unreachable'];
}

/** As `storesOf`; one that was not asked for by name and lacks its credentials is only noted. */
async function reachStores(place: BackupPlace, names?: readonly string[]): Promise<ReachedStores> {
  if (names !== undefined) return { stores: await storesOf(place, names), unreachable: [] };
  const stores: BackupStore[] = [place.local];
  const unreachable: { store: string; message: string }[] = [];
  for (const name of destinationNames(place)) {
    try {
      stores.push(await openStore(place, name));
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      unreachable.push({ store: name, message: error.message });
    }
  }
  return { stores, unreachable };
}

/** The catalog of all places, as far as they can be reached. */
export async function catalogOf(
  place: BackupPlace,
  signal?: AbortSignal,
  names?: readonly string[],
): Promise<ReachableCatalog> {
  const reached = await reachStores(place, names);
  const { entries, unreachable } = await readReachable(reached.stores, place.folder, signal);
  return { entries, unreachable: [...reached.unreachable, ...unreachable] };
}

/**
 * Finds a backup by its id, the beginning of it, or `latest`, and opens it where it is whole: in the folder if it is
 * there, else at the first destination that has it. An absolute path is one of its own folder. Throws TidemarkError: `backup-unknown`, `backup-ambiguous`,
 * `backup-damaged` when it is whole nowhere.
 */
export async function findBackup(
  place: BackupPlace,
  text: string,
  { from, signal, broken = false, toRestore = false }: FindBackupOptions = {},
): Promise<FoundBackup> {
  const file = isAbsolute(text) ? await backupFile(text) : undefined;
  const reached =
    file === undefined
      ? await reachStores(place, from === undefined ? undefined : [from])
      : { stores: [file.store], unreachable: [] };
  const { stores } = reached;
  const folder = file?.folder ?? place.folder;
  const { entries, unreachable } = await readReachable(stores, folder, signal);
  const meant = toRestore && text === 'latest' ? entries.filter((entry) => !isPreRestore(entry)) : entries;
  const entry = entryOf(meant, file?.id ?? text, [...reached.unreachable, ...unreachable]);
  const { manifest } = entry;
  const stored =
    entry.places.find(({ state }) => state === 'complete') ?? (broken ? entry.places[0] : undefined);
  const store = stores.find(({ name }) => name === stored?.store);
  if (manifest === undefined || stored === undefined || store === undefined) throw nowhereWhole(entry);
  const decrypt = manifest.encryption === null ? undefined : await decryptionOf(place);
  const backup = storedBackup(store, manifest, { folder, decrypt });
  return { backup, manifest, store, folder, stored };
}

/** The entry that a text names; `latest` is the newest that is whole somewhere. */
export function entryOf(
  entries: readonly CatalogEntry[],
  text: string,
  unreachable: ReachableCatalog['unreachable'] = [],
): CatalogEntry {
  const whole = entries.filter(({ places }) => places.some(({ state }) => state === 'complete'));
  try {
    const id = resolveBackupId(
      (text === 'latest' ? whole : entries).map((entry) => entry.id),
      text,
    );
    const found = entries.find((entry) => entry.id === id);
    if (found !== undefined) return found;
  } catch (error) {
    if (!(error instanceof TidemarkError) || unreachable.length === 0) throw error;
    throw new TidemarkError(error.code, error.message, {
      exitCode: error.exitCode,
      hints: [
        ...error.hints,
        ...unreachable.map(({ message }) => `Not all places could be asked: ${message}.`),
      ],
    });
  }
  throw new TidemarkError('backup-unknown', `there is no backup "${text}"`, { exitCode: 2 });
}

/** Keeps a backup from being pruned from this folder while `work` reads or writes it. */
export async function using<T>({ path }: BackupPlace, id: string, work: () => Promise<T>): Promise<T> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(path)) return work();
  const use = await useBackup(path, id);
  try {
    return await work();
  } finally {
    await use.release();
  }
}

async function decryptionOf({ settings }: BackupPlace): Promise<((kept: Readable) => Readable) | undefined> {
  if (settings.identity === undefined) return undefined;
  const { decryptionWith } = await import('../../backup/encryption.js');
  return decryptionWith(settings.identity);
}

/** The database's name, or the file's or folder's of an embedded one. Throws TidemarkError (`backup-memory`). */
async function databaseName(url: DatabaseUrl): Promise<string> {
  if (url.adapter === 'server') return (await resolveEndpoint(url)).database;
  if (url.path !== undefined) return basename(url.path);
  throw new TidemarkError('backup-memory', 'a database in memory cannot be backed up', { exitCode: 2 });
}

function nowhereWhole({ id, places }: CatalogEntry): TidemarkError {
  const reasons = places.map(({ store, problem }) => `${store}: ${problem ?? 'no manifest'}`).join('; ');
  return new TidemarkError('backup-damaged', `the backup ${id} is whole nowhere (${reasons})`, {
    hints: ['Use another one: "tidemark backup list" shows which are whole.'],
  });
}
