import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { checksumOf, formatSum, SUM_FILE, type Sums, sortSums, sumsAgree } from './checksum.js';
import { type MigrationFolder, readMigrationFolder } from './folder.js';
import { parseFileName, slugOf } from './migration-file.js';
import { compareVersions, nextVersion } from './version.js';

/** A migration to be written. */
export interface NewMigration {
  /** Its title or slug: `add users` becomes `add_users`. */
  readonly name: string;
  readonly up: string;
  /** The reverse; without it no `.down.sql` is written. */
  readonly down?: string | undefined;
  /** The version, when the caller has chosen one; it must come after the newest. */
  readonly version?: string | undefined;
  /** The time that names it. Default: now. */
  readonly now?: Date | undefined;
}

/** What was written: names within the folder. */
export interface WrittenMigration {
  readonly version: string;
  readonly upFile: string;
  readonly downFile: string | undefined;
}

const TEMPORARY = /^\.tidemark-[0-9a-f]+\.tmp$/;
/** Older leftovers belong to a writer that was killed: a write takes milliseconds. */
const LEFTOVER_AGE_MS = 60_000;

/**
 * Writes a migration, its reverse and the folder's sum. Every file appears whole or not at all, and the sum
 * comes last, so that a writer killed in between leaves files that `readMigrationFolder` reports as not
 * listed. Throws TidemarkError: `sum-mismatch` when the folder already differs from its sum (writing would
 * hide that), `version-not-newest`, `migration-exists`, and what reading the folder throws.
 */
export async function writeMigration(path: string, migration: NewMigration): Promise<WrittenMigration> {
  await mkdir(path, { recursive: true });
  await removeLeftovers(path);
  const folder = await readMigrationFolder(path);
  if (folder.listed !== undefined) requireListed(folder);
  const newest = folder.migrations.at(-1)?.version;
  const version = migration.version ?? nextVersion(newest, migration.now ?? new Date());
  if (newest !== undefined && compareVersions(version, newest) <= 0) {
    throw new TidemarkError(
      'version-not-newest',
      `version ${version} does not come after ${newest}, the newest in ${path}`,
      {
        hints: ['Leave the version out and the next free one is taken.'],
      },
    );
  }
  const stem = `${version}_${slugOf(migration.name)}`;
  const upFile = `${stem}.sql`;
  // Checks a version that the caller chose.
  parseFileName(upFile);
  const downFile = migration.down === undefined ? undefined : `${stem}.down.sql`;
  const sums = new Map(folder.sums);

  if (downFile !== undefined) {
    await writeNew(path, downFile, migration.down!);
    sums.set(downFile, checksumOf(migration.down!));
  }
  try {
    await writeNew(path, upFile, migration.up);
  } catch (error) {
    if (downFile !== undefined) await rm(join(path, downFile), { force: true });
    throw error;
  }
  sums.set(upFile, checksumOf(migration.up));
  await replace(path, SUM_FILE, formatSum(sums));
  return { version, upFile, downFile };
}

/** Rewrites `tidemark.sum` from what the folder holds. Returns the folder as it then is. */
export async function hashFolder(path: string): Promise<MigrationFolder> {
  const folder = await readForHashing(path);
  await replace(path, SUM_FILE, formatSum(folder.sums));
  const sums: Sums = sortSums(folder.sums);
  return { ...folder, listed: sums, difference: { added: [], edited: [], removed: [] } };
}

/**
 * Throws TidemarkError (`sum-missing`, `sum-mismatch`) unless the folder is what its `tidemark.sum` says.
 * An empty folder needs none.
 */
export function requireListed(folder: MigrationFolder): void {
  if (sumsAgree(folder.difference)) return;
  const { added, edited, removed } = folder.difference;
  if (folder.listed === undefined) {
    throw new TidemarkError('sum-missing', `${folder.path} has migrations but no ${SUM_FILE}`, {
      hints: ['Write it with "tidemark migrate hash" and commit it with the migrations.'],
      details: { added },
    });
  }
  const parts = [
    edited.length > 0 ? `edited: ${edited.join(', ')}` : '',
    added.length > 0 ? `not listed: ${added.join(', ')}` : '',
    removed.length > 0 ? `listed but gone: ${removed.join(', ')}` : '',
  ].filter((part) => part !== '');
  throw new TidemarkError(
    'sum-mismatch',
    `the migrations differ from ${join(folder.path, SUM_FILE)}: ${parts.join('; ')}`,
    {
      hints: [
        'If you made these changes on purpose, run "tidemark migrate hash".',
        'If not, a file was edited, lost or written half: bring it back from version control.',
      ],
      details: { added, edited, removed },
    },
  );
}

/** A damaged sum must not keep anybody from rewriting it. */
async function readForHashing(path: string): Promise<MigrationFolder> {
  try {
    return await readMigrationFolder(path);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'sum-invalid') throw error;
    await rm(join(path, SUM_FILE));
    return readMigrationFolder(path);
  }
}

/** Writes a file that must not exist yet: the text goes to disk first, then gets its name in one step. */
async function writeNew(folder: string, file: string, text: string): Promise<void> {
  const temporary = await writeTemporary(folder, text);
  try {
    await link(temporary, join(folder, file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new TidemarkError('migration-exists', `${join(folder, file)} exists already`, {
        hints: ['Somebody else is writing into this folder; try again.'],
      });
    }
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function replace(folder: string, file: string, text: string): Promise<void> {
  const temporary = await writeTemporary(folder, text);
  await rename(temporary, join(folder, file)).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
}

async function writeTemporary(folder: string, text: string): Promise<string> {
  const path = join(folder, `.tidemark-${randomBytes(8).toString('hex')}.tmp`);
  const handle = await open(path, 'wx');
  try {
    await handle.writeFile(text, 'utf8');
    await handle.sync();
  } finally {
    await handle.close();
  }
  return path;
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > LEFTOVER_AGE_MS) await rm(path, { force: true });
  }
}
