import { readdir, rename, rmdir } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Connection, DatabaseError } from '../../database/connection.js';
import type { PostgresUrl } from '../../database/database-url.js';
import { connectPostgres } from '../../database/postgres-server.js';
import { openServerDev } from '../../database/server-dev-database.js';
import { TidemarkError } from '../../errors.js';
import { migrationEngine } from '../../migrations/engine.js';
import { requireOwnSession } from '../../migrations/postgres-lock.js';
import type { BackupEngine, Capture, CaptureOptions } from '../engine/backup-engine.js';
import type { BackupRun } from '../events.js';
import type { ManifestEngine } from '../manifest.js';
import type { OpenBackup } from '../open-backup.js';
import type { PartSink } from '../part-sink.js';
import { drain } from '../safe-files.js';
import { damaged } from '../stored-backup.js';
import { type FindOptions, findClient, type PostgresClient } from './find-client.js';
import { countTables, nameOf, readGlobals, readMigrations } from './read-facts.js';
import { KEEP_ALIVE, runClient } from './run-client.js';

/** Below it one file is as fast as a folder of them, and easier to carry. */
const DIRECTORY_BYTES = 100 * 1024 * 1024;
const MOST_JOBS = 4;
const ADOPTED_AT_ONCE = 4;

/** Backs a PostgreSQL server's database up with pg_dump, and tries it with pg_restore. */
export function postgresBackup(url: PostgresUrl, find: FindOptions): BackupEngine {
  return {
    kind: 'postgres',
    capture: (sink, options) => capture(url, find, sink, options),
    checkStructure: (backup, run) => checkStructure(find, backup, run),
    rehearse: (backup, run, work) => rehearse(url, find, backup, run, work),
    countTables: (connection) => countTables(connection),
  };
}

/**
 * One session keeps the migration lock and a snapshot open; pg_dump dumps that snapshot, and meanwhile the session
 * counts in it what pg_dump sees. So the manifest's numbers are those of the dump, whatever others do.
 */
async function capture(
  url: PostgresUrl,
  find: FindOptions,
  sink: PartSink,
  options: CaptureOptions,
): Promise<Capture> {
  const { onEvent, signal, lockTimeoutMs } = options;
  const session = await connectPostgres(url);
  try {
    const client = await findClient('pg_dump', Math.floor(session.versionNumber / 10_000), find);
    await requireOwnSession(session);
    const engine = await migrationEngine(session);
    const release = options.lockHolder
      ? async () => {}
      : await engine.lock(lockTimeoutMs, () =>
          onEvent?.({ type: 'phase', phase: 'waiting for a migration or another backup to end' }),
        );
    try {
      await session.executeAll([
        'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        // Of the transaction alone: a pooler that was not noticed hands the session on to others.
        'SET LOCAL statement_timeout = 0',
        'SET LOCAL idle_in_transaction_session_timeout = 0',
        `SET LOCAL lock_timeout = ${Math.round(lockTimeoutMs)}`,
        'SET LOCAL row_security = off',
      ]);
      const [facts] = await session.query<SnapshotFacts>(SNAPSHOT_FACTS);
      if (facts === undefined) throw new Error('a SELECT without FROM gave no row');
      const excluded = await excludedTables(session, options.excludeTableData);
      const jobs = sink.encrypted
        ? 1
        : (options.jobs ?? Math.min(MOST_JOBS, availableParallelism?.() ?? cpus().length));
      const directory =
        !sink.encrypted && (jobs > 1 || options.jobs !== undefined) && Number(facts.bytes) >= DIRECTORY_BYTES;
      if (client.major >= 17 && session.versionNumber < 170_000) {
        onEvent?.({
          type: 'note',
          text: `pg_dump ${client.version} makes dumps that a server before PostgreSQL 17 does not take back: install the package postgresql-client-${Math.floor(session.versionNumber / 10_000)} to restore into this one.`,
        });
      }
      // The dump keeps a processor busy for each job and each of their sessions: counting leaves them to it.
      await session.query(
        `SELECT pg_catalog.set_config('max_parallel_workers_per_gather', least($1::int4,
           pg_catalog.current_setting('max_parallel_workers_per_gather')::int4)::text, true)`,
        [directory ? Math.max(0, Math.floor(jobs / 2) - 1) : 0],
      );
      onEvent?.({ type: 'phase', phase: 'dumping' });
      const common = [
        `--snapshot=${facts.snapshot}`,
        `--lock-wait-timeout=${lockTimeoutMs}`,
        '--no-password',
        // The database itself stays in its variable.
        `--dbname=${KEEP_ALIVE}`,
        ...[...excluded].map((name) => `--exclude-table-data=${patternOf(name)}`),
      ];
      const stop = new AbortController();
      const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      const dump = directory
        ? dumpFolder(url, client, sink, common, jobs, either)
        : dumpFile(url, client, sink, common, either);
      dump.catch(() => {});
      const count = async () => {
        const tables = await countTables(session, excluded, true);
        const globals = await readGlobals(session);
        // Where there is no history, asking for it would break the transaction off.
        const [row] = await session.query<{ there: boolean }>(
          "SELECT pg_catalog.to_regclass('tidemark.revision') IS NOT NULL AS there",
        );
        const migrations = row?.there ? await readMigrations(session) : null;
        return { tables, globals, migrations };
      };
      // What fails first is told, and ends the other: the session by being closed.
      const [{ tables, migrations, globals }] = await Promise.all([count(), dump]).catch(async (error) => {
        stop.abort();
        await Promise.allSettled([dump]);
        throw inWords(error, lockTimeoutMs);
      });
      await session.executeAll(['COMMIT']);
      return {
        createdAt: new Date(facts.at),
        engine: manifestEngine(session, facts, client),
        migrations,
        capture: {
          method: directory ? 'pg_dump directory' : 'pg_dump custom',
          compression: 'gzip',
          jobs: directory ? jobs : 1,
          excludedData: options.excludeTableData,
        },
        tables,
        globals,
      };
    } finally {
      await release().catch(() => {});
    }
  } finally {
    await session.close().catch(() => {});
  }
}

