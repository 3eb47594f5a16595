import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGunzip, createGzip, gunzipSync } from 'node:zlib';
import { type Connection, DatabaseError } from '../../database/connection.js';
import type { EmbeddedUrl } from '../../database/database-url.js';
import { EmbeddedConnection } from '../../database/embedded-connection.js';
import { startEngine } from '../../database/embedded-engine.js';
import { openEmbedded } from '../../database/embedded-postgres.js';
import { EMBEDDED_POSTGRES, engineFingerprint } from '../../database/embedded-version.js';
import { isMissing, noDatabase } from '../../database/missing-database.js';
import { TidemarkError } from '../../errors.js';
import { pause, requireStillWanted } from '../../migrations/abort.js';
import { migrationEngine } from '../../migrations/engine.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import type { BackupEngine, Capture, CaptureOptions } from '../engine/backup-engine.js';
import type { BackupRun } from '../events.js';
import type { Manifest } from '../manifest.js';
import type { OpenBackup } from '../open-backup.js';
import type { PartSink } from '../part-sink.js';
import { countTables, nameOf, readGlobals, readMigrations } from '../postgres/read-facts.js';
import { requireSameRows } from '../same-rows.js';
import { refuseExclusions } from '../sqlite/sqlite-backup.js';
import { damaged } from '../stored-backup.js';
import { partWithRole } from '../unpack-part.js';
import { dumpSql, isWholeDump } from './dump-sql.js';

export const FOLDER_ROLE = 'data-folder';
export const SQL_ROLE = 'sql';

const FOLDER_PART = 'data-folder.tar.gz';
const SQL_PART = 'database.sql.gz';
const POLL_MS = 100;

/** Backs the embedded PostgreSQL up: its data folder, and portable SQL beside it. */
export function embeddedBackup(url: EmbeddedUrl): BackupEngine {
  return {
    kind: 'embedded',
    capture: (sink, options) => capture(url, sink, options),
    checkStructure,
    rehearse,
    countTables: (connection) => countTables(connection),
  };
}

/**
 * The embedded database serves one process, so the backup has it for itself as long as it takes: both parts and the
 * counts are of one state. The data folder is what this version of the engine starts from in no time; the SQL is for
 * every other one, and for a server.
 */
async function capture(url: EmbeddedUrl, sink: PartSink, options: CaptureOptions): Promise<Capture> {
  const { onEvent, signal, lockTimeoutMs } = options;
  refuseExclusions(options.excludeTableData, 'the embedded PostgreSQL');
  const { lockHolder } = options;
  const shared = lockHolder instanceof EmbeddedConnection ? lockHolder : undefined;
  const session = shared ?? (await openWhenFree(url, options));
  try {
    const engine = await migrationEngine(session);
    const release = shared ? async () => {} : await engine.lock(lockTimeoutMs, () => {}, signal);
    try {
      const createdAt = new Date();
      onEvent?.({ type: 'phase', phase: 'counting rows' });
      const tables = await countTables(session);
      const migrations = await readMigrations(session);
      const globals = await readGlobals(session);
      const [facts] = await session.query<{ encoding: string; collate: string; ctype: string; id: string }>(
        `SELECT pg_catalog.pg_encoding_to_char(encoding)::text AS encoding, datcollate::text AS collate,
           datctype::text AS ctype, (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS id
         FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`,
      );
      onEvent?.({ type: 'phase', phase: 'writing SQL' });
      const { sql, writer } = await dumpSql(session, signal);
      const gzip = createGzip();
      gzip.end(sql);
      await sink.write(SQL_PART, SQL_ROLE, gzip);
      await requireStillWanted(signal);
      onEvent?.({ type: 'phase', phase: 'copying the data folder' });
      await session.executeAll(['CHECKPOINT']);
      const folder = await session.withEngine((pglite) => pglite.dumpDataDir('gzip'));
      await sink.write(FOLDER_PART, FOLDER_ROLE, Readable.fromWeb(folder.stream()));
      return {
        createdAt,
        engine: {
          kind: 'embedded',
          version: EMBEDDED_POSTGRES,
          writer,
          systemId: facts?.id ?? null,
          encoding: facts?.encoding ?? null,
          collate: facts?.collate ?? null,
          ctype: facts?.ctype ?? null,
          settings: { engine: engineFingerprint() },
        },
        migrations,
        capture: { method: 'data folder and SQL', compression: 'gzip', jobs: 1, excludedData: [] },
        tables,
        globals,
      };
    } finally {
      await release();
    }
  } finally {
    // pg_dump leaves its settings, and when it fails its transaction; the session's owner goes on with it.
    if (shared) await shared.executeAll(['ROLLBACK', 'DISCARD ALL']).catch(() => {});
    else await session.close();
  }
}

/** Waits for the process that has the folder open, as long as is allowed. Throws `database-locked`, exit code 4. */
export async function openWhenFree(
  url: EmbeddedUrl,
  { lockTimeoutMs, onEvent, signal }: Pick<CaptureOptions, 'lockTimeoutMs' | 'onEvent' | 'signal'>,
): Promise<EmbeddedConnection> {
  const { path } = url;
  if (path === undefined) {
    throw new TidemarkError('backup-impossible', 'a database in memory cannot be backed up', {
      exitCode: 2,
      hints: ['Name the folder of a database.'],
    });
  }
  if (isMissing(url)) throw noDatabase(url);
  const deadline = Date.now() + lockTimeoutMs;
  for (let waited = false; ; waited = true) {
    await requireStillWanted(signal);
    try {
      return await openEmbedded({ path });
    } catch (error) {
      const locked = error instanceof TidemarkError && error.code === 'database-locked';
      if (!locked || Date.now() >= deadline) throw error;
    }
    if (!waited) onEvent?.({ type: 'phase', phase: 'waiting for the process that has the folder open' });
    await pause(POLL_MS, signal);
  }
}

