import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { TidemarkError } from '../errors.js';
import { compareText } from '../schema/object.js';
import type { ScriptFile } from './run-scripts.js';

/**
 * Reads schema files: each path is a file, a folder (all `.sql` files in it and below, sorted by path) or
 * a glob. Order: as listed, then by path; a file named twice counts once. Names in the result are relative
 * to `base`. Throws `schema-missing` when a path names nothing and `schema-unreadable` for what is no UTF-8 text.
 */
export async function readSchemaFiles(paths: readonly string[], base: string): Promise<ScriptFile[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const files = await expand(path, base);
    if (files.length === 0) throw missing(path);
    for (const file of files) found.add(file);
  }
  return Promise.all([...found].map((file) => readScript(file, base)));
}

async function expand(path: string, base: string): Promise<string[]> {
  const full = resolve(base, path);
  const kind = await stat(full).catch(() => undefined);
  if (kind?.isFile()) return [full];
  if (kind?.isDirectory()) {
    const entries = await readdir(full, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.sql'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort(compareText);
  }
  if (!/[*?[\]{}]/.test(path)) return [];
  const { glob } = await import('tinyglobby');
  const matches = await glob(path.split(sep).join('/'), { cwd: base, absolute: true, onlyFiles: true });
  return matches.sort(compareText);
}

/** Reads one file of SQL as UTF-8. */
export async function readScript(file: string, base: string): Promise<ScriptFile> {
  const name = relative(base, file) || file;
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new TidemarkError('schema-unreadable', `cannot read ${name}: ${error.message}`, {
      exitCode: 2,
      cause: error,
    });
  });
  try {
    return {
      name: name.startsWith('..') ? file : name,
      sql: new TextDecoder('utf-8', { fatal: true }).decode(bytes),
    };
  } catch {
    throw new TidemarkError('schema-unreadable', `${name} is not UTF-8 text`, {
      exitCode: 2,
      hints: ['Save the file as UTF-8; PowerShell and some editors write UTF-16.'],
    });
  }
}

function missing(path: string): TidemarkError {
  return new TidemarkError('schema-missing', `no schema file found at ${path}`, {
    exitCode: 2,
    hints: [
      'Name a file, a folder with .sql files, or a glob: --schema schema.sql, or `schema` in tidemark.config.ts.',
      '`tidemark init` writes a first schema.sql; `tidemark schema inspect > schema.sql` writes down what a database has.',
      'With migrations: `tidemark schema inspect migrations:FOLDER > schema.sql` writes down what they make.',
    ],
  });
}
