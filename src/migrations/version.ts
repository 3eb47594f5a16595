import { compareText } from '../schema/object.js';

/**
 * Orders versions as people count: runs of digits by their number, the rest by code unit. Timestamps of
 * one length come out as in a plain sort; `2` comes before `10`, `V9` before `V10`, `1.9` before `1.10`.
 * Zero only for versions that are the same number written differently (`01`, `1`) or equal.
 */
export function compareVersions(a: string, b: string): number {
  return compareParts(versionParts(a), versionParts(b));
}

/** Runs of digits without leading zeros, and what stands between them. */
function versionParts(text: string): readonly string[] {
  return (
    text.match(/\d+|\D+/g)?.map((part) => (part[0] === '0' ? part.replace(/^0+(?=\d)/, '') : part)) ?? []
  );
}

function compareParts(left: readonly string[], right: readonly string[]): number {
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

/** A file's stem, cut for comparing. */
export interface StemParts {
  /** What stands before the first `_`. */
  readonly head: string;
  readonly whole: string;
}

/** Cuts the stem of a migration's file for `compareStems`. */
export function stemParts(stem: string): StemParts {
  const end = stem.indexOf('_');
  return { head: end === -1 ? stem : stem.slice(0, end), whole: stem };
}

/** File order: by what stands before the first `_`, then by the whole stem. */
export function compareStems(a: StemParts, b: StemParts): number {
  if (a.head === b.head) return compareVersions(a.whole, b.whole);
  // Timestamps, nearly always: of one length, digits compare as text does.
  if (a.head.length === b.head.length && DIGITS.test(a.head) && DIGITS.test(b.head)) {
    return compareText(a.head, b.head);
  }
  return compareVersions(a.head, b.head) || compareVersions(a.whole, b.whole);
}

const DIGITS = /^\d+$/;

/** The parts of a date and time as a clock in some place shows them, with leading zeros. */
export interface ClockTime {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
  readonly minute: string;
  readonly second: string;
}

/** What the clock shows in a time zone, given by its IANA name. */
export function clockIn(at: Date, timeZone: string): ClockTime {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(at);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? '';
  return {
    year: part('year').padStart(4, '0'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
  };
}

/** The 14-digit timestamp that new migrations are named with. */
export function timestampVersion(at: Date, timeZone = 'UTC'): string {
  if (timeZone === 'UTC') return at.toISOString().replace(/\D/g, '').slice(0, 14);
  const { year, month, day, hour, minute, second } = clockIn(at, timeZone);
  return year + month + day + hour + minute + second;
}

/**
 * A version for a new migration: the time now, or what follows the newest version when that lies in the
 * future (a colleague's clock, two migrations within one second). A folder whose versions have a prefix
 * (`V12`) keeps it, so that the new file sorts last there too.
 */
export function nextVersion(newest: string | undefined, now: Date, timeZone = 'UTC'): string {
  const candidate = timestampVersion(now, timeZone);
  if (newest === undefined || compareVersions(candidate, newest) > 0) return candidate;
  const { prefix, digits } = leadingNumber(newest);
  const prefixed = prefix + candidate;
  if (compareVersions(prefixed, newest) > 0) return prefixed;
  return prefix + secondAfter(digits);
}

/** The number after the newest version, with its prefix and width: `0007` after `0006`, `V13` after `V12`. */
export function nextNumber(newest: string | undefined): string {
  const { prefix, digits } = leadingNumber(newest ?? '0000');
  return prefix + numberAfter(digits);
}

function leadingNumber(version: string): { readonly prefix: string; readonly digits: string } {
  const [, prefix = '', digits = ''] = /^(\D*)(\d*)/.exec(version) ?? [];
  return { prefix, digits };
}

function numberAfter(digits: string): string {
  return (BigInt(digits) + 1n).toString().padStart(digits.length, '0');
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
  return numberAfter(digits);
}
