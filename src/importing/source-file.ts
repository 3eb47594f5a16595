import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { decodeMigration } from '../migrations/migration-file.js';
import { notFound } from './import-error.js';

/** A file of another tool's project. */
export interface SourceFile {
  /** Its name within its folder. */
  readonly name: string;
  readonly path: string;
  /** As it is: checksums of other tools are mostly taken over these. */
  readonly bytes: Buffer;
  /** Without a byte order mark, every line end an LF. */
  readonly text: string;
}

/** Reads a file. Throws TidemarkError (`migration-encoding`) unless it is UTF-8. */
export async function readSource(path: string): Promise<SourceFile> {
  const bytes = await readFile(path);
  const text = decodeMigration(bytes, path)
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n');
  return { name: basename(path), path, bytes, text };
}

/** The names in a folder, sorted by code unit. Throws TidemarkError (`import-not-found`) when it is none. */
export async function listSources(folder: string, tool: string): Promise<string[]> {
  if (!(await isFolder(folder))) {
    throw notFound(`there is no folder ${folder}`, [`Give the folder of the ${tool} migrations as PATH.`]);
  }
  return (await readdir(folder)).sort();
}

/** The first of `folders` within `root` (`.` for itself) of which `test` holds. */
export async function findFolder(
  root: string,
  folders: readonly string[],
  test: (names: readonly string[], path: string) => boolean,
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(root, folder);
    if ((await isFolder(path)) && test(await readdir(path), path)) return path;
  }
  return undefined;
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/**
 * Whether a file has the checksum that a tool wrote down: `line ends` when it has it with other line ends than
 * this checkout's, which is the same file.
 */
export function holdsChecksum(
  { bytes }: Pick<SourceFile, 'bytes'>,
  expected: string,
  checksum: (bytes: Buffer) => string,
): 'same' | 'line ends' | 'different' {
  if (checksum(bytes) === expected) return 'same';
  const lf = bytes.toString('utf8').replace(/\r\n/g, '\n');
  const others = [lf, lf.replace(/\n/g, '\r\n')].map((text) => checksum(Buffer.from(text)));
  return others.includes(expected) ? 'line ends' : 'different';
}

/** The line of a text in which an offset lies, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
