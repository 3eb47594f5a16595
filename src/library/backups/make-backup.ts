import { type CreatedBackup, createBackup } from '../../backup/create-backup.js';
import type { BackupEngine } from '../../backup/engine/backup-engine.js';
import type { BackupRun } from '../../backup/events.js';
import { type HookFacts, type HookRun, ping, runHook } from '../../backup/hooks.js';
import type { BackupTrigger } from '../../backup/manifest.js';
import { noteVerified, pin } from '../../backup/marks.js';
import { removeBackup } from '../../backup/prune-backups.js';
import { sendBackup } from '../../backup/send-backup.js';
import type { BackupStore } from '../../backup/store/backup-store.js';
import type { VerifyLevel } from '../../backup/verify-backup.js';
import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { aborted, isAborted, requireNotAborted } from '../../migrations/abort.js';
import { writeNumbers } from './backup-numbers.js';
import { type BackupPlace, engineOf, LOCAL, storesOf, using } from './backup-place.js';
import { requireSpace } from './free-space.js';
import { verifyAt } from './verify-backups.js';

export interface MakeOptions extends BackupRun {
  /** True: to all destinations; or to those of these names. Default: none. */
  readonly upload?: boolean | readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly pin?: boolean | undefined;
  /** How far it is proven before it counts. Default: as configured. */
  readonly verify?: VerifyLevel | undefined;
  readonly encryptTo?: readonly string[] | undefined;
  readonly excludeTableData?: readonly string[] | undefined;
  readonly jobs?: number | undefined;
  /** Milliseconds. Default 10,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** False: begin although the disk looks too small. */
  readonly spaceCheck?: boolean | undefined;
}

/** What makes a backup of a schedule or a migration what it is. */
export interface MakeCause {
  readonly kind: BackupTrigger;
  readonly migration: string | null;
  /** Failed attempts before this one, for the numbers. */
  readonly failures?: number | undefined;
  /** The session that holds the migration lock, and goes on holding it. */
  readonly lockHolder?: Connection | undefined;
}

/** A backup that was made, proven and sent. */
export interface MadeBackup {
  readonly id: string;
  readonly database: string;
  /** Its folder. */
  readonly path: string;
  readonly createdAt: string;
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  readonly durationMs: number;
  readonly verified: VerifyLevel;
  readonly pinned: boolean;
  readonly tags: readonly string[];
  readonly encrypted: boolean;
  /** The revisions that the database was at. */
  readonly heads: readonly string[];
  readonly sent: readonly { readonly place: string; readonly bytes: number }[];
}

const LOCK_TIMEOUT_MS = 10_000;

/**
 * Makes a backup, proves it, and sends it where it is wanted; hooks, health check and numbers around it. Throws
 * TidemarkError: what the engine throws; `disk-full` before anything is begun; `backup-damaged`, and what was written is
 * gone; `backup-unproven`, `upload-failed`, and it stays where it is whole.
 */
export async function makeBackup(
  place: BackupPlace,
  options: MakeOptions = {},
  cause: MakeCause = { kind: 'manual', migration: null },
): Promise<MadeBackup> {
  const { settings, database } = place;
  const { signal, onEvent } = options;
  const started = performance.now();
  const hookRun: HookRun = { cwd: place.environment.root, env: settings.variables, signal };
  const told = (problem: string | undefined) => {
    if (problem !== undefined) onEvent?.({ type: 'note', text: `${problem}.` });
  };
  requireNotAborted(signal);
  const stores = await storesOf(place, destinationsOf(place, options.upload));
  told(await ping(settings.ping, 'start', signal));
  told(await runHook(settings.hooks, 'before', { database }, hookRun));
  try {
    const made = await madeAndSent(place, options, cause, stores, started);
    const { id, path, bytes, rows, durationMs } = made;
    told(await runHook(settings.hooks, 'after', { database, id, path, bytes, rows, durationMs }, hookRun));
    told(await ping(settings.ping, 'success', signal));
    told(await writeNumbers(place, { failures: 0, durationMs }));
    return made;
  } catch (error) {
    const facts: HookFacts = { database, error: (error as Error).message };
    // What was given up is told all the same, by children that the signal does not end.
    told(await runHook(settings.hooks, 'failed', facts, { ...hookRun, signal: undefined }));
    told(await ping(settings.ping, 'fail'));
    told(await writeNumbers(place, { failures: (cause.failures ?? 0) + 1, failedAt: new Date() }));
    throw signal?.aborted && !isAborted(error) ? aborted(signal, 'the backup was given up') : error;
  }
}

