import { TidemarkError } from '../errors.js';
import type { Directives } from './directives.js';
import { characterName, revisionIdFault } from './revision-id.js';
import { hasStatements } from './sql-comments.js';

/** One migration as it lies in the folder: the forward file with its reverse. */
export interface Migration {
  /** The revision's id: what its directive says, else what stands before the first `_` of the file's name. */
  readonly version: string;
  /** What its file's name says besides; may be empty. */
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
  /** The name without its endings: what a forward file and its reverse have in common. */
  readonly stem: string;
  /** What stands before the first `_`, when that can be a version. */
  readonly version: string | undefined;
  readonly role: 'up' | 'down';
  readonly language: Migration['language'];
  /** False for a program that only a `tidemark:revision` in its text makes a migration: it may be a helper. */
  readonly certain: boolean;
}

const PROGRAM = /^(.*)\.[cm]?[jt]s$/s;
const SCRIPT = /^(.*)\.sql$/is;
const VERSION = /^[A-Za-z0-9.]*\d[A-Za-z0-9.]*$/;

/**
 * Takes a file's name apart: `<version>_<name>.sql`, `.down.sql`, golang-migrate's `.up.sql`, and `.ts`,
 * `.js` and their kin for programs. A version is letters, digits and dots with at least one digit, so that a
 * stray `schema.sql` or `seed_data.sql` is never taken for a migration. Undefined for files that are none of the
 * folder's business. Throws TidemarkError (`migration-name-invalid`) for a name that a line of `tidemark.sum`
 * cannot hold.
 */
export function parseFileName(file: string): FileName | undefined {
  if (file.startsWith('.')) return undefined;
  const script = SCRIPT.exec(file);
  const base = (script ?? PROGRAM.exec(file))?.[1];
  if (base === undefined || (script === null && base.endsWith('.d'))) return undefined;
  checkCharacters(file);
  const role = script !== null && base.endsWith('.down') ? 'down' : 'up';
  const stem = base.replace(/\.(?:down|up)$/, '');
  const underscore = stem.indexOf('_');
  const head = underscore === -1 ? stem : stem.slice(0, underscore);
  const version = VERSION.test(head) ? head : undefined;
  return {
    stem,
    version,
    role,
    language: script === null ? 'program' : 'sql',
    // `v1.ts` lies beside migrations more often than it is one.
    certain: script !== null || (underscore !== -1 && /^[A-Za-z]*\d/.test(head) && version !== undefined),
  };
}

/** A name is a line of the sum, and has to be there under the same bytes for everybody. */
function checkCharacters(file: string): void {
  const odd = /[\p{Cc}\u2028\u2029\uFFFD]|^\s/u.exec(file)?.[0];
  if (odd === undefined) return;
  const what = odd === '\uFFFD' ? 'is not UTF-8' : `holds ${characterName(odd)}`;
  throw new TidemarkError('migration-name-invalid', `the file name ${visible(file)} ${what}`, {
    hints: ['Rename the file.'],
  });
}

/** A name in quotes, with nothing in it that a terminal would obey. */
function visible(name: string): string {
  return JSON.stringify(name).replace(
    /[\p{C}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * The id of a migration's revision: what the directive says, else what the file's name says. Throws TidemarkError
 * (`migration-name-invalid`) when neither does.
 */
export function revisionOf(file: string, parsed: FileName, directive: string | undefined): string {
  const id = directive ?? parsed.version;
  if (id !== undefined) return id;
  const head = parsed.stem.split('_', 1)[0]!;
  const fault = /\d/.test(head) ? revisionIdFault(head) : undefined;
  throw new TidemarkError(
    'migration-name-invalid',
    `"${file}" is not the name of a migration${fault === undefined ? '' : `: "${head}" ${fault}`}`,
    {
      hints: [
        'Name it <version>_<name>.sql, for example 20250915195954_initial.sql; the version has letters, digits and dots and at least one digit.',
        'Or keep the name and say the id at the top of the file: -- tidemark:revision ID',
        'SQL files that are no migrations belong into another folder.',
      ],
    },
  );
}

/** The name of a migration: its file's stem without the revision, where the stem holds that as a whole word. */
export function nameOf({ stem, version }: FileName, revision: string): string {
  if (revision === version) return stem.slice(version.length).replace(/^_+/, '');
  for (let at = stem.indexOf(revision); at !== -1; at = stem.indexOf(revision, at + 1)) {
    const before = stem.slice(0, at);
    const after = stem.slice(at + revision.length);
    if (/[\p{L}\p{M}\p{N}.]$/u.test(before) || /^[\p{L}\p{M}\p{N}.]/u.test(after)) continue;
    return after.replace(/^[_-]+/, '') || before.replace(/[_-]+$/, '');
  }
  return stem;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a file's bytes. Throws TidemarkError (`migration-encoding`) unless they are UTF-8 without NUL.
 */
export function decodeMigration(bytes: Uint8Array, file: string): string {
  const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  let text: string | undefined;
  try {
    text = utf8.decode(bytes);
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
