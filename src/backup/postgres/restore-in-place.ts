import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../database/connection.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { connectPostgres } from '../../database/postgres-server.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { compareRestored } from '../compare-restored.js';
import type { OpenBackup } from '../open-backup.js';
import { countTables } from './read-facts.js';
import { restoreArchive } from './restore-archive.js';
import { backupBefore, createRoles, type RestoreJob, result } from './restore-job.js';
import type { PostgresRestored, PostgresRestoreOptions } from './restore-options.js';
import { preflight } from './restore-preflight.js';
import { newRestoreNames } from './swap-marker.js';

const POLL_MS = 250;

/**
 * Restores over the live database, in one transaction that makes everything anew, so that it ends as either: for who
 * may not create databases. Objects that the backup does not know stay. While it runs, others cannot read the tables.
 */
export async function restoreInPlace(
  backup: OpenBackup,
  options: PostgresRestoreOptions,
): Promise<PostgresRestored> {
  const { url, onEvent, signal, lockTimeoutMs } = options;
  const { database } = await resolveEndpoint(url);
  const connection = await connectPostgres(url);
  try {
    const ready = await preflight(backup, connection, database, options);
    const job: RestoreJob = {
      backup,
      options,
      ready,
      session: { connection, database, recovered: [] },
      names: newRestoreNames(database),
      notes: [...ready.notes],
    };
    try {
      const before = await backupBefore(options);
      await createRoles(job);
      const engine = await migrationEngine(connection);
      const release = await engine.lock(
        lockTimeoutMs,
        () => onEvent?.({ type: 'phase', phase: 'waiting for a migration or a backup to end' }),
        signal,
      );
      const started = performance.now();
      try {
        onEvent?.({ type: 'phase', phase: `restoring over ${database}` });
        await withoutWaiting(connection, lockTimeoutMs, signal, (either) =>
          restoreArchive({
            client: ready.client,
            path: ready.archive.file ?? ready.archive.folder,
            url: { ...url, database },
            args: [
              '--clean',
              '--if-exists',
              '--single-transaction',
              ...(ready.withoutOwners ? ['--no-owner'] : []),
              ...(ready.facts.missingTablespaces.length > 0 ? ['--no-tablespaces'] : []),
            ],
            signal: either,
          }),
        );
        onEvent?.({ type: 'phase', phase: 'comparing with the manifest' });
        // It is open to all again: what differs may be what others have written since.
        const differences = await compareRestored(backup.manifest, connection, await countTables(connection));
        job.notes.push(...differences.map((text) => `It differs from the backup: ${text}.`));
        onEvent?.({ type: 'phase', phase: 'analyzing' });
        await connection.executeAll(['ANALYZE']);
        return {
          ...result(job, 'in-place', database),
          before,
          restoreMs: performance.now() - started,
        };
      } finally {
        await release().catch(() => {});
      }
    } finally {
      await ready.archive.release();
    }
  } finally {
    await connection.close().catch(() => {});
  }
}

/**
 * pg_restore waits for locks without end, and everybody queues behind it. This ends it when it has waited too long.
 * Throws TidemarkError `locked` (exit code 4) that names who was in the way.
 */
async function withoutWaiting(
  connection: Connection,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let blockers: string | undefined;
  let over = false;
  const watch = async () => {
    let since: number | undefined;
    while (!over) {
      await sleep(POLL_MS, undefined, { ref: false });
      const [row] = await connection
        .query<{ blockers: string | null }>(
          `SELECT string_agg(DISTINCT 'process ' || b.pid || coalesce(' of "' || b.usename || '"', ''), ', ') AS blockers
           FROM pg_catalog.pg_stat_activity a
             CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(a.pid)) w(pid)
             JOIN pg_catalog.pg_stat_activity b ON b.pid = w.pid
           WHERE a.datname = pg_catalog.current_database() AND a.application_name = $1`,
          [CLIENT_NAME],
        )
        .catch(() => []);
      if (!row?.blockers) since = undefined;
      else if (since === undefined) since = Date.now();
      else if (Date.now() - since >= timeoutMs) {
        blockers = row.blockers;
        stop.abort();
        return;
      }
    }
  };
  const watching = watch();
  try {
    await work(either);
  } catch (error) {
    if (blockers === undefined || signal?.aborted) throw error;
    throw new TidemarkError('locked', `tables of the database are held by ${blockers}`, {
      exitCode: 4,
      hints: ['Nothing was changed. End that session, or allow more time with --lock-timeout.'],
    });
  } finally {
    over = true;
    await watching;
  }
}

/** How `runClient` names its sessions. */
const CLIENT_NAME = 'tidemark backup';
