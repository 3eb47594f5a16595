import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDatabaseUrl, safeUrl } from '../database/database-url.js';
import { TidemarkError } from '../errors.js';
import { SUM_FILE } from '../migrations/checksum.js';
import { type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import { upScript } from './migration-scripts.js';
import { readSchemaFiles } from './schema-files.js';
import type { StateSource } from './state-source.js';

/**
 * Makes a state source of what a person types:
 * - `empty`
 * - a database URL (`postgres://…`, `pglite:…`)
 * - `migrations:FOLDER@REVISION`, or the plain path of a migrations folder (it has a `tidemark.sum`),
 *   with or without `@REVISION`; without FOLDER the environment's
 * - the path of a .sql file, a folder of them, or a glob
 *
 * Paths are relative to `base`. Throws `state-unknown`, and what reading files throws.
 */
export async function resolveSource(
  text: string,
  options: { readonly base: string; readonly migrations: string },
): Promise<StateSource> {
  if (text === 'empty') return { type: 'empty', label: 'nothing' };
  const named = /^migrations:(.*?)(?:@([^@]*))?$/.exec(text);
  if (named)
    return migrationsSource(named[1] ? resolve(options.base, named[1]) : options.migrations, named[2]);
  if (/^[a-z][a-z0-9+]+:/i.test(text) && !/^[a-z]:[\\/]/i.test(text)) {
    const url = parseDatabaseUrl(text);
    return { type: 'database', label: safeUrl(url), url };
  }
  const path = resolve(options.base, text);
  if (await isMigrationFolder(path)) return migrationsSource(path, undefined);
  const at = text.lastIndexOf('@');
  if (at > 0 && !existsSync(path)) {
    const folder = resolve(options.base, text.slice(0, at));
    if (await isMigrationFolder(folder)) return migrationsSource(folder, text.slice(at + 1));
  }
  return { type: 'scripts', label: text, files: await readSchemaFiles([text], options.base) };
}

/** The state after the migrations of a folder, up to and including a revision. */
export async function migrationsSource(path: string, revision: string | undefined): Promise<StateSource> {
  return migrationState(await readMigrationFolder(path), revision);
}

/** The state after migrations that were already read. An absent, `head` or empty revision means all of them. */
export function migrationState(folder: MigrationFolder, revision: string | undefined): StateSource {
  const all = folder.migrations;
  const last =
    revision === undefined || revision === '' || revision === 'head'
      ? all.length
      : indexOfRevision(folder, revision) + 1;
  const files = all.slice(0, last).map(upScript);
  const label = `${folder.path}${revision ? `@${revision}` : ''}`;
  return files.length === 0 ? { type: 'empty', label } : { type: 'scripts', label, files };
}

function indexOfRevision(folder: MigrationFolder, revision: string): number {
  if (revision === 'base') return -1;
  const exact = folder.migrations.findIndex((migration) => migration.version === revision);
  if (exact !== -1) return exact;
  const matches = folder.migrations.filter((migration) => migration.version.startsWith(revision));
  const [only] = matches;
  if (only && matches.length === 1) return folder.migrations.indexOf(only);
  throw new TidemarkError(
    'revision-unknown',
    matches.length > 1
      ? `revision ${revision} is ambiguous: ${matches.map((migration) => migration.version).join(', ')}`
      : `no migration ${revision} in ${folder.path}`,
    { exitCode: 2, hints: ['`tidemark migrate history` lists the revisions.'] },
  );
}

async function isMigrationFolder(path: string): Promise<boolean> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind?.isDirectory()) return false;
  if (existsSync(join(path, SUM_FILE))) return true;
  const names = (await readdir(path)).filter((name) => /\.(?:sql|[cm]?[jt]s)$/.test(name));
  return names.length > 0 && names.every((name) => /^\d{4,}_/.test(name));
}
