import type { Connection } from '../../database/connection.js';
import type { PostgresUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { connectPostgres } from '../../database/postgres-server.js';
import { TidemarkError } from '../../errors.js';
import { requireNotAborted } from '../../migrations/abort.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import { compareRestored } from '../compare-restored.js';
import type { OpenBackup } from '../open-backup.js';
import { countTables, readGlobals } from './read-facts.js';
import { restoreArchive, restoreJobs } from './restore-archive.js';
import { createDatabase } from './restore-create.js';
import { restoreInPlace } from './restore-in-place.js';
import { backupBefore, createRoles, orDropped, type RestoreJob, result } from './restore-job.js';
import { type PostgresRestored, type PostgresRestoreOptions, restoreMode } from './restore-options.js';
import { preflight } from './restore-preflight.js';
import { applyProperties } from './restore-properties.js';
import { restoreSelection } from './restore-selection.js';
import { swapLive } from './swap-live.js';
import { type Marker, newRestoreNames } from './swap-marker.js';
import { dropDatabase } from './swap-recover.js';
import { openMaintenance, withSwapSession } from './swap-session.js';

const PROGRESS_MS = 1000;

/**
 * Restores a backup of a PostgreSQL server's database. All is checked first. Then it goes into a database beside the
 * live one, is compared there with the manifest, gets the live one's owner, grants and settings, and takes its name in
 * one transaction; the old one is kept. Whenever it is killed, the next call puts right what was left, and the name
 * always leads to one of the two, whole. See `PostgresRestoreOptions` for what else it can do.
 *
 * Throws TidemarkError: `restore-refused` (exit code 4) with all that is in the way; `locked` (4); `backup-damaged`,
 * `client-missing`, `client-too-old`; `restore-failed`, `restore-differs`, `swap-failed`: the live database is what it
 * was; `table-unknown` (2); `aborted`.
 */
export async function restorePostgres(
  backup: OpenBackup,
  options: PostgresRestoreOptions,
): Promise<PostgresRestored> {
  const mode = restoreMode(options);
  if (mode === 'in-place') return restoreInPlace(backup, options);
  return withSwapSession(options.url, options, async (session) => {
    const ready = await preflight(backup, session.connection, session.database, options);
    const notes = [...ready.notes];
    for (const text of [...session.recovered, ...notes]) options.onEvent?.({ type: 'note', text });
    const job: RestoreJob = {
      backup,
      options,
      ready,
      session,
      names: newRestoreNames(session.database),
      notes,
    };
    try {
      if (mode === 'selection') return await restoreSelection(job);
      return mode === 'swap' ? await restoreBeside(job) : await restoreToNew(job);
    } finally {
      await ready.archive.release();
    }
  });
}

/**
 * What `restorePostgres` would meet: the notes of its checks, first of all whom it interrupts. Changes nothing and reads
 * no part. Throws as it does.
 */
export async function checkRestore(
  backup: OpenBackup,
  options: PostgresRestoreOptions,
): Promise<readonly string[]> {
  const { database } = await resolveEndpoint(options.url);
  const connection =
    restoreMode(options) === 'in-place'
      ? await connectPostgres(options.url)
      : await openMaintenance(options.url, database);
  try {
    // The parts are hashed before they are restored; doing so twice would take twice as long.
    const unread: OpenBackup = { ...backup, files: async () => ({ folder: '', release: async () => {} }) };
    return (await preflight(unread, connection, database, options)).notes;
  } finally {
    await connection.close().catch(() => {});
  }
}

async function restoreBeside(job: RestoreJob): Promise<PostgresRestored> {
  const { backup, options, ready, session, names } = job;
  const { connection, database } = session;
  const live = ready.facts.live;
  const before = live === undefined ? undefined : await backupBefore(options);
  const started = performance.now();
  await createRoles(job);
  const marker: Marker = {
    state: 'restoring',
    of: database,
    backup: backup.manifest.id,
    at: new Date().toISOString(),
    comment: null,
  };
  return orDropped(job, names.beside, async () => {
    options.onEvent?.({ type: 'phase', phase: `creating ${names.beside}` });
    await createDatabase(connection, names.beside, backup.manifest.engine, live, marker);
    await fillAndCompare(job, names.beside);
    options.onEvent?.({ type: 'phase', phase: 'taking over owner, grants and settings' });
    const properties =
      live === undefined
        ? (backup.manifest.globals?.properties ?? [])
        : await propertiesOf({ ...options.url, database });
    const applied = await applyProperties(connection, names.beside, properties, marker);
    job.notes.push(...applied.notes);
    const restoreMs = performance.now() - started;
    requireNotAborted(options.signal);
    options.onEvent?.({ type: 'phase', phase: 'swapping' });
    const { swapMs } = await swapLive(session, options, {
      beside: names.beside,
      marker: applied.marker,
      old:
        live === undefined
          ? undefined
          : {
              name: names.kept,
              marker: {
                ...marker,
                state: options.keepOld === false ? 'dropping' : 'kept',
                comment: live.comment,
              },
            },
    });
    const dropped = live !== undefined && options.keepOld === false;
    if (dropped) {
      options.onEvent?.({ type: 'phase', phase: 'dropping the old database' });
      await dropDatabase(connection, names.kept).catch((error: Error) => {
        job.notes.push(`The old database is still there as "${names.kept}": ${error.message}.`);
      });
    }
    return {
      ...result(job, 'swap', database),
      kept: live === undefined || dropped ? undefined : names.kept,
      before,
      endedSessions: live?.sessions.length ?? 0,
      restoreMs,
      swapMs,
    };
  });
}

/** Into a database of its own name, which comes with what the manifest says of its properties but its owner's rights. */
async function restoreToNew(job: RestoreJob): Promise<PostgresRestored> {
  const { backup, options, session, names } = job;
  const target = options.toDatabase ?? '';
  const started = performance.now();
  await createRoles(job);
  const marker: Marker = {
    state: 'restoring',
    of: session.database,
    backup: backup.manifest.id,
    at: new Date().toISOString(),
    comment: null,
  };
  // Until it is whole it has a name that says so.
  return orDropped(job, names.beside, async () => {
    options.onEvent?.({ type: 'phase', phase: `creating ${target}` });
    await createDatabase(session.connection, names.beside, backup.manifest.engine, undefined, marker);
    await fillAndCompare(job, names.beside);
    const properties = backup.manifest.globals?.properties ?? [];
    const applied = await applyProperties(session.connection, names.beside, properties, marker);
    job.notes.push(...applied.notes);
    requireNotAborted(options.signal);
    const { swapMs } = await swapLive({ ...session, database: target }, options, {
      beside: names.beside,
      marker: applied.marker,
      old: undefined,
    });
    return { ...result(job, 'new-database', target), restoreMs: performance.now() - started, swapMs };
  });
}

/** Fills the database, and compares it with the manifest. */
async function fillAndCompare(job: RestoreJob, name: string): Promise<void> {
  const { backup, options, ready } = job;
  const { onEvent, signal } = options;
  const url: PostgresUrl = { ...options.url, database: name };
  requireNotAborted(signal);
  const phase = `restoring into ${name}`;
  onEvent?.({ type: 'phase', phase });
  const watch = watchGrowth(job, name, phase);
  try {
    await restoreArchive({
      client: ready.client,
      path: ready.archive.file ?? ready.archive.folder,
      url,
      args: [
        `--jobs=${restoreJobs(backup, options.jobs)}`,
        ...(ready.withoutOwners ? ['--no-owner'] : []),
        ...(ready.facts.missingTablespaces.length > 0 ? ['--no-tablespaces'] : []),
      ],
      signal,
    });
  } finally {
    await watch.end();
  }
  const restored = await connectPostgres(url);
  try {
    await restored.executeAll(['SET statement_timeout = 0', 'SET row_security = off']);
    onEvent?.({ type: 'phase', phase: 'comparing with the manifest' });
    const differences = await compareRestored(backup.manifest, restored, await countTables(restored));
    if (differences.length > 0) throw differs(backup, differences);
    requireNotAborted(signal);
    onEvent?.({ type: 'phase', phase: 'analyzing' });
    await restored.executeAll(['ANALYZE']);
    job.notes.push(...(await replicationNotes(restored)));
  } finally {
    await restored.close().catch(() => {});
  }
}

/** Says from time to time how large the database has become. */
function watchGrowth(
  { session, options, ready }: RestoreJob,
  name: string,
  phase: string,
): { end(): Promise<void> } {
  let look = Promise.resolve();
  const timer = setInterval(() => {
    look = session.connection
      .query<{ bytes: string }>('SELECT pg_catalog.pg_database_size($1::name)::text AS bytes', [name])
      .then(([row]) => {
        const bytes = Number(row?.bytes ?? 0);
        const totalBytes = ready.facts.live?.bytes;
        // What is live need not be what comes back: it says how much only while it is more.
        const total = totalBytes !== undefined && totalBytes >= bytes ? totalBytes : undefined;
        options.onEvent?.({
          type: 'progress',
          phase,
          bytes,
          totalBytes: total,
          rows: undefined,
          item: undefined,
        });
      })
      .catch(() => {});
  }, PROGRESS_MS);
  return {
    end: () => {
      clearInterval(timer);
      return look;
    },
  };
}

async function replicationNotes(restored: Connection): Promise<string[]> {
  const subscriptions = await restored.query<{ name: string }>(
    `SELECT subname::text AS name FROM pg_catalog.pg_subscription s
     JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = pg_catalog.current_database()`,
  );
  return subscriptions.map(
    ({ name }) =>
      `The subscription "${name}" came back switched off. Look at its slot, then: ALTER SUBSCRIPTION ${quoteIdent(name)} ENABLE;`,
  );
}

async function propertiesOf(url: PostgresUrl): Promise<readonly string[]> {
  const live = await connectPostgres(url);
  try {
    return (await readGlobals(live)).properties;
  } finally {
    await live.close().catch(() => {});
  }
}

function differs({ label }: OpenBackup, differences: readonly string[]): TidemarkError {
  return new TidemarkError('restore-differs', `what was restored is not what ${label} says it holds`, {
    excerpt: differences.map((difference) => `- ${difference}`).join('\n'),
    hints: ['The live database is untouched. Use another backup, and report this: it should not happen.'],
    details: { differences },
  });
}
