import { TidemarkError } from '../../errors.js';
import { requireNotAborted } from '../../migrations/abort.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import type { OpenBackup } from '../open-backup.js';
import type { PostgresRestored, PostgresRestoreOptions } from './restore-options.js';
import type { ReadyRestore } from './restore-preflight.js';
import type { RestoreNames } from './swap-marker.js';
import { dropDatabase } from './swap-recover.js';
import type { SwapSession } from './swap-session.js';

/** One restore at work. */
export interface RestoreJob {
  readonly backup: OpenBackup;
  readonly options: PostgresRestoreOptions;
  readonly ready: ReadyRestore;
  readonly session: SwapSession;
  readonly names: RestoreNames;
  readonly notes: string[];
}

/** Makes the backup of what is there, where that was asked for, and gives its id. */
export async function backupBefore({
  createBefore,
  onEvent,
  signal,
}: PostgresRestoreOptions): Promise<string | undefined> {
  if (createBefore === undefined) return undefined;
  onEvent?.({ type: 'phase', phase: 'backing up what is there' });
  const id = await createBefore();
  requireNotAborted(signal);
  return id;
}

/** Makes the roles that the server lacks, where that was asked for. */
export async function createRoles({ ready, options, session, notes }: RestoreJob): Promise<void> {
  const missing = ready.facts.missingRoles;
  if (!options.createRoles || missing.length === 0) return;
  await session.connection.executeAll(missing.map((role) => `CREATE ROLE ${quoteIdent(role)} NOLOGIN`));
  const list = missing.map((role) => `"${role}"`).join(', ');
  notes.push(`Made without the right to log in: ${list}. Give them passwords and memberships as they had.`);
}

/** Runs `work`; when it fails, its half-made database goes. */
export async function orDropped<T>(
  { session, options }: RestoreJob,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The server may still be at it.
    if (error instanceof TidemarkError && error.code === 'swap-unknown') throw error;
    await dropDatabase(session.connection, name).catch((cause: Error) => {
      options.onEvent?.({
        type: 'note',
        text: `"${name}" is left over (${cause.message}); the next restore removes it.`,
      });
    });
    throw error;
  }
}

/** What came of it, as far as it is always the same. */
export function result(
  { backup, session, notes }: RestoreJob,
  mode: PostgresRestored['mode'],
  database: string,
): PostgresRestored {
  return {
    mode,
    database,
    kept: undefined,
    before: undefined,
    tables: [],
    heads: backup.manifest.migrations?.heads ?? [],
    recovered: session.recovered,
    notes,
    endedSessions: 0,
    restoreMs: 0,
    swapMs: 0,
  };
}
