import { resolve } from 'node:path';
import { TidemarkError } from '../errors.js';
import { formatSum } from '../migrations/checksum.js';
import { migrationsInOrder } from '../migrations/compare-history.js';
import { type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import { hashFolder } from '../migrations/hash-folder.js';
import { readScript } from '../migrations/script.js';
import type { Dialect } from '../schema/dialect.js';
import { unsupported } from './import-error.js';
import type { ImportedProject } from './imported-project.js';

const NOT_SHARED = /^[ \t]*--[ \t]*atlas:(txtar|delimiter|checkpoint|import)\b/m;

/**
 * Makes an Atlas folder Tidemark's too, where it is: its files stay as they are, byte for byte, and get a
 * `tidemark.sum` beside `atlas.sum`. Throws TidemarkError: `import-in-place` (exit code 2) when the folder is not the
 * environment's, `import-unsupported` for files that only Atlas can run, and what reading the folder throws.
 */
export async function adoptAtlasFolder(
  target: string,
  path: string,
  project: ImportedProject,
  dialect: Dialect,
  dryRun: boolean,
): Promise<{ readonly wrote: boolean; readonly folder: MigrationFolder }> {
  if (resolve(path) !== resolve(target)) {
    throw new TidemarkError('import-in-place', `${path} is not the migrations folder, which is ${target}`, {
      exitCode: 2,
      hints: ['Name it in the configuration (migrations), or give --migrations.'],
    });
  }
  const folder = await readMigrationFolder(target, { ignoreSum: true });
  for (const { path: file, up, directives } of folder.migrations) {
    const only = NOT_SHARED.exec(up);
    const place = only === null ? 1 : up.slice(0, only.index).split('\n').length;
    if (only !== null || file.endsWith('.up.sql')) {
      throw unsupported(
        file,
        place,
        only ? `only Atlas knows "atlas:${only[1]}"` : 'the folder is in another format',
        ['Import into a folder of its own instead: give --migrations another name.'],
      );
    }
    await readScript(dialect, up, file, directives.transaction, () => false);
  }
  const ours = migrationsInOrder(folder).map(({ version }) => version);
  const theirs = project.revisions.map(({ id }) => id);
  if (ours.join() !== theirs.join()) {
    const at = ours.findIndex((version, index) => version !== theirs[index]);
    throw unsupported(
      target,
      1,
      `Atlas sorts the names as plain text, Tidemark by their numbers: after ${ours[at - 1] ?? 'nothing'} comes ${theirs[at]} for one and ${ours[at]} for the other`,
      ['Import into a folder of its own instead: give --migrations another name.'],
    );
  }
  const before = await readMigrationFolder(target).catch(() => undefined);
  const same = before?.listed !== undefined && formatSum(before.listed) === formatSum(folder.sums);
  if (same) return { wrote: false, folder: before };
  if (!dryRun) return { wrote: true, folder: await hashFolder(target) };
  return {
    wrote: true,
    folder: { ...folder, listed: folder.sums, difference: { added: [], edited: [], removed: [] } },
  };
}
