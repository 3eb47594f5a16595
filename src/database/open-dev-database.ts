import { TidemarkError } from '../errors.js';
import type { EngineName } from './connection.js';
import type { DatabaseUrl } from './database-url.js';
import type { DevDatabase } from './dev-database.js';

/** Where SQL is tried out: the embedded engine in memory, the target's own server, or the URL of another. */
export type DevSetting = 'embedded' | 'server' | DatabaseUrl;

export interface OpenDevOptions {
  readonly engine: EngineName;
  /** Default `embedded`. For SQLite it is memory whatever server is named here: nothing could be cheaper or cleaner. */
  readonly dev?: DevSetting | undefined;
  /** The environment's database. Work never runs in it, whatever `dev` says. */
  readonly target?: DatabaseUrl | undefined;
}

/**
 * Opens the dev database that a setting asks for.
 * @throws TidemarkError `dev-invalid` (exit code 2) when the setting fits no dev database, and what
 * connecting to a server throws
 */
export async function openDevDatabase({
  engine,
  dev = 'embedded',
  target,
}: OpenDevOptions): Promise<DevDatabase> {
  // A file or folder may be somebody's database, and a dev database has to be empty: only memory is.
  if (typeof dev === 'object' && dev.adapter !== 'server' && dev.path !== undefined) throw noFile(dev.path);
  if (engine === 'sqlite') {
    const { sqliteDevDatabase } = await import('./sqlite-dev-database.js');
    return sqliteDevDatabase();
  }
  if (dev === 'embedded' || (typeof dev === 'object' && dev.adapter === 'embedded')) {
    const { openEmbeddedDev } = await import('./embedded-dev-database.js');
    return openEmbeddedDev();
  }
  const url = dev === 'server' ? target : dev;
  if (url?.adapter !== 'server') throw noServer(dev);
  const { openServerDev } = await import('./server-dev-database.js');
  return await openServerDev(url);
}

function noFile(path: string): TidemarkError {
  return invalid(`dev names ${path}, and nothing is tried out in a file or folder that may hold your data`);
}

function noServer(dev: DevSetting): TidemarkError {
  return invalid(
    dev === 'server'
      ? 'dev is "server", but the environment has no PostgreSQL server as its url'
      : 'dev names a SQLite database, but the SQL is for PostgreSQL',
  );
}

function invalid(message: string): TidemarkError {
  return new TidemarkError('dev-invalid', message, {
    exitCode: 2,
    hints: [
      "Use dev: 'embedded', which needs nothing (the default); for SQLite that is a database in memory.",
      "Or name a server on which scratch databases may be made: dev: 'postgres://user@host:5432/postgres'.",
    ],
  });
}
