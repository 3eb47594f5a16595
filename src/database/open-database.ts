import { TidemarkError } from '../errors.js';
import type { Connection } from './connection.js';
import type { DatabaseUrl } from './database-url.js';

/**
 * Opens a session with a database. The adapter, and the driver behind it, is loaded only now.
 * @throws TidemarkError as `connectPostgres` and `openEmbedded` do; `not-supported` for SQLite
 */
export async function openDatabase(url: DatabaseUrl): Promise<Connection> {
  switch (url.adapter) {
    case 'server': {
      const { connectPostgres } = await import('./postgres-server.js');
      return await connectPostgres(url);
    }
    case 'embedded': {
      const { openEmbedded } = await import('./embedded-postgres.js');
      return await openEmbedded(url);
    }
    case 'sqlite':
      throw new TidemarkError('not-supported', 'SQLite comes with the SQLite engine, which is not here yet', {
        hints: ['Use a postgres:// or pglite: URL.'],
      });
  }
}
