import type { Connection } from '../database/connection.js';
import type { Manifest, ManifestTable } from './manifest.js';
import { readMigrations } from './postgres/read-facts.js';

/** More than this many tables that differ are only counted. */
const SHOWN = 20;

/**
 * Compares a restored database with the manifest of its backup: tables and their rows, extensions, migrations. Gives
 * what differs, as sentences without a full stop.
 *
 * @param tables of the restored database, as the engine counts them
 */
export async function compareRestored(
  manifest: Manifest,
  restored: Connection,
  tables: readonly ManifestTable[],
): Promise<string[]> {
  return [
    ...tableDifferences(manifest.tables, tables),
    ...(await extensionDifferences(manifest, restored)),
    ...(await headDifferences(manifest, restored)),
  ];
}

function tableDifferences(wanted: readonly ManifestTable[], found: readonly ManifestTable[]): string[] {
  const counts = new Map(found.map((table) => [nameOf(table), table.rows]));
  const differences = wanted.flatMap((table) => {
    const name = nameOf(table);
    const rows = counts.get(name);
    if (rows === undefined) return [`table ${name} is missing`];
    // Its rows were left out on purpose.
    if (table.rows === null || rows === table.rows) return [];
    return [`table ${name} has ${rows} rows, not ${table.rows}`];
  });
  const known = new Set(wanted.map(nameOf));
  differences.push(
    ...found
      .filter((table) => !known.has(nameOf(table)))
      .map((table) => `table ${nameOf(table)} is there, but not in the manifest`),
  );
  const more = differences.length - SHOWN;
  return more > 0 ? [...differences.slice(0, SHOWN), `${more} more tables differ`] : differences;
}

async function extensionDifferences({ globals }: Manifest, restored: Connection): Promise<string[]> {
  if (restored.engine !== 'postgres' || globals === null) return [];
  const rows = await restored.query<{ name: string }>(
    'SELECT extname::text AS name FROM pg_catalog.pg_extension',
  );
  const there = new Set(rows.map(({ name }) => name));
  return globals.extensions
    .filter(({ name }) => !there.has(name))
    .map(({ name }) => `extension "${name}" is missing`);
}

async function headDifferences({ migrations }: Manifest, restored: Connection): Promise<string[]> {
  const heads = [...((await readMigrations(restored))?.heads ?? [])].sort();
  const wanted = [...(migrations?.heads ?? [])].sort();
  if (heads.join() === wanted.join()) return [];
  return [`its migrations are at ${heads.join(', ') || 'nothing'}, not at ${wanted.join(', ') || 'nothing'}`];
}

function nameOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === '' ? name : `${schema}.${name}`;
}
