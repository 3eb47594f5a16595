import type { Connection } from '../database/connection.js';
import { makeSchema, objectPath, type Schema } from '../schema/object.js';
import { usualOwners } from './owned-catalogs.js';

/** The names of the roles whose objects have no fact about their owner. */
export async function readUsualOwners(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query<{ role: string }>(
    `SELECT DISTINCT pg_get_userbyid(o.owner) AS role FROM (${usualOwners()}) u CROSS JOIN LATERAL unnest(u.roles) o(owner)`,
  );
  return rows.map(({ role }) => role);
}

/**
 * What is wanted of a database, without the owners (and the connected role) that it has: where it is silent about an object's owner, that is
 * one of its usual ones, and a wanted owner of that name is no difference.
 */
export function withoutOwnersOf(wanted: Schema, live: Schema, usual: readonly string[]): Schema {
  // The connected role is none of those that are read, and is there.
  const isThere = (id: string | null) =>
    id?.startsWith('role:') === true && !live.objects.has(id) && usual.includes(objectPath(id)[0]!);
  const left = [...wanted.objects.values()].filter(
    ({ id, kind, parent, props }) =>
      !isThere(id) &&
      !isThere(parent) &&
      (kind !== 'owner' ||
        !usual.includes(String(props.role)) ||
        !live.objects.has(parent!) ||
        live.objects.has(id)),
  );
  return left.length === wanted.objects.size
    ? wanted
    : makeSchema(wanted.engine, wanted.engineVersion, left, wanted.unmanaged);
}
