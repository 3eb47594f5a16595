import { clockIn } from './version.js';

/** How new migrations are named; what is left out is as Tidemark names them by default. */
export interface NamingOptions {
  /** The file's name without its ending, with placeholders. Default `{revision}_{slug}`. */
  readonly fileName?: string | undefined;
  /** IANA name of the time zone of revisions and placeholders. Default UTC. */
  readonly timeZone?: string | undefined;
  /** Longest slug, in characters. Default 60. */
  readonly slugLength?: number | undefined;
  /** Where a revision's id comes from: the time (default), or the number after the newest one. */
  readonly revision?: 'timestamp' | 'number' | undefined;
}

export const DEFAULT_SLUG_LENGTH = 60;
/** File systems allow so many bytes a name. */
const NAME_BYTES = 255;
const LONGEST_ENDING = '.down.sql';
const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * The stem of a new migration's files: the template with its placeholders filled in. The slug is cut, so that a
 * name has at most 255 bytes in any script. The template has been checked with the configuration.
 */
export function fileStem(
  revision: string,
  title: string,
  at: Date,
  { fileName = '{revision}_{slug}', timeZone = 'UTC', slugLength = DEFAULT_SLUG_LENGTH }: NamingOptions = {},
): string {
  const { year, month, day, hour, minute, second } = clockIn(at, timeZone);
  const epoch = String(Math.floor(at.getTime() / 1000));
  const values = new Map(
    Object.entries({ revision, year, month, day, hour, minute, second, epoch, slug: '' }),
  );
  const fill = (): string =>
    fileName.replace(PLACEHOLDER, (whole, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`${whole} is no placeholder of a file name`);
      return value;
    });
  const slugs = fileName.split('{slug}').length - 1;
  const left = NAME_BYTES - Buffer.byteLength(fill() + LONGEST_ENDING);
  values.set('slug', slugOf(title, slugLength, slugs === 0 ? left : Math.floor(left / slugs)));
  return fill();
}

/**
 * Turns a title into a part of a file's name: `Add "Users"!` becomes `add_users`. One that is too long ends after
 * the last whole word that fits.
 */
export function slugOf(title: string, length = DEFAULT_SLUG_LENGTH, bytes = NAME_BYTES): string {
  const slug = title
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  let cut = '';
  let room = Math.max(bytes, 0);
  for (const character of [...slug].slice(0, length)) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    cut += character;
  }
  const inWord = cut.length < slug.length && slug[cut.length] !== '_';
  const whole = inWord ? cut.replace(/_[^_]*$/, '') : cut;
  return whole.replace(/_+$/, '') || 'migration';
}