/** lock_not_available, insufficient_privilege: what a reader of every table meets. */
function inWords(error: unknown, lockTimeoutMs: number): unknown {
  if (!(error instanceof DatabaseError)) return error;
  if (error.sqlstate === '55P03') {
    return new TidemarkError(
      'locked',
      `a table stayed locked for ${lockTimeoutMs / 1000} s, so it cannot be read`,
      {
        exitCode: 4,
        hints: ['Somebody is changing it. Try again, or wait longer with --lock-timeout.'],
        cause: error,
      },
    );
  }
  if (error.sqlstate === '42P01' || error.sqlstate === '3F000') {
    return new TidemarkError('dump-failed', `a table went away while it was dumped: ${error.message}`, {
      hints: ['Somebody has dropped it just now. Back up again.'],
      cause: error,
    });
  }
  if (error.sqlstate === '53200') {
    return new TidemarkError('dump-failed', `the server has no room for so many locks: ${error.message}`, {
      hints: [
        'A dump locks every table. Raise max_locks_per_transaction in the server’s configuration (tables divided by max_connections, and more), and restart it.',
      ],
      cause: error,
    });
  }
  if (error.sqlstate === '42501') {
    return new TidemarkError('dump-failed', `not everything can be read: ${error.message}`, {
      hints: [
        'A backup needs a role that reads every row of every table: the owner, a superuser, or one with pg_read_all_data (PostgreSQL 14 and later) and BYPASSRLS.',
      ],
      cause: error,
    });
  }
  return error;
}

interface SnapshotFacts {
  readonly snapshot: string;
  readonly at: string;
  readonly bytes: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  readonly system_id: string | null;
  readonly provider: string | null;
  readonly locale: string | null;
  readonly rules: string | null;
}

const SNAPSHOT_FACTS = `SELECT pg_catalog.pg_export_snapshot() AS snapshot,
  pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at,
  pg_catalog.pg_database_size(d.oid)::text AS bytes,
  pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collate,
  d.datctype::text AS ctype,
  CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
       THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END AS system_id,
  j.d->>'datlocprovider' AS provider, coalesce(j.d->>'datlocale', j.d->>'daticulocale') AS locale,
  j.d->>'daticurules' AS rules
FROM pg_catalog.pg_database d CROSS JOIN LATERAL pg_catalog.to_jsonb(d) j(d) WHERE d.datname = pg_catalog.current_database()`;

function manifestEngine(session: Connection, facts: SnapshotFacts, client: PostgresClient): ManifestEngine {
  return {
    kind: 'postgres',
    version: session.version.replace(/^PostgreSQL /, ''),
    writer: `pg_dump ${client.version}`,
    systemId: facts.system_id,
    encoding: facts.encoding,
    collate: facts.collate,
    ctype: facts.ctype,
    settings: {
      // `i` for ICU, `b` for PostgreSQL's own; the system's needs no word.
      ...(facts.provider === null || facts.provider === 'c' ? {} : { localeProvider: facts.provider }),
      ...(facts.locale === null ? {} : { locale: facts.locale }),
      ...(facts.rules === null ? {} : { icuRules: facts.rules }),
    },
  };
}

async function dumpFolder(
  url: PostgresUrl,
  client: PostgresClient,
  sink: PartSink,
  common: readonly string[],
  jobs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = join(sink.folder, 'dump');
  const args = ['--format=directory', `--jobs=${jobs}`, `--file=${folder}`, ...common];
  await runClient({ client, args, url, signal });
  const files = (await readdir(folder)).sort();
  for (const file of files) await rename(join(folder, file), join(sink.folder, file));
  // Several at once: bringing thousands of small ones to the disk is waiting for the most part.
  for (let at = 0; at < files.length; at += ADOPTED_AT_ONCE) {
    await allSettledOrThrow(files.slice(at, at + ADOPTED_AT_ONCE).map((file) => sink.adopt(file, 'dump')));
  }
  await rmdir(folder);
}

