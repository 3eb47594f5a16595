import type { Connection } from '../database/connection.js';
import type { ObjectFilter } from '../schema/dialect.js';
import { patternParts } from '../schema/object-filter.js';

/**
 * Names the user's tables and views. The filter holds patterns of the configuration (`name` or `main.name`
 * with `*`, optionally `kind:` in front).
 */
export async function userTables(
  connection: Connection,
  { exclude, include }: ObjectFilter,
  limit: number,
): Promise<readonly string[]> {
  const some = (patterns: readonly string[], name: string) =>
    patterns
      .map((pattern) => globPattern(patternParts(pattern).name))
      .some((pattern) => pattern.test(name) || pattern.test(`main.${name}`));
  const rows = await connection.query<{ name: string }>(
    `SELECT name FROM sqlite_schema
      WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        AND name NOT LIKE 'tidemark\\_%' ESCAPE '\\'
      ORDER BY name`,
  );
  return rows
    .map((row) => row.name)
    .filter((name) => !some(exclude, name) && (include === undefined || some(include, name)))
    .slice(0, limit);
}

function globPattern(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'is');
}
