import type { Connection } from './connection.js';
import { type DatabaseUrl, safeUrl } from './database-url.js';
import { isMissing, noDatabase } from './missing-database.js';

/**
 * What opening does about a file or folder that is not there:
 * - `create`: makes it
 * - `refuse`: throws `cannot-connect`, for who only looks at what must be there
 * - `empty`: gives an empty database in memory under its name, for who only looks at what a run would find
 */
export type WhenMissing = 'create' | 'refuse' | 'empty';

/**
 * Opens a session with a database. The adapter, and the driver behind it, is loaded only now.
 * @throws TidemarkError as `connectPostgres`, `openEmbedded` and `connectSqlite` do
 */
export async function openDatabase(
  url: DatabaseUrl,
  { missing = 'create' }: { readonly missing?: WhenMissing } = {},
): Promise<Connection> {
  const absent = missing !== 'create' && isMissing(url);
  if (absent && missing === 'refuse') throw noDatabase(url);
  switch (url.adapter) {
    case 'server': {
      const { connectPostgres } = await import('./postgres-server.js');
      return await connectPostgres(url);
    }
    case 'embedded': {
      const { openEmbedded } = await import('./embedded-postgres.js');
      return await openEmbedded(absent ? { label: safeUrl(url) } : url);
    }
    case 'sqlite': {
      const { connectSqlite } = await import('./sqlite-connection.js');
      return await connectSqlite(absent ? { ...url, path: undefined } : url, undefined, safeUrl(url));
    }
  }
}
