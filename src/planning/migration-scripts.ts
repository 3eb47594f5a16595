import { type Migration, reverseOf } from '../migrations/migration-file.js';
import { loadProgram } from '../migrations/program.js';
import type { ScriptFile } from './run-scripts.js';

/** A migration as a file that goes forward. */
export function upScript(migration: Migration): ScriptFile {
  const { path: name, up: sql } = migration;
  if (migration.language === 'sql') return { name, sql };
  return { name, sql, program: async () => (await loadProgram(migration)).upgrade };
}

/** Its reverse; undefined when it has none. Loads a program to know. */
export async function downScript(migration: Migration): Promise<ScriptFile | undefined> {
  const { path: name, up: sql, language } = migration;
  const down = reverseOf(migration);
  if (language === 'sql') return down && { name: down.path, sql: down.sql };
  const { downgrade } = await loadProgram(migration);
  return downgrade && { name, sql, program: async () => downgrade };
}
