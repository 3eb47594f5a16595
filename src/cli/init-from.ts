import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type DatabaseUrl, parseDatabaseUrl, safeUrl } from '../database/database-url.js';
import { TidemarkError } from '../errors.js';
import { readMigrationFolder } from '../migrations/folder.js';
import type { Context } from './context.js';
import { openWorkbench, reportNotes, unmanagedNames } from './planning.js';

/** What `init --from` found in a database and has written of it. */
export interface Adopted {
  /** The database's URL as the configuration is to have it. */
  readonly url: string;
  readonly schema: string;
  /** The revision that makes the schema from nothing; null for an empty database. */
  readonly revision: string | null;
  /** Names of the migration's files within the migrations folder. */
  readonly files: readonly string[];
}

/**
 * Reads a database that exists, writes the migration that would make it from nothing, proven, and gives its schema.
 * The database is only read. Throws `schema-exists` and `migrations-exist` before anything is read.
 */
export async function adoptDatabase(context: Context, from: string, folder: string): Promise<Adopted> {
  requireNew(folder);
  await context.environment();
  const database = parseDatabaseUrl(from, { folder: context.cwd, env: context.env, source: '--from' });
  context.keepSecret(database);
  const source = { type: 'database', label: safeUrl(database), url: database } as const;
  const bench = await openWorkbench(context, [source]);
  const { openDatabase } = await import('../database/open-database.js');
  const { adoptSchema, schemaState } = await import('../planning/adopt-schema.js');
  const { generateMigration } = await import('../planning/generate-migration.js');
  const open = (url: DatabaseUrl) => openDatabase(url, { missing: 'refuse' });
  context.output.progress('reading the database …');
  const { sql, unmanaged, differences } = await adoptSchema(bench, source, { open });
  for (const difference of differences) {
    context.output.warn(`written down, it is not quite what the database has: ${difference}`);
  }
  const names = unmanagedNames(unmanaged);
  if (names.length > 0)
    context.output.warn(`not in schema.sql, because it is not managed: ${names.join(', ')}`);
  const url = configUrl(from, database, folder);
  if (database.adapter === 'server' && url !== from) {
    context.output.warn('the password is not written down; put it into .env as PGPASSWORD');
  }
  if (sql === '') return { url, schema: sql, revision: null, files: [] };
  context.output.progress('proving the first migration …');
  const migrations = await readMigrationFolder(join(folder, 'migrations'));
  const written = await generateMigration(bench, {
    folder: migrations,
    wanted: schemaState(sql),
    name: 'baseline',
    plan: { open },
  });
  reportNotes(context, bench);
  if (!written.changed) throw new Error('a schema with SQL needs a migration');
  return { url, schema: sql, revision: written.revision, files: written.files };
}

function requireNew(folder: string): void {
  if (existsSync(join(folder, 'schema.sql'))) {
    throw new TidemarkError('schema-exists', `there is a schema.sql in ${folder} already`, {
      exitCode: 4,
      hints: ['`tidemark schema inspect --output FILE` writes a database down without starting a project.'],
    });
  }
  const migrations = join(folder, 'migrations');
  if (existsSync(migrations) && readdirSync(migrations).some((name) => !name.startsWith('.'))) {
    throw new TidemarkError('migrations-exist', `there are files in ${migrations} already`, {
      exitCode: 4,
      hints: [
        '`tidemark migrate import` brings the migrations of another tool in.',
        '`tidemark schema inspect --output schema.sql` writes the database down, and `tidemark status` compares.',
      ],
    });
  }
}

/** Never with the password; a path is written as seen from the configuration. */
function configUrl(text: string, url: DatabaseUrl, folder: string): string {
  if (url.adapter === 'server') return withoutPassword(text);
  if (url.path === undefined) return text;
  const path = relative(folder, url.path).split(sep).join('/');
  const scheme = url.adapter === 'sqlite' ? 'sqlite' : 'pglite';
  return `${scheme}:${path.startsWith('..') ? path : `./${path}`}`;
}

function withoutPassword(text: string): string {
  return text
    .replace(/^([a-z0-9+]+:\/\/[^:@/]*):.*@(?=[^@]*$)/is, '$1@')
    .replace(/([?&])password=[^&]*&?/gi, '$1')
    .replace(/[?&]$/, '');
}
