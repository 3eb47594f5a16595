import { TidemarkError } from '../errors.js';
import type { EngineName } from './connection.js';
import { type DatabaseUrl, parseDatabaseUrl } from './database-url.js';
import type { DevDatabase } from './dev-database.js';

export interface OpenDevOptions {
  readonly engine: EngineName;
  /**
   * `embedded` (the default), `server` for the target's own server, or the URL of a server. For SQLite it is
   * memory whatever is said here: nothing else could be cheaper or cleaner.
   */
  readonly dev?: string | undefined;
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
  if (engine === 'sqlite') {
    const { sqliteDevDatabase } = await import('./sqlite-dev-database.js');
    return sqliteDevDatabase();
  }
  if (dev === 'embedded') {
    const { openEmbeddedDev } = await import('./embedded-dev-database.js');
    return openEmbeddedDev();
  }
  const url = dev === 'server' ? target : parseDatabaseUrl(dev, { source: 'dev', env: process.env });
  if (url?.adapter !== 'server') throw noServer(dev);
  const { openServerDev } = await import('./server-dev-database.js');
  return await openServerDev(url);
}

function noServer(dev: string): TidemarkError {
  const message =
    dev === 'server'
      ? 'dev is "server", but the environment has no PostgreSQL server as its url'
      : 'dev names no PostgreSQL server';
  return new TidemarkError('dev-invalid', message, {
    exitCode: 2,
    hints: [
      "Use dev: 'embedded', which needs nothing (the default).",
      "Or name a server on which scratch databases may be made: dev: 'postgres://user@host:5432/postgres'.",
    ],
  });
}
