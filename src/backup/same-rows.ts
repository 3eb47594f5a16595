import type { ManifestTable } from './manifest.js';
import type { OpenBackup } from './open-backup.js';
import { damaged } from './stored-backup.js';

/**
 * Throws `backup-damaged` for tables and rows that are not those of the manifest.
 *
 * @param what was restored, as the beginning of a sentence: `its SQL`
 */
export function requireSameRows(backup: OpenBackup, found: readonly ManifestTable[], what: string): void {
  const key = ({ schema, name }: ManifestTable) => JSON.stringify([schema, name]);
  const rows = new Map(found.map((table) => [key(table), table.rows]));
  for (const table of backup.manifest.tables) {
    const restored = rows.get(key(table));
    const name = table.schema === '' ? table.name : `${table.schema}.${table.name}`;
    if (restored === undefined) throw damaged(backup.label, `${what} lacks the table ${name}`);
    if (table.rows !== null && restored !== table.rows)
      throw damaged(backup.label, `${what} has ${restored} rows in ${name}, and should have ${table.rows}`);
    rows.delete(key(table));
  }
  const [more] = rows.keys();
  if (more !== undefined) throw damaged(backup.label, `${what} has a table that it should not have: ${more}`);
}
