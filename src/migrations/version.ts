import { compareText } from '../schema/object.js';

/**
 * Orders versions as people count: runs of digits by their number, the rest by code unit. Timestamps of
 * one length come out as in a plain sort; `2` comes before `10`, `V9` before `V10`, `1.9` before `1.10`.
 * Zero only for versions that are the same number written differently (`01`, `1`) or equal.
 */
export function compareVersions(a: string, b: string): number {
  return compareParts(versionParts(a), versionParts(b));
}

/** A text cut for `compareParts`, so that a sort cuts each once: runs of digits without leading zeros, and the rest. */
export function versionParts(text: string): readonly string[] {
  return (
    text.match(/\d+|\D+/g)?.map((part) => (part[0] === '0' ? part.replace(/^0+(?=\d)/, '') : part)) ?? []
  );
}

/** Orders what `versionParts` gives. */
export function compareParts(left: readonly string[], right: readonly string[]): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i++) {
    const [a, b] = [left[i]!, right[i]!];
    if (a === b) continue;
    return isNumber(a) && isNumber(b) ? a.length - b.length || compareText(a, b) : compareText(a, b);
  }
  return left.length - right.length;
}

function isNumber(part: string): boolean {
  return part[0]! >= '0' && part[0]! <= '9';
}

/** The 14-digit UTC timestamp that new migrations are named with. */
export function timestampVersion(at: Date): string {
  return at.toISOString().replace(/\D/g, '').slice(0, 14);
}

/**
 * A version for a new migration: the time now, or what follows the newest version when that lies in the
 * future (a colleague's clock, two migrations within one second). A folder whose versions have a prefix
 * (`V12`) keeps it, so that the new file sorts last there too.
 */
export function nextVersion(newest: string | undefined, now: Date): string {
  const candidate = timestampVersion(now);
  if (newest === undefined || compareVersions(candidate, newest) > 0) return candidate;
  const [, prefix, digits] = /^(\D*)(\d*)/.exec(newest)!;
  const prefixed = prefix + candidate;
  if (compareVersions(prefixed, newest) > 0) return prefixed;
  return prefix + secondAfter(digits!);
}

function secondAfter(digits: string): string {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits);
  if (parts !== null) {
    const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
    const isTimestamp = timestampVersion(time) === digits;
    const next = timestampVersion(new Date(time.getTime() + 1000));
    if (isTimestamp && next > digits) return next;
  }
  return (BigInt(digits) + 1n).toString().padStart(digits.length, '0');
}
