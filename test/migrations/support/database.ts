import type { Connection } from '../../../src/database/connection.js';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { postgresDialect } from '../../../src/postgres/dialect.js';

export const splitter = postgresDialect;

/** Opens the address that `freshDatabase` gives. */
export function connect(url: string): Promise<Connection> {
  return openDatabase(parseDatabaseUrl(url));
}
