import type { Connection } from './connection.js';
import type { DatabaseUrl } from './database-url.js';

/**
 * Opens a session with a database. The adapter, and the driver behind it, is loaded only now.
 * @throws TidemarkError as `connectPostgres`, `openEmbedded` and `connectSqlite` do
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
    case 'sqlite': {
      const { connectSqlite } = await import('./sqlite-connection.js');
      return await connectSqlite(url);
    }
  }
}
