import type { Connection } from '../../database/connection.js';
import { quoteIdent, quoteLiteral } from '../../postgres/identifiers.js';
import { formatMarker, type Marker, parseMarker, restoreNameKind } from './swap-marker.js';

/** A database that a restore of another made, or put aside. */
export interface RestoreDatabase {
  readonly name: string;
  readonly kind: 'beside' | 'kept';
  readonly owner: string;
  /** Undefined: killed between making it and saying what it is. */
  readonly marker: Marker | undefined;
}

/** All databases that restores of `database` left, whatever their state, oldest first. */
export async function restoreDatabases(
  connection: Connection,
  database: string,
): Promise<readonly RestoreDatabase[]> {
  const rows = await connection.query<{
    name: string;
    owner: string;
    allowed: boolean;
    comment: string | null;
  }>(
    `SELECT datname::text AS name, pg_catalog.pg_get_userbyid(datdba)::text AS owner, datallowconn AS allowed,
       pg_catalog.shobj_description(oid, 'pg_database') AS comment
     FROM pg_catalog.pg_database WHERE datname ~ '__(before_)?restore_[0-9a-f]{10}$' ORDER BY oid`,
  );
  return rows
    .flatMap(({ name, owner, allowed, comment }): RestoreDatabase[] => {
      const kind = restoreNameKind(name, database);
      const marker = parseMarker(comment);
      if (kind === undefined) return [];
      if (marker !== undefined) return marker.of === database ? [{ name, kind, owner, marker }] : [];
      // Made just before the kill: nobody could connect to it yet, and nothing is written on it.
      return kind === 'beside' && !allowed && comment === null
        ? [{ name, kind, owner, marker: undefined }]
        : [];
    })
    .sort((a, b) => (a.marker?.at ?? '').localeCompare(b.marker?.at ?? ''));
}

/**
 * Puts right what a restore left that was killed, under the lock of the name. Before the names are swapped nothing
 * has become of it: it is removed and the live database is opened again. Afterwards it is done, and what is left to
 * drop is dropped. Gives what was done, as sentences.
 */
export async function recoverRestores(connection: Connection, database: string): Promise<string[]> {
  const done: string[] = [];
  for (const { name, kind, marker } of await restoreDatabases(connection, database)) {
    if (marker?.state === 'kept') continue;
    if (marker?.state === 'swapping') {
      const [live] = await connection.query<{ allowed: boolean }>(
        'SELECT datallowconn AS allowed FROM pg_catalog.pg_database WHERE datname = $1',
        [database],
      );
      if (live !== undefined && !live.allowed) {
        await connection.executeAll([`ALTER DATABASE ${quoteIdent(database)} ALLOW_CONNECTIONS true`]);
        done.push(`A swap was cut off: "${database}" takes connections again, as it was before.`);
      }
      if (kind === 'kept') {
        await connection.executeAll([
          'BEGIN',
          `ALTER DATABASE ${quoteIdent(name)} ALLOW_CONNECTIONS true`,
          commentOn(name, formatMarker({ ...marker, state: 'kept' })),
          'COMMIT',
        ]);
        continue;
      }
    }
    await dropDatabase(connection, name);
    done.push(
      marker?.state === 'dropping'
        ? `"${name}" was removed: a restore that was cut off should have done so.`
        : `"${name}" was removed: a restore that was cut off had left it.`,
    );
  }
  return done;
}

export async function dropDatabase(connection: Connection, name: string): Promise<void> {
  await connection.executeAll([`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`]);
}

/** The statement that writes a database's comment. */
export function commentOn(name: string, comment: string | null): string {
  return `COMMENT ON DATABASE ${quoteIdent(name)} IS ${comment === null ? 'NULL' : quoteLiteral(comment)}`;
}
