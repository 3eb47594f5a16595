import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseDatabaseUrl, safeUrl } from '../database/database-url.js';
import { SUM_FILE } from '../migrations/checksum.js';
import { migrationsInOrder } from '../migrations/compare-history.js';
import { type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import { ancestorsOf } from '../migrations/graph/reach.js';
import { buildGraph } from '../migrations/graph/revision-graph.js';
import { parsePlace, resolvePlace } from '../migrations/graph/target.js';
import type { Migration } from '../migrations/migration-file.js';
import { namedOriginals, unfoldSquashes } from '../migrations/unfold-squashes.js';
import { upScript } from './migration-scripts.js';
import { readSchemaFiles } from './schema-files.js';
import type { StateSource } from './state-source.js';

/**
 * Makes a state source of what a person types:
 * - `empty`
 * - a database URL (`postgres://…`, `pglite:…`, `sqlite:…`)
 * - `migrations:FOLDER@REVISION`, or the plain path of a migrations folder (it has a `tidemark.sum`),
 *   with or without `@REVISION`; without FOLDER the environment's
 * - the path of a .sql file, a folder of them, or a glob
 *
 * Paths are relative to `base`; what a URL leaves out comes from `env`, as in `parseDatabaseUrl`. Throws
 * `url-invalid`, `revision-unknown`, `migrations-missing`, and what reading files throws.
 */
export async function resolveSource(
  text: string,
  options: {
    readonly base: string;
    /** Reads the environment's migrations. */
    readonly migrations: () => Promise<MigrationFolder>;
    readonly env: Readonly<Record<string, string | undefined>>;
    /** What messages call the text: `--from`. */
    readonly source?: string;
  },
): Promise<StateSource> {
  if (text === 'empty') return { type: 'empty', label: 'nothing' };
  const named = /^migrations:(.*?)(?:@([^@]*))?$/.exec(text);
  if (named) {
    const folder = named[1] && resolve(options.base, named[1]);
    return migrationState(
      await (folder ? readMigrationFolder(folder, { mustExist: true }) : options.migrations()),
      named[2],
    );
  }
  if (/^[a-z][a-z0-9+]+:/i.test(text) && !/^[a-z]:[\\/]/i.test(text)) {
    const url = parseDatabaseUrl(text, {
      folder: options.base,
      env: options.env,
      ...(options.source === undefined ? {} : { source: options.source }),
    });
    return { type: 'database', label: safeUrl(url), url };
  }
  const path = resolve(options.base, text);
  if (await isMigrationFolder(path)) return migrationState(await readMigrationFolder(path), undefined);
  const at = text.lastIndexOf('@');
  if (at > 0 && !existsSync(path)) {
    const folder = resolve(options.base, text.slice(0, at));
    if (await isMigrationFolder(folder))
      return migrationState(await readMigrationFolder(folder), text.slice(at + 1));
  }
  return { type: 'scripts', label: text, files: await readSchemaFiles([text], options.base) };
}

/**
 * The state after migrations that were already read: all of them, or (with a revision) that one and everything it
 * needs. Throws as `parsePlace` and `resolvePlace`.
 */
export function migrationState(folder: MigrationFolder, revision: string | undefined): StateSource {
  const all = revision === undefined || revision === '';
  const files = (all ? migrationsInOrder(folder) : upTo(folder, revision)).map(upScript);
  const label = `${folder.path}${revision ? `@${revision}` : ''}`;
  return files.length === 0 ? { type: 'empty', label } : { type: 'scripts', label, files };
}

function upTo(folder: MigrationFolder, revision: string): Migration[] {
  const { migrations, inputs } = unfoldSquashes(folder, [], namedOriginals(folder, [revision]));
  const graph = buildGraph(inputs);
  const files = new Map(migrations.map((migration) => [migration.version, migration]));
  const wanted = ancestorsOf(graph, resolvePlace(graph, new Set(), parsePlace(graph, revision)).ids);
  return graph.order.flatMap(({ id }) => (wanted.has(id) ? (files.get(id) ?? []) : []));
}

async function isMigrationFolder(path: string): Promise<boolean> {
  const kind = await stat(path).catch(() => undefined);
  if (!kind?.isDirectory()) return false;
  if (existsSync(join(path, SUM_FILE))) return true;
  const names = (await readdir(path)).filter((name) => /\.(?:sql|[cm]?[jt]s)$/.test(name));
  return names.length > 0 && names.every((name) => /^\d{4,}_/.test(name));
}
