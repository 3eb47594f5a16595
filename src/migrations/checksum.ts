import { createHash } from 'node:crypto';
import { TidemarkError } from '../errors.js';
import { compareText } from '../schema/object.js';

/** The name of the file that lists the checksums of a migrations folder. */
export const SUM_FILE = 'tidemark.sum';

/** File name to checksum (`sha256:<hex>`), sorted by name. */
export type Sums = ReadonlyMap<string, string>;

/** How a folder differs from its `tidemark.sum`. All empty: they agree. */
export interface SumDifference {
  /** In the folder, without a line. */
  readonly added: readonly string[];
  /** With another checksum than the line says. */
  readonly edited: readonly string[];
  /** With a line, gone from the folder. */
  readonly removed: readonly string[];
}

/** The text that is hashed: the same for a checkout with CRLF and one with LF, with and without a BOM. */
export function normaliseText(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
}

/** The checksum of a file's text: `sha256:` and 64 hexadecimal digits. */
export function checksumOf(text: string): string {
  return `sha256:${createHash('sha256').update(normaliseText(text), 'utf8').digest('hex')}`;
}

/** The short hash under which a statement that has run is remembered, to see later that it is unchanged. */
export function statementHash(sql: string): string {
  return createHash('sha256').update(normaliseText(sql).trim(), 'utf8').digest('hex').slice(0, 32);
}

/** Sorts checksums by file name. */
export function sortSums(entries: Iterable<readonly [string, string]>): Sums {
  return new Map([...entries].sort(([a], [b]) => compareText(a, b)));
}

/** Writes `tidemark.sum`: a line a file, each independent of the others, so that two branches merge. */
export function formatSum(sums: Sums): string {
  return [...sortSums(sums)].map(([name, sum]) => `${name} ${sum}\n`).join('');
}

/**
 * Reads `tidemark.sum`. Throws TidemarkError (`sum-invalid`) with the line for anything else than
 * `<name> sha256:<hex>`, for merge conflict markers above all.
 */
export function parseSum(text: string, file: string): Sums {
  const sums = new Map<string, string>();
  const lines = normaliseText(text).split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = /^(\S.*?)\s+(sha256:[0-9a-f]{64})\s*$/.exec(line);
    const conflict = /^(<{7}|={7}|>{7}|\|{7})/.test(line);
    const again = match !== null && sums.has(match[1]!) && sums.get(match[1]!) !== match[2];
    if (match === null || again) {
      const what = conflict
        ? 'holds a merge conflict'
        : again
          ? `names ${match[1]} twice with different checksums`
          : 'is not "<file> sha256:<64 hexadecimal digits>"';
      throw new TidemarkError('sum-invalid', `${file}:${index + 1}: this line ${what}`, {
        location: { file, line: index + 1 },
        hints: ['Look at the migrations, then rewrite the file with "tidemark migrate hash".'],
      });
    }
    sums.set(match[1]!, match[2]!);
  }
  return sortSums(sums);
}

/** Compares what the folder holds with what its sum file says. */
export function compareSums(found: Sums, listed: Sums): SumDifference {
  return {
    added: [...found.keys()].filter((name) => !listed.has(name)),
    edited: [...found]
      .filter(([name, sum]) => listed.has(name) && listed.get(name) !== sum)
      .map(([name]) => name),
    removed: [...listed.keys()].filter((name) => !found.has(name)),
  };
}

/** True when folder and sum file agree. */
export function sumsAgree(difference: SumDifference): boolean {
  return difference.added.length + difference.edited.length + difference.removed.length === 0;
}
