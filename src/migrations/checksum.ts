import { hash } from 'node:crypto';
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
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return bare.includes('\r') ? bare.replace(/\r\n?/g, '\n') : bare;
}

/** The checksum of a file's text: `sha256:` and 64 hexadecimal digits. */
export function checksumOf(text: string): string {
  return `sha256:${hash('sha256', normaliseText(text), 'hex')}`;
}

/** The short hash under which a statement that has run is remembered, to see later that it is unchanged. */
export function statementHash(sql: string): string {
  return hash('sha256', normaliseText(sql).trim(), 'hex').slice(0, 32);
}

/** Sorts checksums by file name. */
export function sortSums(entries: Iterable<readonly [string, string]>): Sums {
  const sums: Sums = entries instanceof Map ? entries : new Map(entries);
  let before = '';
  for (const name of sums.keys()) {
    // Nearly always they are in order already: names come sorted, and so does the sum.
    if (name < before) return new Map([...sums].sort((a, b) => compareText(a[0], b[0])));
    before = name;
  }
  return sums;
}

/** Writes `tidemark.sum`: a line a file, each independent of the others, so that two branches merge. */
export function formatSum(sums: Sums): string {
  return [...sortSums(sums)].map(([name, sum]) => `${name} ${sum}\n`).join('');
}

const SUM_LINE = /^(\S(?:.*\S)?)\s+(sha256:[0-9a-f]{64})\s*$/;
/** The end of a line as `formatSum` writes it, which is found without trying any other. */
const SUM_END = /^ sha256:[0-9a-f]{64}$/;
const SUM_END_LENGTH = ' sha256:'.length + 64;

/**
 * Reads `tidemark.sum`. Throws TidemarkError (`sum-invalid`) with the line for anything else than
 * `<name> sha256:<hex>`, for merge conflict markers above all.
 */
export function parseSum(text: string, file: string): Sums {
  const sums = new Map<string, string>();
  let index = -1;
  for (const line of normaliseText(text).split('\n')) {
    index++;
    if (line === '' || line.trim() === '') continue;
    const [name, sum] = sumLine(line) ?? [];
    const known = name === undefined ? undefined : sums.get(name);
    const again = known !== undefined && known !== sum;
    if (name === undefined || sum === undefined || again) {
      const conflict = /^(<{7}|={7}|>{7}|\|{7})/.test(line);
      const what = conflict
        ? 'holds a merge conflict'
        : again
          ? `names ${name} twice with different checksums`
          : 'is not "<file> sha256:<64 hexadecimal digits>"';
      throw new TidemarkError('sum-invalid', `${file}:${index + 1}: this line ${what}`, {
        location: { file, line: index + 1 },
        hints: ['Look at the migrations, then rewrite the file with "tidemark migrate hash".'],
      });
    }
    sums.set(name, sum);
  }
  return sortSums(sums);
}

/** The name and the checksum of a line; undefined when it is none of a sum. */
function sumLine(line: string): readonly [name: string, sum: string] | undefined {
  const end = line.length - SUM_END_LENGTH;
  const name = line.slice(0, Math.max(end, 0));
  if (name !== '' && name.trim() === name && SUM_END.test(line.slice(end)))
    return [name, line.slice(end + 1)];
  const [, spaced, sum] = SUM_LINE.exec(line) ?? [];
  return spaced === undefined || sum === undefined ? undefined : [spaced, sum];
}

/** Compares what the folder holds with what its sum file says. */
export function compareSums(found: Sums, listed: Sums): SumDifference {
  const added: string[] = [];
  const edited: string[] = [];
  for (const [name, sum] of found) {
    const line = listed.get(name);
    if (line === undefined) added.push(name);
    else if (line !== sum) edited.push(name);
  }
  const noneIsGone = found.size - added.length === listed.size;
  const removed = noneIsGone ? [] : [...listed.keys()].filter((name) => !found.has(name));
  return { added, edited, removed };
}

/** True when folder and sum file agree. */
export function sumsAgree(difference: SumDifference): boolean {
  return difference.added.length + difference.edited.length + difference.removed.length === 0;
}
