import type { DevDatabase } from './dev-database.js';
import { connectSqlite } from './sqlite-connection.js';
import { sqliteDriver } from './sqlite-driver.js';

/**
 * A dev database in memory. A new one for every scratch costs less than a millisecond and leaves no setting
 * behind. There is never a transaction around the work: inside one, PRAGMA foreign_keys would do nothing.
 */
export async function sqliteDevDatabase(): Promise<DevDatabase> {
  const driver = await sqliteDriver();
  const open = (quotedStrings = false) =>
    connectSqlite({ engine: 'sqlite', adapter: 'sqlite', path: undefined }, driver, undefined, quotedStrings);
  const first = await open();
  const { version, versionNumber } = first;
  await first.close();
  return {
    label: `${version} in memory`,
    fingerprint: version,
    engineVersion: versionNumber,
    async scratch(work, options) {
      const connection = await open(options?.existing);
      try {
        return await work(connection);
      } finally {
        await connection.close();
      }
    },
    async close() {},
  };
}
