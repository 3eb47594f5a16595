import { writeMigration } from '../../migrations/write-migration.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { relativePath } from '../render/path.js';

/** Makes an empty migration and its reverse. */
export async function run(context: Context): Promise<Outcome> {
  const name = context.required('NAME');
  const { migrations } = await context.environment();
  const written = await writeMigration(migrations, {
    name,
    up: `-- ${name}: write the SQL that goes forward here.\n`,
    down: `-- ${name}: write the SQL that takes it back here.\n`,
  });
  const files = [written.upFile, written.downFile].filter((file) => file !== undefined);
  const shown = files.map((file) => relativePath(migrations, file, context.cwd));
  return {
    result: { revision: written.version, files },
    text: `wrote ${shown.join(' and ')}; after editing them: tidemark migrate hash`,
  };
}