/** Waits for all of them, whatever becomes of one, so that nothing is at work when it throws. */
async function allSettledOrThrow(works: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}

async function dumpFile(
  url: PostgresUrl,
  client: PostgresClient,
  sink: PartSink,
  common: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const consume = async (output: NodeJS.ReadableStream) => {
    await sink.write('database.dump', 'dump', output as import('node:stream').Readable);
  };
  await runClient({ client, args: ['--format=custom', ...common], url, signal, consume });
}

/** The tables that patterns leave without rows, as SQL names them. */
async function excludedTables(session: Connection, patterns: readonly string[]): Promise<Set<string>> {
  if (patterns.length === 0) return new Set();
  const matches = patterns.map((pattern) => {
    const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${escaped}$`, 's');
  });
  const all = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`,
  );
  const found = all.filter(({ schema, name }) => matches.some((match) => match.test(`${schema}.${name}`)));
  return new Set(found.map(nameOf));
}

/** A table's name as a pattern of pg_dump that matches it alone: all of it in quotes. */
function patternOf(name: string): string {
  return name
    .split(/\.(?=(?:[^"]*"[^"]*")*[^"]*$)/)
    .map((part) => (part.startsWith('"') ? part : `"${part}"`))
    .join('.');
}

/** Reads the whole archive as pg_restore does. `pg_restore --list` would prove nothing: it reads the contents alone. */
async function checkStructure(
  find: FindOptions,
  backup: OpenBackup,
  { signal, onEvent }: BackupRun,
): Promise<void> {
  const client = await restorer(find, backup);
  onEvent?.({ type: 'phase', phase: 'reading the whole dump' });
  const { folder, file, release } = await archive(backup, signal);
  try {
    await runClient({
      client,
      args: ['--file=-', file ?? folder],
      url: undefined,
      signal,
      consume: (output) => pipeline(output, drain),
    });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'client-failed') throw error;
    throw damaged(backup.label, 'pg_restore cannot read it', error);
  } finally {
    await release();
  }
}

/** The pg_restore that reads an archive: not older than the pg_dump that wrote it. */
export function restorer(find: FindOptions, { manifest }: OpenBackup): Promise<PostgresClient> {
  const major = Number(/(\d+)/.exec(manifest.engine.writer)?.[1] ?? 0);
  return findClient('pg_restore', major, find);
}

/** The archive as files: its folder, and the file in it where it is one. */
export async function archive(
  backup: OpenBackup,
  signal: AbortSignal | undefined,
): Promise<{ folder: string; file: string | undefined; release(): Promise<void> }> {
  const parts = backup.manifest.parts.filter(({ role }) => role === 'dump').map(({ name }) => name);
  const { folder, release } = await backup.files(parts, signal);
  const [only] = parts;
  return { folder, file: parts.length === 1 && only !== undefined ? join(folder, only) : undefined, release };
}

/** Restores it into a scratch database on the same server. */
async function rehearse<T>(
  url: PostgresUrl,
  find: FindOptions,
  backup: OpenBackup,
  { signal, onEvent }: BackupRun,
  work: (restored: Connection) => Promise<T>,
): Promise<T> {
  const client = await restorer(find, backup);
  const dev = await openServerDev(url);
  try {
    return await dev.scratch(async (restored) => {
      const [row] = await restored.query<{ name: string; superuser: boolean }>(
        `SELECT pg_catalog.current_database()::text AS name,
           (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser`,
      );
      const { folder, file, release } = await archive(backup, signal);
      try {
        onEvent?.({ type: 'phase', phase: `restoring into ${row?.name}` });
        // Owners and grants need rights that a rehearsal need not have; what they are the dump still says.
        const rights = row?.superuser ? [] : ['--no-owner', '--no-privileges'];
        const jobs =
          file === undefined || file.endsWith('.dump') ? Math.max(1, backup.manifest.capture.jobs) : 1;
        await runClient({
          client,
          args: [
            '--exit-on-error',
            '--no-password',
            `--jobs=${jobs}`,
            ...rights,
            `--dbname=${row?.name ?? ''}`,
            file ?? folder,
          ],
          url: { ...url, database: row?.name },
          signal,
        });
      } catch (error) {
        if (!(error instanceof TidemarkError) || error.code !== 'client-failed') throw error;
        throw damaged(backup.label, 'it does not restore', error);
      } finally {
        await release();
      }
      return work(restored);
    });
  } finally {
    await dev.close();
  }
}
