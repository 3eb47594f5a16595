import type { Connection } from '../database/connection.js';

/**
 * Names the user's tables and views. `exclude` holds patterns of the configuration (`name` or `main.name`
 * with `*`, optionally `kind:` in front).
 */
export async function userTables(
  connection: Connection,
  exclude: readonly string[],
  limit: number,
): Promise<readonly string[]> {
  const patterns = exclude.map((pattern) => globPattern(pattern.replace(/^[a-z ]+:/, '')));
  const rows = await connection.query<{ name: string }>(
    `SELECT name FROM sqlite_schema
      WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name NOT LIKE 'tidemark\\_%' ESCAPE '\\'
      ORDER BY name`,
  );
  return rows
    .map((row) => row.name)
    .filter((name) => !patterns.some((pattern) => pattern.test(name) || pattern.test(`main.${name}`)))
    .slice(0, limit);
}

function globPattern(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is');
}
