import type { PGlite } from '@electric-sql/pglite';
import { EMBEDDED_POSTGRES } from './embedded-version.js';
import { loadExtensionsOnDemand } from './extension-loader.js';
import { encodeParameter, parserFor } from './postgres-values.js';

/**
 * How the engine is started. Unlike PGlite's own defaults: `-O` is left out (it lets SQL change the system
 * catalogs) and so is `search_path=public`, so that the session is what a server gives. Small buffers start
 * fast, and the locks are enough for 5,000 tables with their indexes in one transaction.
 */
const START_PARAMETERS = [
  ...['--single', '-F', '-j'],
  ...[
    'exit_on_error=false',
    'log_checkpoints=false',
    'max_worker_processes=0',
    'max_parallel_workers=0',
    'max_parallel_workers_per_gather=0',
    'max_parallel_maintenance_workers=0',
    'io_method=sync',
    'shared_buffers=16MB',
    'max_locks_per_transaction=1024',
    'TimeZone=UTC',
  ].flatMap((setting) => ['-c', setting]),
];

export interface EngineSource {
  /** The folder of the data; without one the engine works in memory. */
  readonly folder?: string;
  /** For memory: the data to begin with, a tar of a data folder. */
  readonly tar?: Buffer;
}

/** Starts an engine, with every extension it offers at hand and values as on a server. */
export async function startEngine(source: EngineSource): Promise<PGlite> {
  const { PGlite } = await import('@electric-sql/pglite');
  const engine = await PGlite.create({
    ...(source.folder === undefined ? {} : { dataDir: source.folder }),
    ...(source.tar === undefined ? {} : { loadDataDir: new Blob([source.tar as Uint8Array<ArrayBuffer>]) }),
    startParams: START_PARAMETERS,
  });
  loadExtensionsOnDemand(engine);
  // PGlite keeps a table of parsers by type; ours answer for every type.
  engine.parsers = new Proxy({}, { get: (_, oid) => parserFor(Number(oid)), set: () => true });
  engine.serializers = new Proxy({}, { get: () => encodeParameter, set: () => true });
  return engine;
}

/** Makes a new data folder in memory by initdb, which takes seconds, and gives it as a tar. */
export async function buildTemplate(): Promise<Buffer> {
  const { PGlite } = await import('@electric-sql/pglite');
  // Write-ahead log in pieces of 1 MB instead of 16: the tar is a quarter smaller.
  const engine = await PGlite.create({
    initDbStartParams: ['--wal-segsize=1'],
    startParams: START_PARAMETERS,
  });
  try {
    await engine.exec('CHECKPOINT');
    const tar = await engine.dumpDataDir('none');
    return Buffer.from(await tar.arrayBuffer());
  } finally {
    await engine.close();
  }
}

/** How the engine names itself: `PostgreSQL 18.6 (embedded)`. */
export const ENGINE_NAME = `PostgreSQL ${EMBEDDED_POSTGRES} (embedded)`;
