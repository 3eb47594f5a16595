import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { TidemarkError } from '../errors.js';
import { ATLAS_DOWN_FOLDER } from './atlas-folder.js';
import { ATLAS_SUM } from './atlas-sum.js';
import {
  checksumOf,
  compareSums,
  formatSum,
  parseSum,
  SUM_FILE,
  type SumDifference,
  type Sums,
  sortSums,
} from './checksum.js';
import { type Directives, programComments, readDirectives } from './directives.js';
import {
  decodeMigration,
  type FileName,
  type Migration,
  nameOf,
  parseFileName,
  revisionOf,
} from './migration-file.js';
import { isSquash, requireWholeSquashes, SQUASHED_FOLDER } from './squashes.js';
import { compareStems, stemParts } from './version.js';

/** A migrations folder as it was at one moment. */
export interface MigrationFolder {
  readonly path: string;
  /** In file order: by what stands before the first `_`, then by the whole name, numbers by their value. */
  readonly migrations: readonly Migration[];
  /** What squashes were made of, in file order: it lies in a subfolder, for databases that stand in the middle. */
  readonly squashed: readonly Migration[];
  /** Checksums of all files, the down files too. */
  readonly sums: Sums;
  /** What `tidemark.sum` lists; undefined when there is none. */
  readonly listed: Sums | undefined;
  /** How the two differ. Without a `tidemark.sum` every file counts as added. */
  readonly difference: SumDifference;
}

/** A file of a migrations folder with its text. */
interface FolderFile extends FileName {
  readonly file: string;
  readonly path: string;
  /** Without a byte order mark. */
  readonly text: string;
  readonly checksum: string;
}

export interface ReadFolderOptions {
  /** A folder that is not there is an error, not an empty one. */
  readonly mustExist?: boolean;
  /** Reads as if there were no `tidemark.sum`: for who is about to write it. */
  readonly ignoreSum?: boolean;
}

/**
 * Reads a migrations folder. Files that are no migrations, hidden files and subfolders are left alone; a folder
 * that does not exist is an empty one, unless it must: then `migrations-missing` is thrown (exit code 2), for a
 * mistyped name must not pass for "nothing to do". Throws TidemarkError: `migration-name-invalid`,
 * `migration-encoding`, `migration-unreadable` (also for a folder or device that is named like a migration),
 * `migration-empty` (blank: half-written), `migration-duplicate`, `migration-names-alike`,
 * `migration-orphan-down`, `sum-invalid`, and those of the directives. That the sum differs is no error here: it
 * is a result.
 */
export async function readMigrationFolder(
  path: string,
  { mustExist = false, ignoreSum = false }: ReadFolderOptions = {},
): Promise<MigrationFolder> {
  if (mustExist && !existsSync(path)) throw missing(path);
  const names = listFolder(path);
  const own = [
    ...names.flatMap((name) => folderFile(path, name, readText) ?? []),
    ...(names.includes(ATLAS_SUM) ? reversesAside(path, names) : []),
  ];
  const files = [...own, ...squashedFiles(path, own)];
  const sums = sumsOf(files);
  const listed = names.includes(SUM_FILE) && !ignoreSum ? readSum(join(path, SUM_FILE), sums) : undefined;
  return assembleFolder(path, files, sums, listed);
}

/** What the sum file lists. One that says of every file what was found, byte for byte, is not taken apart. */
function readSum(file: string, found: Sums): Sums {
  const text = decodeMigration(readBytes(file), file);
  return text === formatSum(found) ? found : parseSum(text, file);
}

function sumsOf(files: readonly FolderFile[]): Sums {
  const sums = new Map<string, string>();
  for (const { file, checksum } of files) sums.set(file, checksum);
  return sortSums(sums);
}

/** The reverses in a folder that Atlas keeps too. Throws TidemarkError (`migration-misplaced`) for one that Atlas would apply. */
function reversesAside(path: string, names: readonly string[]): FolderFile[] {
  const exposed = names.find((name) => /\.down\.sql$/i.test(name));
  if (exposed !== undefined && !names.some((name) => name.endsWith('.up.sql'))) {
    throw new TidemarkError(
      'migration-misplaced',
      `${join(path, exposed)} is a reverse, and Atlas, which keeps this folder too, would apply it`,
      {
        hints: [
          `Move it into ${join(path, ATLAS_DOWN_FOLDER)}; or, when Atlas is used no more, delete ${ATLAS_SUM}.`,
        ],
      },
    );
  }
  return listFolder(join(path, ATLAS_DOWN_FOLDER))
    .filter((name) => /\.down\.sql$/i.test(name))
    .flatMap((name) => folderFile(path, `${ATLAS_DOWN_FOLDER}/${name}`, readText) ?? []);
}

