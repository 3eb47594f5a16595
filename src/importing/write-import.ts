import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../errors.js';
import { checksumOf } from '../migrations/checksum.js';
import { type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import { GIT_ATTRIBUTES, GIT_ATTRIBUTES_TEXT } from '../migrations/git-attributes.js';
import { rewriteFolder } from '../migrations/rewrite-folder.js';
import { type RenderedImport, requireSame } from './render-import.js';

/** Files that only keep a folder in version control. */
const KEEPERS = new Set(['.gitkeep', '.keep', '.gitignore', GIT_ATTRIBUTES]);

/**
 * What a folder is to an import: `free` (empty, or not there), or `imported` when it holds all its files as they
 * would be written, and maybe newer ones. Throws TidemarkError (`import-target-not-empty`, exit code 4) otherwise.
 */
export async function targetState(target: string, { files }: RenderedImport): Promise<'free' | 'imported'> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.every((name) => KEEPERS.has(name))) return 'free';
  const folder = await readMigrationFolder(target).catch(() => undefined);
  const differing = [...files].filter(([file, text]) => folder?.sums.get(file) !== checksumOf(text));
  if (folder !== undefined && differing.length === 0 && files.size > 0) return 'imported';
  const shown = names.filter((name) => !name.startsWith('.')).slice(0, 5);
  const part = differing.length < files.size ? differing.map(([file]) => file).slice(0, 5) : [];
  throw new TidemarkError(
    'import-target-not-empty',
    `${target} is not empty: ${shown.join(', ')}${names.length > shown.length ? ', …' : ''}${part.length > 0 ? `; it holds this import in part, but not ${part.join(', ')}` : ''}`,
    {
      exitCode: 4,
      hints: [
        'Import into a folder of its own: --migrations tidemark/migrations, and the same name in the configuration.',
        'If it holds this import already, edited since, use --record-only to record it in another database.',
      ],
      details: { found: names, differing: part },
    },
  );
}

/**
 * Writes an import into a folder that is free: all of it or nothing. The files are made in a folder beside, read
 * back and held against what was imported, and only then get their place in one step.
 */
export async function writeImport(target: string, rendered: RenderedImport): Promise<MigrationFolder> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = `${target}.tidemark-${randomBytes(6).toString('hex')}`;
  try {
    await rewriteFolder(temporary, { write: rendered.files });
    requireSame(await readMigrationFolder(temporary), rendered);
    await writeFile(join(temporary, GIT_ATTRIBUTES), GIT_ATTRIBUTES_TEXT);
    for (const name of await readdir(target).catch(() => [])) {
      await copyFile(join(target, name), join(temporary, name));
      await rm(join(target, name));
    }
    await rmdir(target).catch(() => undefined);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  return readMigrationFolder(target);
}
