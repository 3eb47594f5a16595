import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { BackupRun } from '../../backup/events.js';
import type { Manifest } from '../../backup/manifest.js';
import { keyMissing } from '../../backup/stored-backup.js';
import type { EmbeddedUrl, PostgresUrl, SqliteUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import { isAborted } from '../../migrations/abort.js';
import { type BackupPlace, engineOf, type FoundBackup, findBackup, using } from './backup-place.js';
import { makeBackup } from './make-backup.js';

export interface RestoreBackupOptions extends BackupRun {
  /** Into a new database of this name (SQLite and embedded: at this path), the live one left alone. */
  readonly toDatabase?: string | undefined;
  /** Only these tables, beside the live ones. */
  readonly tables?: readonly string[] | undefined;
  /** Only the tables of these schemas, likewise. PostgreSQL server. */
  readonly schemas?: readonly string[] | undefined;
  /** Over the live database, in one transaction: for who may not create databases. PostgreSQL server. */
  readonly inPlace?: boolean | undefined;
  /** False: what was live before is not kept. Default true. */
  readonly keepOld?: boolean | undefined;
  /** False: no backup of what is there now is made first. Default true. */
  readonly backupFirst?: boolean | undefined;
  /** Makes roles that the server lacks, without the right to log in. PostgreSQL server. */
  readonly createRoles?: boolean | undefined;
  readonly jobs?: number | undefined;
  /** Milliseconds. Default 30,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** The place to read it from. */
  readonly from?: string | undefined;
  /** Closes this process's own sessions with the database, right before it is replaced. */
  readonly beforeSwap?: (() => Promise<void>) | undefined;
}

/** What a restore did. */
export interface RestoredBackup {
  readonly id: string;
  /** Where it was read. */
  readonly place: string;
  /** When the restored state was the live one. */
  readonly createdAt: string;
  readonly mode: 'swap' | 'new-database' | 'in-place' | 'selection';
  /** The database, file or folder that holds it now. */
  readonly database: string;
  /** What was live before, where it is kept. */
  readonly kept: string | null;
  /** The backup that was made of it first. */
  readonly before: string | null;
  /** With `tables` or `schemas`: each, as it is called now. */
  readonly tables: readonly { readonly table: string; readonly restored: string; readonly rows: number }[];
  readonly rows: number;
  /** The revisions that the restored state is at. */
  readonly heads: readonly string[];
  readonly notes: readonly string[];
  readonly durationMs: number;
}

export interface UndoneRestore {
  /** The database, file or folder that is live again. */
  readonly database: string;
  /** What was live until now. */
  readonly kept: string | null;
  readonly notes: readonly string[];
}

const LOCK_TIMEOUT_MS = 30_000;

/**
 * Brings a backup back: beside the live database, compared with its manifest, then under the live one's name. Consent is
 * the caller's affair. Throws TidemarkError: as `findBackup`, and as the engine's restore does; the live database is then
 * what it was, unless the error says otherwise.
 */
export async function restoreBackup(
  place: BackupPlace,
  text: string,
  options: RestoreBackupOptions = {},
): Promise<RestoredBackup> {
  const started = performance.now();
  // A restore that failed, or was the wrong one, left a backup of the broken state: that is not what is wanted again.
  const found = await findBackup(place, text, {
    from: options.from,
    signal: options.signal,
    toRestore: true,
  });
  const { manifest, store, backup } = found;
  if (manifest.encryption !== null && place.settings.identity === undefined)
    throw keyMissing(backup.label, manifest);
  const engine = await engineOf(place);
  if (engine.kind !== manifest.engine.kind) throw otherEngine(found, engine.kind);
  const done = await using(place, manifest.id, () => {
    const { url } = place;
    return url.adapter === 'server'
      ? intoServer(place, url, found, options)
      : intoFile(place, url, found, options);
  });
  return {
    id: manifest.id,
    place: store.name,
    createdAt: manifest.createdAt,
    rows: manifest.totals.rows,
    heads: manifest.migrations?.heads ?? [],
    durationMs: Math.round(performance.now() - started),
    ...done,
  };
}

/** Swaps back what the last restore replaced. Throws TidemarkError: `undo-impossible` (exit code 2), `locked` (4). */
export async function undoRestored(
  { url }: BackupPlace,
  { lockTimeoutMs = LOCK_TIMEOUT_MS, signal, onEvent, beforeSwap }: RestoreBackupOptions = {},
): Promise<UndoneRestore> {
  if (url.adapter === 'server') {
    const { undoRestore } = await import('../../backup/postgres/swap-undo.js');
    await beforeSwap?.();
    const { database, kept, recovered } = await undoRestore(url, { lockTimeoutMs, signal, onEvent });
    return { database, kept: kept ?? null, notes: recovered };
  }
  const run = { path: pathOf(url), lockTimeoutMs, signal, onEvent, beforeSwap };
  const undone =
    url.adapter === 'sqlite'
      ? await (await import('../../backup/sqlite/restore-sqlite.js')).undoSqlite(run)
      : await (await import('../../backup/embedded/restore-embedded.js')).undoEmbedded(run);
  return { database: undone.path, kept: undone.old ?? null, notes: [] };
}

export interface RepairedRestore {
  /** The database, file or folder. */
  readonly database: string;
  /** What was done, as sentences; none when nothing was left. */
  readonly notes: readonly string[];
}

/**
 * Finishes or rolls back what a restore left that was killed, or whose server died, and nothing else. Every restore and
 * undo does so first. Throws TidemarkError: `locked` (exit code 4).
 */
export async function repairRestored(
  { url }: BackupPlace,
  { lockTimeoutMs = LOCK_TIMEOUT_MS, signal }: RestoreBackupOptions = {},
): Promise<RepairedRestore> {
  if (url.adapter === 'server') {
    const { repairRestore } = await import('../../backup/postgres/swap-undo.js');
    const { resolveEndpoint } = await import('../../database/libpq-environment.js');
    const notes = await repairRestore(url, { lockTimeoutMs, signal });
    return { database: (await resolveEndpoint(url)).database, notes };
  }
  const database = pathOf(url);
  const { recoveredNote, recoverSqlite } = await import('../../backup/sqlite/restore-sqlite.js');
  const recovered =
    url.adapter === 'sqlite'
      ? await recoverSqlite(database)
      : await (await import('../../backup/embedded/restore-embedded.js')).recoverEmbedded(database);
  return { database, notes: recovered === 'nothing' ? [] : [recoveredNote(recovered, database)] };
}

type Done = Pick<RestoredBackup, 'mode' | 'database' | 'kept' | 'before' | 'tables' | 'notes'>;

async function intoServer(
  place: BackupPlace,
  url: PostgresUrl,
  { backup }: FoundBackup,
  options: RestoreBackupOptions,
): Promise<Done> {
  const { toDatabase, tables, schemas, inPlace, keepOld, createRoles, jobs, signal, onEvent } = options;
  const { restorePostgres } = await import('../../backup/postgres/restore-postgres.js');
  const replaces = toDatabase === undefined && (tables?.length ?? 0) + (schemas?.length ?? 0) === 0;
  // The sessions of this process would be ended by the swap.
  if (replaces) await options.beforeSwap?.();
  const restored = await restorePostgres(backup, {
    url,
    find: { folder: place.settings.clientFolder, env: place.settings.variables },
    toDatabase,
    tables,
    schemas,
    inPlace,
    keepOld,
    createRoles,
    jobs,
    createBefore:
      replaces && options.backupFirst !== false
        ? () => backupFirst(place, backup.manifest, options)
        : undefined,
    lockTimeoutMs: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    signal,
    onEvent,
  });
  return {
    mode: restored.mode,
    database: restored.database,
    kept: restored.kept ?? null,
    before: restored.before ?? null,
    tables: restored.tables.map(({ schema, name, restoredSchema, rows }) => ({
      table: `${schema}.${name}`,
      restored: `${restoredSchema}.${name}`,
      rows,
    })),
    notes: [...restored.recovered, ...restored.notes],
  };
}

async function intoFile(
  place: BackupPlace,
  url: SqliteUrl | EmbeddedUrl,
  { backup }: FoundBackup,
  options: RestoreBackupOptions,
): Promise<Done> {
  const { tables = [], schemas = [], toDatabase, signal, onEvent } = options;
  const lockTimeoutMs = options.lockTimeoutMs ?? LOCK_TIMEOUT_MS;
  if (options.inPlace === true || schemas.length > 0)
    throw unsupported(
      `a database that is a ${url.adapter === 'sqlite' ? 'file' : 'folder'} is always restored beside it`,
    );
  const live = pathOf(url);
  if (tables.length > 0) {
    const restoreTable =
      url.adapter === 'sqlite'
        ? (await import('../../backup/sqlite/restore-table.js')).restoreSqliteTable
        : (await import('../../backup/embedded/restore-table.js')).restoreEmbeddedTable;
    const copies: { table: string; restored: string; rows: number }[] = [];
    for (const table of tables) {
      const copy = await restoreTable(backup, { path: live, table, lockTimeoutMs, signal, onEvent });
      copies.push({ table, restored: copy.table, rows: copy.rows });
    }
    const notes = ['The copies are columns and rows alone, without keys, checks and triggers.'];
    return { mode: 'selection', database: live, kept: null, before: null, tables: copies, notes };
  }
  const path = toDatabase === undefined ? live : resolve(place.environment.root, toDatabase);
  const aside = path !== live;
  if (aside && existsSync(path)) {
    throw new TidemarkError('database-exists', `there is something at ${path} already`, {
      exitCode: 2,
      hints: ['Name a path where nothing is.'],
    });
  }
  const before =
    !aside && existsSync(live) && options.backupFirst !== false
      ? await backupFirst(place, backup.manifest, options)
      : null;
  const run = {
    path,
    keepOld: options.keepOld !== false,
    lockTimeoutMs,
    signal,
    onEvent,
    beforeSwap: aside ? undefined : options.beforeSwap,
  };
  const { old } =
    url.adapter === 'sqlite'
      ? await (await import('../../backup/sqlite/restore-sqlite.js')).restoreSqlite(backup, run)
      : await (await import('../../backup/embedded/restore-embedded.js')).restoreEmbedded(backup, run);
  return {
    mode: aside ? 'new-database' : 'swap',
    database: path,
    kept: old ?? null,
    before,
    tables: [],
    notes: [],
  };
}

/**
 * Backs up what a restore is about to replace: it may be the only trace of what went wrong. Encrypted as configured;
 * else as the backup that comes back, so that no plain copy comes to lie beside encrypted ones.
 */
async function backupFirst(
  place: BackupPlace,
  { encryption }: Manifest,
  { signal, onEvent }: BackupRun,
): Promise<string> {
  onEvent?.({ type: 'phase', phase: 'backing up what is there now' });
  try {
    const taken = place.settings.encryptTo.length === 0 ? encryption?.recipients : undefined;
    if (taken !== undefined) {
      onEvent?.({
        type: 'note',
        text: `What is there now is backed up encrypted to ${taken.join(', ')}, as the backup that comes back: the configuration names no recipients.`,
      });
    }
    const options = { verify: 1, encryptTo: taken, signal, onEvent } as const;
    const { id } = await makeBackup(place, options, { kind: 'pre-restore', migration: null });
    return id;
  } catch (error) {
    if (!(error instanceof TidemarkError) || isAborted(error)) throw error;
    throw new TidemarkError(
      'restore-refused',
      `what is there now could not be backed up first, and nothing was restored: ${error.message}`,
      {
        exitCode: 4,
        hints: [
          ...error.hints,
          'If it is beyond saving: --no-backup-first. What was live is kept beside all the same.',
        ],
        cause: error,
      },
    );
  }
}

function pathOf(url: SqliteUrl | EmbeddedUrl): string {
  if (url.path !== undefined) return url.path;
  throw new TidemarkError('backup-memory', 'a database in memory cannot be restored', { exitCode: 2 });
}

function otherEngine({ manifest }: FoundBackup, kind: string): TidemarkError {
  return new TidemarkError(
    'backup-engine',
    `the backup ${manifest.id} is of another kind of database: ${manifest.engine.kind}, not ${kind}`,
    { exitCode: 2, hints: ['Name a database of the same kind with --env or --url.'] },
  );
}

function unsupported(message: string): TidemarkError {
  return new TidemarkError('restore-unsupported', message, { exitCode: 2 });
}