/** Starts the engine on the data folder, reads every row of every table, and the SQL to its end. */
async function checkStructure(backup: OpenBackup, { signal, onEvent }: BackupRun): Promise<void> {
  onEvent?.({ type: 'phase', phase: 'reading the SQL' });
  await readSql(backup, signal);
  if (!folderFits(backup.manifest)) {
    await buffer(await backup.read(partWithRole(backup, FOLDER_ROLE).name, signal));
    return;
  }
  onEvent?.({ type: 'phase', phase: 'reading every table of the data folder' });
  const restored = await startFolder(backup, signal);
  try {
    for (const { schema, name } of backup.manifest.tables) {
      // A row as text has to be read whole, with what is stored outside of it.
      await restored.query(
        `SELECT pg_catalog.sum(pg_catalog.length(t::text)) FROM ONLY ${nameOf({ schema, name })} t`,
      );
    }
  } catch (error) {
    throw error instanceof DatabaseError ? damaged(backup.label, error.message, error) : error;
  } finally {
    await restored.close();
  }
}

/**
 * Restores both parts in memory: the SQL first, whose rows are compared with the manifest, then what the work is done
 * with: the data folder, or the SQL where that is of another version of the engine.
 */
async function rehearse<T>(
  backup: OpenBackup,
  run: BackupRun,
  work: (restored: Connection) => Promise<T>,
): Promise<T> {
  const { signal, onEvent } = run;
  onEvent?.({ type: 'phase', phase: 'restoring the SQL in memory' });
  const fromSql = await startSql(backup, signal);
  try {
    requireSameRows(backup, await countTables(fromSql), 'its SQL');
    if (!folderFits(backup.manifest)) return await work(fromSql);
  } finally {
    await fromSql.close();
  }
  onEvent?.({ type: 'phase', phase: 'restoring the data folder in memory' });
  const restored = await startFolder(backup, signal);
  try {
    return await work(restored);
  } finally {
    await restored.close();
  }
}

/** Whether this version of the engine can start from the data folder: that is so within a major version. */
export function folderFits({ engine }: Manifest): boolean {
  return major(engine.version) === major(EMBEDDED_POSTGRES);
}

function major(version: string): string {
  return version.replace(/\..*$/, '');
}

/** The data folder as a plain tar. */
export async function readFolder(backup: OpenBackup, signal: AbortSignal | undefined): Promise<Buffer> {
  const kept = await buffer(await backup.read(partWithRole(backup, FOLDER_ROLE).name, signal));
  try {
    return gunzipSync(kept);
  } catch (error) {
    throw damaged(backup.label, `its data folder cannot be unpacked: ${(error as Error).message}`, error);
  }
}

/** The text of the SQL. */
export async function readSql(backup: OpenBackup, signal: AbortSignal | undefined): Promise<string> {
  const kept = await backup.read(partWithRole(backup, SQL_ROLE).name, signal);
  let sql: string;
  try {
    const plain = createGunzip();
    kept.on('error', (error) => plain.destroy(error));
    sql = (await buffer(kept.pipe(plain))).toString('utf8');
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw damaged(backup.label, `its SQL cannot be unpacked: ${(error as Error).message}`, error);
  }
  if (!isWholeDump(sql)) throw damaged(backup.label, 'its SQL has no end');
  return sql;
}

/** Restores in memory what `folderFits` says; closing it forgets it. Throws `backup-damaged`. */
export async function startRestored(
  backup: OpenBackup,
  signal: AbortSignal | undefined,
): Promise<EmbeddedConnection> {
  return folderFits(backup.manifest) ? startFolder(backup, signal) : startSql(backup, signal);
}

async function startFolder(backup: OpenBackup, signal: AbortSignal | undefined): Promise<EmbeddedConnection> {
  const tar = await readFolder(backup, signal);
  try {
    const engine = await startEngine({ tar });
    return new EmbeddedConnection(engine, `the copy of ${backup.label}`, () => engine.close());
  } catch (error) {
    throw damaged(backup.label, `the engine does not start from it: ${(error as Error).message}`, error);
  }
}

async function startSql(backup: OpenBackup, signal: AbortSignal | undefined): Promise<EmbeddedConnection> {
  const restored = await openEmbedded({ label: `the copy of ${backup.label}` });
  try {
    await runSql(backup, restored, signal);
    return restored;
  } catch (error) {
    await restored.close();
    throw error;
  }
}

/** Fills an empty database from the SQL. Throws `backup-damaged`. */
export async function runSql(
  backup: OpenBackup,
  empty: EmbeddedConnection,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sql = await readSql(backup, signal);
  await requireStillWanted(signal);
  const known = await empty.query<{ name: string }>('SELECT rolname::text AS name FROM pg_catalog.pg_roles');
  const names = new Set(known.map(({ name }) => name));
  const roles = (backup.manifest.globals?.roles ?? []).filter((name) => !names.has(name));
  try {
    await empty.executeAll(roles.map((name) => `CREATE ROLE ${quoteIdent(name)}`));
    await empty.executeAll([sql, 'DISCARD ALL']);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw damaged(backup.label, `its SQL does not run: ${error.message}`, error);
  }
}