/** What lies in the subfolder, which is another's business where nothing was squashed. */
function squashedFiles(path: string, files: readonly FolderFile[]): FolderFile[] {
  if (!files.some((file) => file.role === 'up' && /tidemark\s*:\s*replaces\b/i.test(file.text))) return [];
  return listFolder(join(path, SQUASHED_FOLDER)).flatMap(
    (name) => folderFile(path, `${SQUASHED_FOLDER}/${name}`, readText) ?? [],
  );
}

/**
 * The folder that files with these texts, by their names within it, would make: every check of
 * `readMigrationFolder`, for who is about to write them.
 */
export function folderOfTexts(path: string, texts: ReadonlyMap<string, string>): MigrationFolder {
  const files = [...texts].flatMap(([name, text]) => folderFile(path, name, () => text) ?? []);
  return assembleFolder(path, files, sumsOf(files), undefined);
}

const NO_DIFFERENCE: SumDifference = { added: [], edited: [], removed: [] };

function assembleFolder(
  path: string,
  files: readonly FolderFile[],
  sums: Sums,
  listed: Sums | undefined,
): MigrationFolder {
  requireDistinctNames(files);
  const apart = files.filter(({ file }) => isSquashedFile(file));
  const migrations = pair(apart.length === 0 ? files : files.filter(({ file }) => !isSquashedFile(file)));
  const squashed = pair(apart);
  if (apart.length > 0 || migrations.some(isSquash)) requireWholeSquashes(path, migrations, squashed);
  return {
    path,
    migrations,
    squashed,
    sums,
    listed,
    difference: listed === sums ? NO_DIFFERENCE : compareSums(sums, listed ?? new Map()),
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
    const names: string[] = [];
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const { name } = entry;
      // Opening a pipe waits for its other end, and a folder may hold a whole project: neither is ever read.
      if (entry.isFile() || (entry.isSymbolicLink() && leadsToFile(join(path, name)))) names.push(name);
      else if (name === SUM_FILE || parseFileName(name)?.certain) throw notAFile(join(path, name));
    }
    return names.sort();
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error);
  }
}

/** True also for a link that leads nowhere: reading it then says why. */
function leadsToFile(link: string): boolean {
  try {
    return statSync(link).isFile();
  } catch {
    return true;
  }
}

function notAFile(path: string): TidemarkError {
  return new TidemarkError('migration-unreadable', `${path} is named like a migration but is not a file`, {
    hints: ['Rename it, or move it out of the folder.'],
  });
}

const REVISION_COMMENT = /^\s*\/\/+\s*tidemark\s*:\s*revision\b/im;

function folderFile(folder: string, file: string, textOf: (path: string) => string): FolderFile | undefined {
  const parsed = parseFileName(file.slice(file.lastIndexOf('/') + 1));
  if (parsed === undefined) return undefined;
  const path = pathWithin(folder, file);
  const text = textOf(path);
  if (!parsed.certain && !REVISION_COMMENT.test(text)) return undefined;
  const { stem, version, role, language, certain } = parsed;
  // Written out: spreading an object costs more than reading the file.
  return { stem, version, role, language, certain, file, path, text, checksum: checksumOf(text) };
}

/** What `join` gives, without taking the folder's path apart again for each file. */
function pathWithin(folder: string, file: string): string {
  return isAbsolute(folder) && !file.includes('/') && !/[\\/]$/.test(folder)
    ? folder + sep + file
    : join(folder, file);
}

function isSquashedFile(file: string): boolean {
  return file.startsWith(`${SQUASHED_FOLDER}/`);
}

/** Small files by the thousand: one room for all, and no question for the size before. */
const ROOM = Buffer.allocUnsafeSlow(64 * 1024);
/** Where a file system gives less than it has, it ends at a block. */
const BLOCK = 512;

