import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './write-files.js';

/** The checksums that Atlas keeps of a migrations folder. */
export const ATLAS_SUM = 'atlas.sum';

/** A file of the folder as Atlas hashes it: every byte counts, line ends and a byte order mark too. */
export interface AtlasFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The `h1:` hash of each file, in order. A file that says so itself is left out of the list. */
export function atlasHashes(files: readonly AtlasFile[]): ReadonlyMap<string, string> {
  const running = createHash('sha256');
  const hashes = new Map<string, string>();
  for (const { name, bytes } of files) {
    running.update(name);
    if (isIgnored(bytes)) continue;
    running.update(bytes);
    // One digest runs through all files, so that each hash depends on every file before it.
    hashes.set(name, running.copy().digest('base64'));
  }
  return hashes;
}

/** The text of `atlas.sum`, byte for byte what `atlas migrate hash` writes (`HashFile` in Atlas's `sql/migrate/dir.go`). */
export function formatAtlasSum(files: readonly AtlasFile[]): string {
  const hashes = atlasHashes(files);
  const total = createHash('sha256');
  for (const [name, hash] of hashes) total.update(name).update(hash);
  const lines = [...hashes].map(([name, hash]) => `${name} h1:${hash}\n`);
  return `h1:${total.digest('base64')}\n${lines.join('')}`;
}

/**
 * The files that Atlas takes for migrations: `*.sql` at the top of the folder, sorted by their bytes; in
 * golang-migrate's format, which it reads too, only `*.up.sql`.
 */
export function atlasFiles(folder: string): AtlasFile[] {
  const all = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.sql$/.test(entry.name))
    .map(({ name }) => name)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const forward = all.filter((name) => name.endsWith('.up.sql'));
  return (forward.length > 0 ? forward : all).map((name) => ({
    name,
    bytes: readFileSync(join(folder, name)),
  }));
}

/** True for a folder that Atlas keeps, too. */
export function isAtlasFolder(folder: string): boolean {
  return readdirSync(folder).includes(ATLAS_SUM);
}

/** Writes the folder's `atlas.sum` anew where there is one: for a team that uses both tools while it moves. */
export async function keepAtlasSum(folder: string): Promise<void> {
  if (!isAtlasFolder(folder)) return;
  await replaceFile(folder, ATLAS_SUM, formatAtlasSum(atlasFiles(folder)));
}

/** Where a text differs from the sum that the files should have; undefined when it does not. */
export function differsFromAtlasSum(text: string, files: readonly AtlasFile[]): string | undefined {
  const wanted = formatAtlasSum(files);
  if (text.replace(/\r\n/g, '\n').trimEnd() === wanted.trimEnd()) return undefined;
  const listed = new Map(
    text
      .split(/\r?\n/)
      .slice(1)
      .flatMap((line): [string, string][] => {
        const [, name, hash] = /^(.*?)\s*h1:(\S+)\s*$/.exec(line) ?? [];
        return name === undefined ? [] : [[name, hash!]];
      }),
  );
  for (const [name, hash] of atlasHashes(files)) {
    if (!listed.has(name)) return `${name} is not listed`;
    if (listed.get(name) !== hash) return `${name} was edited, or a file before it was added or taken away`;
    listed.delete(name);
  }
  const [gone] = listed.keys();
  return gone === undefined ? 'its first line is not the sum of the others' : `${gone} is listed, but gone`;
}

/** As Atlas's `reDirective` on the first line, with the argument `ignore`. */
function isIgnored(bytes: Uint8Array): boolean {
  const [first = ''] = Buffer.from(bytes.subarray(0, 300)).toString('latin1').split('\n', 1);
  return /^[ -~]*atlas:sum +ignore$/.test(first);
}
