import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { compareText } from '../schema/object.js';
import {
  checksumOf,
  compareSums,
  parseSum,
  SUM_FILE,
  type SumDifference,
  type Sums,
  sortSums,
} from './checksum.js';
import { type Directives, programComments, readDirectives } from './directives.js';
import { decodeMigration, type FileName, type Migration, parseFileName } from './migration-file.js';
import { compareVersions } from './version.js';

/** A migrations folder as it was at one moment. */
export interface MigrationFolder {
  readonly path: string;
  /** In order of version. */
  readonly migrations: readonly Migration[];
  /** Checksums of all files, the down files too. */
  readonly sums: Sums;
  /** What `tidemark.sum` lists; undefined when there is none. */
  readonly listed: Sums | undefined;
  /** How the two differ. Without a `tidemark.sum` every file counts as added. */
  readonly difference: SumDifference;
}

interface FoundFile extends FileName {
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

/**
 * Reads a migrations folder. Files that are no migrations, hidden files and subfolders are left alone; a folder
 * that does not exist is an empty one, unless it must: then `migrations-missing` is thrown (exit code 2), for a
 * mistyped name must not pass for "nothing to do". Throws TidemarkError: `migration-name-invalid`,
 * `migration-encoding`, `migration-unreadable`, `migration-empty` (no bytes and
 * not in the sum: half-written), `migration-duplicate`, `migration-orphan-down`, `sum-invalid`, and those
 * of the directives. That the sum differs is no error here: it is a result.
 */
export async function readMigrationFolder(
  path: string,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Promise<MigrationFolder> {
  if (mustExist && !existsSync(path)) throw missing(path);
  const names = listFolder(path);
  const listed = names.includes(SUM_FILE)
    ? parseSum(decodeMigration(readBytes(join(path, SUM_FILE)), join(path, SUM_FILE)), join(path, SUM_FILE))
    : undefined;
  const files = names.map((name) => readOne(path, name)).filter((file) => file !== undefined);
  for (const file of files) {
    if (file.role === 'up' && file.text.trim() === '' && !listed?.has(file.file)) {
      throw new TidemarkError('migration-empty', `${file.path} is empty and not listed in ${SUM_FILE}`, {
        hints: ['It was probably written half: restore its text or delete it.'],
      });
    }
  }
  const sums = sortSums(files.map((file) => [file.file, checksumOf(file.text)]));
  return {
    path,
    migrations: pair(files, sums),
    sums,
    listed,
    difference: compareSums(sums, listed ?? new Map()),
  };
}

function missing(path: string): TidemarkError {
  return new TidemarkError('migrations-missing', `there is no migrations folder ${path}`, {
    exitCode: 2,
    hints: [
      'Correct the name (--migrations, or `migrations` in the configuration).',
      'In a new project "tidemark migrate diff NAME" makes the folder with the first migration.',
    ],
  });
}

function listFolder(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort(compareText);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error);
  }
}

function readOne(folder: string, file: string): FoundFile | undefined {
  const path = join(folder, file);
  const parsed = parseFileName(file);
  if (parsed === undefined) return undefined;
  return { ...parsed, file, path, text: decodeMigration(readBytes(path), path) };
}

/** Small files by the hundred: handing each to the thread pool and back costs more than reading it. */
function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): TidemarkError {
  const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
  return new TidemarkError('migration-unreadable', `cannot read ${path} (${why})`, {
    hints: ['Check that the path is right and that you may read it.'],
    cause,
  });
}

function pair(files: readonly FoundFile[], sums: Sums): Migration[] {
  const ups = files.filter((file) => file.role === 'up').sort(byVersion);
  for (const [index, file] of ups.entries()) {
    const before = ups[index - 1];
    if (before !== undefined && compareVersions(before.version, file.version) === 0) {
      throw new TidemarkError(
        'migration-duplicate',
        `${before.file} and ${file.file} have the same version ${file.version}`,
        { hints: ['Give one of them a later version; "tidemark migrate new" picks one.'] },
      );
    }
  }
  const downs = new Map(files.filter((file) => file.role === 'down').map((file) => [key(file), file]));
  const migrations = ups.map((up) => {
    const down = up.language === 'sql' ? downs.get(key(up)) : undefined;
    if (down !== undefined) downs.delete(key(up));
    return toMigration(up, down, sums);
  });
  const [orphan] = downs.values();
  if (orphan !== undefined) {
    throw new TidemarkError(
      'migration-orphan-down',
      `${orphan.path} reverses a migration that is not there`,
      {
        hints: [
          `Expected ${orphan.file.replace(/\.down\.sql$/i, '.sql')} beside it: restore that file or delete this one.`,
        ],
      },
    );
  }
  return migrations;
}

function key(file: FileName): string {
  return `${file.version}_${file.name}`;
}

function byVersion(a: FoundFile, b: FoundFile): number {
  return compareVersions(a.version, b.version) || compareText(a.file, b.file);
}

function toMigration(up: FoundFile, down: FoundFile | undefined, sums: Sums): Migration {
  return {
    version: up.version,
    name: up.name,
    file: up.file,
    path: up.path,
    up: up.text,
    checksum: sums.get(up.file)!,
    directives: directivesOf(up),
    language: up.language,
    down:
      down === undefined
        ? undefined
        : {
            file: down.file,
            path: down.path,
            sql: down.text,
            checksum: sums.get(down.file)!,
            transaction: readDirectives(down.text, down.path, 'down').transaction,
          },
  };
}

function directivesOf({ text, path, language }: FoundFile): Directives {
  if (language === 'sql') return readDirectives(text, path);
  const directives = readDirectives(programComments(text), path);
  if (directives.transaction === 'file') return directives;
  throw new TidemarkError('directive-invalid', `${path}: a program always runs in a transaction`, {
    location: { file: path, line: 1 },
    hints: ['Put what cannot be in one into a migration in SQL.'],
  });
}
