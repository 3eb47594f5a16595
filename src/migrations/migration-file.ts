import { TidemarkError } from '../errors.js';
import type { Directives } from './directives.js';
import { hasStatements } from './sql-comments.js';

/** One migration as it lies in the folder: the forward file with its reverse. */
export interface Migration {
  /** The revision's id: what stands before the first `_` of the file's name. */
  readonly version: string;
  /** What stands after it; may be empty. */
  readonly name: string;
  readonly file: string;
  readonly path: string;
  /** The text without a byte order mark, line ends as they are. */
  readonly up: string;
  readonly checksum: string;
  readonly directives: Directives;
  /** Undefined when it has no reverse; for a program also when that is not known without loading it. */
  readonly down: MigrationDown | undefined;
  /** `program`: a module in TypeScript or JavaScript that exports `upgrade` and `downgrade`. */
  readonly language: 'sql' | 'program';
}

/** The reverse of a migration. */
export interface MigrationDown {
  readonly file: string;
  readonly path: string;
  readonly sql: string;
  readonly checksum: string;
  readonly transaction: Directives['transaction'];
}

/**
 * The reverse that a file beside the migration gives. One that holds no statement, as "migrate new" leaves it,
 * is none, unless the migration holds none either.
 */
export function reverseOf({ up, down }: Migration): MigrationDown | undefined {
  return down !== undefined && (hasStatements(down.sql) || !hasStatements(up)) ? down : undefined;
}

/** What a file's name says. */
export interface FileName {
  readonly version: string;
  readonly name: string;
  readonly role: 'up' | 'down';
  readonly language: Migration['language'];
}

/**
 * Takes a file's name apart: `<version>_<name>.sql`, `.down.sql`, golang-migrate's `.up.sql`, and `.ts`,
 * `.js` and their kin for programs. A version
 * is letters, digits and dots with at least one digit, so that a stray `schema.sql` or `seed_data.sql` is
 * never taken for a migration. Undefined for files that are none of the folder's business. Throws
 * TidemarkError (`migration-name-invalid`).
 */
export function parseFileName(file: string): FileName | undefined {
  if (file.startsWith('.')) return undefined;
  // A program among other files is one only by its name; `helpers.ts` and `v1.d.ts` are none.
  const isProgram = /^[A-Za-z]*\d[A-Za-z0-9.]*_.*\.[cm]?[jt]s$/.test(file) && !/\.d\.[cm]?ts$/.test(file);
  const base = (isProgram ? /^(.*)\.[cm]?[jt]s$/ : /^(.*)\.sql$/i).exec(file)?.[1];
  if (base === undefined) return undefined;
  const role = !isProgram && base.endsWith('.down') ? 'down' : 'up';
  const stem = base.replace(/\.(down|up)$/, '');
  const [, version, name] = /^([A-Za-z0-9.]+?)(?:_+(.*))?$/.exec(stem) ?? [];
  if (version === undefined || !/\d/.test(version)) {
    throw new TidemarkError('migration-name-invalid', `"${file}" is not the name of a migration`, {
      hints: [
        'Name it <version>_<name>.sql, for example 20250915195954_initial.sql; the version has letters, digits and dots and at least one digit.',
        'SQL files that are no migrations belong into another folder.',
      ],
    });
  }
  return { version, name: name ?? '', role, language: isProgram ? 'program' : 'sql' };
}

/** Turns a title into the part of a file's name after the version: `Add "Users"!` becomes `add_users`. */
export function slugOf(title: string): string {
  const slug = title
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
  // File systems allow 255 bytes a name; 60 characters leave room for the version in any script.
  return [...slug].slice(0, 60).join('').replace(/_+$/, '') || 'migration';
}

/**
 * Decodes a file's bytes. Throws TidemarkError (`migration-encoding`) unless they are UTF-8 without NUL.
 */
export function decodeMigration(bytes: Uint8Array, file: string): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    text = undefined;
  }
  if (wide || text === undefined || text.includes('\0')) {
    throw new TidemarkError(
      'migration-encoding',
      `${file} is not UTF-8 text${wide ? ' but UTF-16' : text === undefined ? '' : ': it holds a NUL character'}`,
      { hints: ['Save the file as UTF-8.'] },
    );
  }
  return text;
}
