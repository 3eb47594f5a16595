import type { Connection } from '../../src/database/connection.js';

/**
 * Makes roles that are not there yet, NOLOGIN. Roles belong to the whole server, so the tests share them, nobody
 * drops them, and two tests may be making the same one.
 * @param roles names as SQL writes them
 */
export async function ensureRoles(connection: Connection, roles: readonly string[]): Promise<void> {
  await connection.executeAll(
    roles.map(
      (role) =>
        `DO $ensure$ BEGIN CREATE ROLE ${role} NOLOGIN;
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $ensure$`,
    ),
  );
}
