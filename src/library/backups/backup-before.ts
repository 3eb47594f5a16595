import { statSync } from 'node:fs';
import type { BackupRun } from '../../backup/events.js';
import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import type { BeginningRun } from '../../migrations/migrate-options.js';
import type { BackupPlace } from './backup-place.js';
import type { MadeBackup, MakeOptions } from './make-backup.js';
import type { RestoredBackup } from './restore-backup.js';

/** How the backup before a run is made, and what happens when the run fails. */
export interface BackupBefore {
  readonly place: BackupPlace;
  /** The session that the run works with. */
  readonly session: Connection;
  readonly make?: Pick<MakeOptions, 'upload' | 'verify' | 'tags'> | undefined;
  /** Restore it when the run fails and has changed something. That is the caller's consent. */
  readonly restoreOnFailure?: boolean | undefined;
  /** Ends every session of this process with the database; called before it is restored. */
  readonly closeSessions: () => Promise<void>;
  /** What else the command that restores it needs: `--env production`. */
  readonly flags?: string | undefined;
  readonly run: BackupRun;
  readonly lockTimeoutMs?: number | undefined;
}

/** A result, and the backup that was made before. */
export interface WithBackup<Result> {
  readonly result: Result;
  /** Undefined where there was nothing to run, or nothing to back up. */
  readonly backup: MadeBackup | undefined;
}

/**
 * Runs migrations with a backup before the first of them, made while the run holds the migration lock. When they fail,
 * the error says the way back; with `restoreOnFailure` it is taken, unless the failed run left the database as it was.
 * Throws what `work` and `makeBackup` throw; `restore-impossible` (exit code 2) before anything is begun.
 */
export async function withBackupBefore<Result>(
  before: BackupBefore,
  work: (beforeFirst: (run: BeginningRun) => Promise<string | undefined>) => Promise<Result>,
): Promise<WithBackup<Result>> {
  requireRestorable(before);
  let made: MadeBackup | undefined;
  let first: BeginningRun['steps'][number] | undefined;
  try {
    const result = await work(async (run) => {
      first = run.steps[0];
      if (isEmptyFile(before.place)) return undefined;
      const { makeBackup } = await import('./make-backup.js');
      const { place, session: lockHolder, make, lockTimeoutMs } = before;
      const cause = { kind: 'pre-migration', migration: run.last, lockHolder } as const;
      made = await makeBackup(place, { ...make, ...before.run, lockTimeoutMs }, cause);
      return made.id;
    });
    return { result, backup: made };
  } catch (error) {
    if (made === undefined || !(error instanceof TidemarkError)) throw error;
    throw await withWayBack(before, made, error, leftAsItWas(error, first?.mode));
  }
}

/**
 * Makes a backup through a session that is not at work, which holds the migration lock meanwhile. Gives its id. Throws
 * TidemarkError as `makeBackup` does.
 */
export async function backupThrough(
  place: BackupPlace,
  session: Connection,
  kind: 'detect',
  { lockTimeoutMs = 10_000, ...run }: BackupRun & { readonly lockTimeoutMs?: number | undefined },
): Promise<string> {
  const { makeBackup } = await import('./make-backup.js');
  const engine = await migrationEngine(session);
  const waiting = { type: 'phase', phase: 'waiting for a migration or another backup to end' } as const;
  const release = await engine.lock(lockTimeoutMs, () => run.onEvent?.(waiting), run.signal);
  try {
    const { id } = await makeBackup(
      place,
      { ...run, lockTimeoutMs },
      { kind, migration: null, lockHolder: session },
    );
    return id;
  } finally {
    await release();
  }
}

function requireRestorable({ place, restoreOnFailure }: BackupBefore): void {
  const { encryptTo, identity } = place.settings;
  if (restoreOnFailure !== true || encryptTo.length === 0 || identity !== undefined) return;
  throw new TidemarkError(
    'restore-impossible',
    'the backup would be encrypted and there is no identity here to open it, so it could not be restored',
    {
      exitCode: 2,
      hints: ['Name the identity with TIDEMARK_AGE_IDENTITY, or leave --restore-on-failure out.'],
    },
  );
}

/** A file that SQLite has made and nobody has written to holds nothing that could be kept. */
function isEmptyFile({ url }: BackupPlace): boolean {
  if (url.adapter !== 'sqlite' || url.path === undefined) return false;
  return [url.path, `${url.path}-wal`].every(
    (path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0,
  );
}

/** Whether a failed run is known to have changed nothing but the log: its first migration failed, in one transaction. */
function leftAsItWas(
  { code, details }: TidemarkError,
  mode: 'transaction' | 'resumable' | undefined,
): boolean {
  const rolledBack = code === 'migration-failed' || code === 'aborted';
  return rolledBack && mode === 'transaction' && details.migrationsDone === 0;
}

async function withWayBack(
  before: BackupBefore,
  made: MadeBackup,
  error: TidemarkError,
  untouched: boolean,
): Promise<TidemarkError> {
  const command = ['tidemark backup restore', made.id, before.flags ?? ''].join(' ').trim();
  if (untouched) {
    const asBefore = `The database is as it was before the run: there is nothing to restore. The backup ${made.id} stays.`;
    return moreOf(error, [asBefore], { backup: made.id, restored: null });
  }
  const wayBack = `Back to what was before this run: ${command}`;
  if (before.restoreOnFailure !== true) return moreOf(error, [wayBack], { backup: made.id, restored: null });
  try {
    const restored = await restore(before, made);
    const where = restored.kept === null ? '' : ` What the failed run left is kept as ${restored.kept}.`;
    const back = `The backup ${made.id} was restored: the database is what it was before this run.${where}`;
    const again =
      'Correct the file or the data; after a change to the file run "tidemark migrate hash", then "tidemark migrate up" again.';
    // What the run says of what it left, and how to go on from there, is no longer so.
    return withHints(error, [back, again], { backup: made.id, restored });
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    const more = failure instanceof TidemarkError ? failure.hints : [];
    const hints = [`The backup ${made.id} could not be restored: ${reason}`, ...more, wayBack];
    return moreOf(error, hints, { backup: made.id, restored: null });
  }
}

/** The run was given up by its signal, perhaps; what was begun is brought back all the same. */
async function restore(
  { place, closeSessions, run, lockTimeoutMs }: BackupBefore,
  made: MadeBackup,
): Promise<RestoredBackup> {
  const { restoreBackup } = await import('./restore-backup.js');
  await closeSessions();
  return restoreBackup(place, made.id, { onEvent: run.onEvent, lockTimeoutMs });
}

function moreOf(
  error: TidemarkError,
  hints: readonly string[],
  details: Readonly<Record<string, unknown>>,
): TidemarkError {
  return withHints(error, [...error.hints, ...hints], details);
}

function withHints(
  error: TidemarkError,
  hints: readonly string[],
  details: Readonly<Record<string, unknown>>,
): TidemarkError {
  const { code, message, exitCode, location, excerpt, cause } = error;
  return new TidemarkError(code, message, {
    exitCode,
    hints,
    details: { ...error.details, ...details },
    cause,
    ...(location === undefined ? {} : { location }),
    ...(excerpt === undefined ? {} : { excerpt }),
  });
}
