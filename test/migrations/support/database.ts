import { PGlite } from '@electric-sql/pglite';
import { type Connection, DatabaseError } from '../../../src/database/connection.js';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { connectPostgres } from '../../../src/database/postgres-server.js';
import { splitScript } from '../../../src/postgres/split-script.js';
import type { Dialect } from '../../../src/schema/dialect.js';

/** The runner asks a dialect for nothing but this. */
export const splitter = {
  name: 'postgres',
  splitScript,
} as unknown as Dialect;

/** Opens the address that `freshDatabase` gives. */
export async function connect(url: string): Promise<Connection> {
  const parsed = parseDatabaseUrl(url);
  if (parsed.engine === 'postgres' && 'host' in parsed) return connectPostgres(parsed);
  return connectEmbedded(url.slice('pglite:'.length));
}

async function connectEmbedded(folder: string): Promise<Connection> {
  const database = await PGlite.create(folder);
  const translate = (error: unknown, statement: number): DatabaseError => {
    const { message, code, position, detail, hint } = error as Record<string, string | undefined>;
    return new DatabaseError(message ?? String(error), {
      sqlstate: code,
      statement,
      position: position === undefined ? undefined : Number(position) - 1,
      detail,
      hint,
    });
  };
  return {
    engine: 'postgres',
    version: 'PostgreSQL 18 (embedded)',
    versionNumber: 180000,
    embedded: true,
    label: url(folder),
    onNotice: undefined,
    async query<R extends object>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
      try {
        return (await database.query<R>(sql, [...parameters])).rows;
      } catch (error) {
        throw translate(error, 0);
      }
    },
    async executeAll(statements) {
      for (const [index, statement] of statements.entries()) {
        try {
          await database.exec(statement);
        } catch (error) {
          throw translate(error, index);
        }
      }
    },
    close: () => database.close(),
  };
}

function url(folder: string): string {
  return `pglite:${folder}`;
}
