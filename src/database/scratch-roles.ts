import { type Connection, DatabaseError } from './connection.js';
import { isScratchName } from './scratch-name.js';

const DUPLICATE_OBJECT = '42710';
/** How the comment on a role begins that was made because SQL names it, not because it makes it. */
export const SCRATCH_ROLE_MARK = 'made by Tidemark for the scratch database ';

/** Makes a role that nobody can log in as. */
export function createRole(name: string): string {
  return `CREATE ROLE ${quoted(name)} NOLOGIN`;
}

/** The same, with the comment that tells it from one that SQL makes. */
export function createNamedRole(name: string, database: string): string[] {
  return [createRole(name), `COMMENT ON ROLE ${quoted(name)} IS '${SCRATCH_ROLE_MARK}${database}'`];
}

/**
 * Makes the roles that the server does not have, each with a comment that says for which scratch database, and gives
 * those. Roles belong to the whole server: whoever calls this drops them again.
 */
export async function makeScratchRoles(
  maintenance: Connection,
  roles: readonly string[],
  database: string,
): Promise<string[]> {
  const made: string[] = [];
  for (const role of roles) {
    try {
      await maintenance.executeAll(['BEGIN', ...createNamedRole(role, database), 'COMMIT']);
      made.push(role);
    } catch (error) {
      await maintenance.executeAll(['ROLLBACK']);
      if (!(error instanceof DatabaseError) || error.sqlstate !== DUPLICATE_OBJECT) throw error;
    }
  }
  return made;
}

/** Drops roles made by `makeScratchRoles`. One that another run has begun to use stays, until a later run finds it. */
export async function dropScratchRoles(maintenance: Connection, roles: readonly string[]): Promise<void> {
  for (const role of roles) {
    await maintenance.executeAll([`DROP ROLE IF EXISTS ${quoted(role)}`]).catch(() => {});
  }
}

/** Drops the roles that killed runs left: those whose scratch database is gone. */
export async function dropLeftoverRoles(maintenance: Connection): Promise<void> {
  const rows = await maintenance.query<{ role: string; database: string; there: boolean }>(
    `SELECT r.rolname::text AS role, m.name AS database,
            EXISTS (SELECT FROM pg_database d WHERE d.datname = m.name) AS there
       FROM pg_roles r
      CROSS JOIN LATERAL (SELECT substr(shobj_description(r.oid, 'pg_authid'), ${SCRATCH_ROLE_MARK.length + 1}) AS name) m
      WHERE starts_with(shobj_description(r.oid, 'pg_authid'), '${SCRATCH_ROLE_MARK}')`,
  );
  const left = rows.filter(({ database, there }) => !there && isScratchName(database));
  await dropScratchRoles(
    maintenance,
    left.map(({ role }) => role),
  );
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
