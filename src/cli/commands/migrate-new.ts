import { TidemarkError } from '../../errors.js';
import { graphOf } from '../../migrations/compare-history.js';
import { readMigrationFolder } from '../../migrations/folder.js';
import { emptyMigration } from '../../migrations/migration-template.js';
import { placeNewRevision } from '../../migrations/new-revision.js';
import { writeMigration } from '../../migrations/write-migration.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import type { ParsedOptions } from '../parsed-options.js';
import { relativePath } from '../render/path.js';

/** Makes an empty migration and its reverse, where it was said or after the one head. */
export async function run(context: Context): Promise<Outcome> {
  const { options } = context;
  const name = context.required('NAME');
  const { migrations, newMigrations } = await context.environment();
  const place = placeNewRevision(graphOf(await readMigrationFolder(migrations)), {
    head: headOf(options),
    splice: options.flag('splice'),
    branch: options.text('branch'),
    dependsOn: options.list('depends-on'),
  });
  const written = await writeMigration(migrations, {
    name,
    version: options.text('revision'),
    ...place,
    ...emptyMigration(name, newMigrations.template),
    naming: newMigrations.naming,
    afterWrite: newMigrations.afterWrite,
  });
  const files = [written.upFile, written.downFile].filter((file) => file !== undefined);
  const shown = files.map((file) => relativePath(migrations, file, context.cwd));
  return {
    result: {
      revision: written.version,
      parents: written.parents,
      dependsOn: place.dependsOn,
      branch: place.branch ?? null,
      files,
    },
    text: `wrote ${shown.join(' and ')}; after editing them: tidemark migrate hash`,
  };
}

function headOf(options: ParsedOptions): string | undefined {
  const [head, parent] = [options.text('head'), options.text('parent')];
  if (head === undefined || parent === undefined || head === parent) return head ?? parent;
  throw new TidemarkError('usage', '--head and --parent both say what the new revision follows', {
    exitCode: 2,
    hints: ['Give one of them. "tidemark migrate merge" makes a revision with several parents.'],
  });
}