function readText(path: string): string {
  const length = readInto(ROOM, path);
  if (length === ROOM.length || length % BLOCK === 0) return decodeMigration(readBytes(path), path);
  return decodeMigration(ROOM.subarray(0, length), path);
}

function readInto(room: Uint8Array, path: string): number {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return readSync(file, room, 0, room.length, 0);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
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

/** Names that differ only in case, or in how an accent is composed, are one file on Windows and macOS. */
function requireDistinctNames(files: readonly FolderFile[]): void {
  // Names in a folder differ; without capitals and accents they differ in more than those.
  if (files.every(({ file }) => UNACCENTED_LOWER_CASE.test(file))) return;
  const seen = new Map<string, string>();
  for (const { file } of files) {
    const folded = (ASCII.test(file) ? file : file.normalize('NFC')).toLowerCase();
    const other = seen.get(folded);
    if (other !== undefined) {
      throw new TidemarkError(
        'migration-names-alike',
        `${other} and ${file} differ only in case or in how a letter is encoded`,
        { hints: ['On Windows and macOS both names mean one file: rename one of them.'] },
      );
    }
    seen.set(folded, file);
  }
}

function pair(files: readonly FolderFile[]): Migration[] {
  const downs = new Map(files.filter(({ role }) => role === 'down').map((file) => [key(file), file]));
  const byId = new Map<string, string>();
  const byNumber = new Map<string, string>();
  const migrations = inFileOrder(files.filter(({ role }) => role === 'up')).map((up) => {
    const directives = directivesOf(up);
    const version = revisionOf(up.path, up, directives.revision);
    requireText(up);
    claim(byId, version, up.file, version);
    // An id that a directive says is meant to the letter.
    if (version === up.version) claim(byNumber, numberKey(version), up.file, version);
    const down = up.language === 'sql' ? downs.get(key(up)) : undefined;
    if (down !== undefined) downs.delete(key(up));
    return toMigration(up, version, directives, down);
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

/** What a forward file and its reverse share, however each was typed. */
function key({ stem }: FileName): string {
  return ASCII.test(stem) ? stem : stem.normalize('NFC');
}

const ASCII = /^[ -~]*$/;
const UNACCENTED_LOWER_CASE = /^[ -@[-~]*$/;

function inFileOrder(ups: readonly FolderFile[]): FolderFile[] {
  return ups
    .map((up) => ({ up, parts: stemParts(up.stem) }))
    .sort((a, b) => compareStems(a.parts, b.parts))
    .map(({ up }) => up);
}

/** A version with its numbers written one way: nobody tells 1 from 01 in a file's name. */
function numberKey(version: string): string {
  return version.replace(/(?<!\d)0+(?=\d)/g, '');
}

function claim(taken: Map<string, string>, id: string, file: string, version: string): void {
  const other = taken.get(id);
  if (other !== undefined) {
    throw new TidemarkError('migration-duplicate', `${other} and ${file} have the same revision ${version}`, {
      hints: ['Give one of them a later one; "tidemark migrate new" picks one.'],
      details: { files: [other, file] },
    });
  }
  taken.set(id, file);
}

function requireText({ path, text }: FolderFile): void {
  if (text.trim() !== '') return;
  throw new TidemarkError('migration-empty', `${path} is empty`, {
    hints: [
      'It was probably written half: restore its text or delete it.',
      'A migration that does nothing on purpose says so in a comment.',
    ],
  });
}

function toMigration(
  up: FolderFile,
  version: string,
  directives: Directives,
  down: FolderFile | undefined,
): Migration {
  return {
    version,
    name: nameOf(up, version),
    file: up.file,
    path: up.path,
    up: up.text,
    checksum: up.checksum,
    directives,
    language: up.language,
    down:
      down === undefined
        ? undefined
        : {
            file: down.file,
            path: down.path,
            sql: down.text,
            checksum: down.checksum,
            transaction: readDirectives(down.text, down.path, 'down').transaction,
          },
  };
}

function directivesOf({ text, path, language }: FolderFile): Directives {
  if (language === 'sql') return readDirectives(text, path);
  const directives = readDirectives(programComments(text), path);
  if (directives.transaction === 'file') return directives;
  throw new TidemarkError('directive-invalid', `${path}: a program always runs in a transaction`, {
    location: { file: path, line: 1 },
    hints: ['Put what cannot be in one into a migration in SQL.'],
  });
}
