import type { PostgresUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { TidemarkError } from '../../errors.js';
import { requireNotAborted } from '../../migrations/abort.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import type { BackupRun } from '../events.js';
import { swapLive } from './swap-live.js';
import { newRestoreNames } from './swap-marker.js';
import { dropDatabase, type RestoreDatabase, restoreDatabases } from './swap-recover.js';
import { openMaintenance, type SwapSession, withSwapSession } from './swap-session.js';

/** A database that was live until a restore, or its undoing, took its place. */
export interface KeptDatabase {
  readonly name: string;
  /** When it was put aside. */
  readonly at: string;
  /** The backup that took its place; null where that is not known. */
  readonly backup: string | null;
  /** Undefined where this role may not see it. */
  readonly bytes: number | undefined;
}

export interface KeptDatabases {
  /** Newest first. */
  readonly kept: readonly KeptDatabase[];
  /** What killed restores left; the next restore or undo removes or finishes these. */
  readonly leftovers: readonly string[];
}

export interface UndoOptions extends BackupRun {
  /** Which one comes back. Default: the newest. */
  readonly kept?: string | undefined;
  readonly lockTimeoutMs: number;
}

export interface UndoneRestore {
  readonly database: string;
  /** What came back under the live name. */
  readonly restored: string;
  /** What was live until now; another undo brings it back. */
  readonly kept: string | undefined;
  readonly recovered: readonly string[];
  readonly swapMs: number;
}

/** The databases that restores put aside or left half-made. Changes nothing. */
export async function listKept(url: PostgresUrl): Promise<KeptDatabases> {
  const { database } = await resolveEndpoint(url);
  const connection = await openMaintenance(url, database);
  try {
    const all = await restoreDatabases(connection, database);
    const kept: KeptDatabase[] = [];
    for (const { name, marker } of all.filter(isKept)) {
      const [row] = await connection
        .query<{ bytes: string }>('SELECT pg_catalog.pg_database_size($1::name)::text AS bytes', [name])
        .catch(() => []);
      kept.unshift({
        name,
        at: marker?.at ?? '',
        backup: marker?.backup ?? null,
        bytes: row === undefined ? undefined : Number(row.bytes),
      });
    }
    return { kept, leftovers: all.filter((one) => !isKept(one)).map(({ name }) => name) };
  } finally {
    await connection.close().catch(() => {});
  }
}

/**
 * Brings back what was live before the last restore, by the same swap; what is live now is kept in turn, so that an
 * undo can be undone. Throws TidemarkError: `kept-unknown` (exit code 2), `locked`, `swap-failed`.
 */
export async function undoRestore(url: PostgresUrl, options: UndoOptions): Promise<UndoneRestore> {
  return withSwapSession(url, options, async (session) => {
    const { connection, database, recovered } = session;
    for (const text of recovered) options.onEvent?.({ type: 'note', text });
    const { name, marker, owner } = await keptDatabase(session, options.kept);
    const [live] = await connection.query<{ owner: string; comment: string | null }>(
      `SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner,
         pg_catalog.shobj_description(oid, 'pg_database') AS comment
       FROM pg_catalog.pg_database WHERE datname = $1`,
      [database],
    );
    if (live !== undefined && live.owner !== owner) throw strange(name, owner, database, live.owner);
    const old =
      live === undefined
        ? undefined
        : {
            name: newRestoreNames(database).kept,
            marker: {
              ...marker,
              state: 'kept' as const,
              at: new Date().toISOString(),
              comment: live.comment,
            },
          };
    requireNotAborted(options.signal);
    options.onEvent?.({ type: 'phase', phase: 'swapping' });
    const { swapMs } = await swapLive(session, { ...options, url }, { beside: name, marker, old });
    return { database, restored: name, kept: old?.name, recovered, swapMs };
  });
}

/**
 * Puts right what a restore left that was killed, or whose server died, and nothing else: the live database takes
 * connections again, half-made ones are gone. Gives what was done, as sentences.
 */
export async function repairRestore(
  url: PostgresUrl,
  options: { readonly lockTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly string[]> {
  return withSwapSession(url, options, async ({ recovered }) => recovered);
}

/** Removes a database that was kept. Throws TidemarkError `kept-unknown` (exit code 2) for any other. */
export async function dropKept(
  url: PostgresUrl,
  name: string,
  options: { readonly lockTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await withSwapSession(url, options, async (session) => {
    await keptDatabase(session, name);
    await dropDatabase(session.connection, name);
  });
}

async function keptDatabase({ connection, database }: SwapSession, name: string | undefined) {
  const kept = (await restoreDatabases(connection, database)).filter(isKept).reverse();
  const [chosen] = name === undefined ? kept : kept.filter((one) => one.name === name);
  if (chosen?.marker !== undefined) return { ...chosen, marker: chosen.marker };
  throw new TidemarkError(
    'kept-unknown',
    name === undefined || kept.length === 0
      ? `no database is kept of what "${database}" was before a restore`
      : `"${name}" is none that is kept of "${database}"`,
    {
      exitCode: 2,
      hints:
        kept.length === 0
          ? ['Restore the backup that was made before it instead: "tidemark backup list" shows it.']
          : [`Kept are ${kept.map((one) => `"${one.name}"`).join(', ')}.`],
    },
  );
}

/** Whoever may create databases could give one of theirs the name and the comment of a kept one. */
function strange(name: string, owner: string, database: string, liveOwner: string): TidemarkError {
  return new TidemarkError(
    'restore-refused',
    `"${name}" belongs to "${owner}", and "${database}" to "${liveOwner}"`,
    {
      exitCode: 4,
      hints: [
        `If it is the right one, give it to the same owner first: ALTER DATABASE ${quoteIdent(name)} OWNER TO ${quoteIdent(liveOwner)};`,
        'Nothing was changed.',
      ],
    },
  );
}

function isKept({ kind, marker }: RestoreDatabase): boolean {
  return kind === 'kept' && (marker?.state === 'kept' || marker?.state === 'swapping');
}