async function madeAndSent(
  place: BackupPlace,
  options: MakeOptions,
  cause: MakeCause,
  stores: readonly BackupStore[],
  started: number,
): Promise<MadeBackup> {
  const { settings, database } = place;
  const { signal, onEvent } = options;
  const engine = await engineOf(place);
  const expectedBytes = options.spaceCheck === false ? undefined : await requireSpace(place, options);
  const recipients = options.encryptTo ?? settings.encryptTo;
  const encryption = recipients.length === 0 ? undefined : await encryptionFor(recipients);
  const created = await createBackup(engine, {
    root: settings.folder,
    database,
    trigger: { kind: cause.kind, migration: cause.migration },
    tags: options.tags ?? [],
    // Noted beside it instead, so that the pin can be taken off again.
    pinned: false,
    encryption,
    expectedBytes,
    jobs: options.jobs ?? settings.jobs,
    excludeTableData: options.excludeTableData ?? settings.excludeTableData,
    lockTimeoutMs: options.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
    lockHolder: cause.lockHolder,
    signal,
    onEvent,
  });
  const { manifest, path } = created;
  return using(place, manifest.id, async () => {
    if (options.pin === true) await pin(place.local, place.folder, manifest.id);
    const verified = await prove(place, engine, created, options);
    const sent = await sendTo(place, created, stores, options);
    return {
      id: manifest.id,
      database,
      path,
      createdAt: manifest.createdAt,
      bytes: manifest.totals.bytes,
      tables: manifest.totals.tables,
      rows: manifest.totals.rows,
      durationMs: Math.round(performance.now() - started),
      verified,
      pinned: options.pin === true,
      tags: manifest.tags,
      encrypted: manifest.encryption !== null,
      heads: manifest.migrations?.heads ?? [],
      sent,
    };
  });
}

/** The destinations that are meant; never the folder, which has it already. */
export function destinationsOf(
  { settings }: BackupPlace,
  upload: boolean | readonly string[] | undefined,
): readonly string[] {
  const all = Object.keys(settings.destinations);
  if (upload === undefined || upload === false) return [];
  if (upload !== true) return [...new Set(upload)].filter((name) => name !== LOCAL);
  if (all.length > 0) return all;
  throw new TidemarkError('destination-unknown', 'there is no destination to upload to', {
    exitCode: 2,
    hints: ['Add one to `destinations` under `backup` in the configuration.'],
  });
}

async function encryptionFor(recipients: readonly string[]) {
  const { encryptionTo } = await import('../../backup/encryption.js');
  return encryptionTo(recipients);
}

/** Proves what was just written. A backup whose bytes are wrong is removed: it must not pass for the newest good one. */
async function prove(
  place: BackupPlace,
  engine: BackupEngine,
  { manifest }: CreatedBackup,
  options: MakeOptions,
): Promise<VerifyLevel> {
  const asked = options.verify ?? place.settings.verify;
  // The machine that makes encrypted backups need not be able to open them.
  const blind = manifest.encryption !== null && place.settings.identity === undefined && asked > 1;
  if (blind) {
    options.onEvent?.({
      type: 'note',
      text: `It is encrypted and there is no identity here to open it: proven by its hashes alone (level 1, not ${asked}).`,
    });
  }
  const level: VerifyLevel = blind ? 1 : asked;
  const { problems, damaged, ok, passed } = await verifyAt(place, engine, manifest.id, {
    ...options,
    level,
    from: LOCAL,
  });
  if (ok) return level;
  const what = problems.join('; ');
  if (damaged) {
    await removeBackup(place.local, place.folder, manifest.id);
    throw new TidemarkError(
      'backup-damaged',
      `what was written is not what was read, and was removed: ${what}`,
      {
        hints: ['Look at the disk of the folder of backups. Backups before this one are as they were.'],
      },
    );
  }
  throw new TidemarkError(
    'backup-unproven',
    `the backup ${manifest.id} is there, but does not pass level ${level}: ${what}`,
    {
      hints: [`"tidemark backup verify ${manifest.id} --level ${level}" tries it again.`],
      details: { id: manifest.id, passed, problems },
    },
  );
}

async function sendTo(
  place: BackupPlace,
  { manifest }: CreatedBackup,
  stores: readonly BackupStore[],
  { signal, onEvent, ...options }: MakeOptions,
): Promise<{ place: string; bytes: number }[]> {
  const sent: { place: string; bytes: number }[] = [];
  const failed: { place: string; code: string; message: string }[] = [];
  for (const store of stores) {
    try {
      onEvent?.({ type: 'phase', phase: `sending to ${store.name}` });
      const { bytes } = await sendBackup(place.local, store, place.folder, manifest, { signal, onEvent });
      if (options.pin === true) await pin(store, place.folder, manifest.id);
      // Every byte was read back.
      await noteVerified(store, place.folder, manifest.id, { level: 1, at: new Date().toISOString() }, {});
      sent.push({ place: store.name, bytes });
    } catch (error) {
      if (signal?.aborted || !(error instanceof TidemarkError)) throw error;
      failed.push({ place: store.name, code: error.code, message: error.message });
    }
  }
  if (failed.length === 0) return sent;
  throw new TidemarkError(
    'upload-failed',
    `the backup ${manifest.id} is whole in its folder, but not at ${failed.map((one) => one.place).join(', ')}: ${failed.map(({ message }) => message).join('; ')}`,
    {
      hints: [`Send it again, from where it stopped: tidemark backup push ${manifest.id}`],
      details: { id: manifest.id, sent, failed },
    },
  );
}
