import { PGlite } from '@electric-sql/pglite';
import { btree_gin } from '@electric-sql/pglite/contrib/btree_gin';
import { citext } from '@electric-sql/pglite/contrib/citext';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { vector } from '@electric-sql/pglite-pgvector';
import { Client } from 'pg';

export type PlainRow = Record<string, unknown>;

/** A session by the plain driver of either engine, so that a check does not lean on what it checks. */
export interface Session {
  /** One statement with parameters. */
  query(sql: string, parameters?: unknown[]): Promise<PlainRow[]>;
  /** A whole script. */
  run(sql: string): Promise<void>;
  close(): Promise<void>;
}

/** @param url what `freshDatabase` gives: `postgres://…` or `pglite:folder` */
export async function openSession(url: string): Promise<Session> {
  if (url.startsWith('pglite:')) {
    const database = await PGlite.create(url.slice('pglite:'.length), {
      extensions: { vector, citext, pg_trgm, btree_gin, pgcrypto },
    });
    return {
      query: async (sql, parameters) => (await database.query<PlainRow>(sql, parameters)).rows,
      run: async (sql) => void (await database.exec(sql)),
      close: () => database.close(),
    };
  }
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    query: async (sql, parameters) => (await client.query<PlainRow>(sql, parameters)).rows,
    run: async (sql) => void (await client.query(sql)),
    close: () => client.end(),
  };
}
