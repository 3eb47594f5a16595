import { hashFolder } from '../../migrations/write-migration.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';

/** Writes `tidemark.sum` from the files as they are. */
export async function run(context: Context): Promise<Outcome> {
  const { migrations } = await context.environment();
  const { difference } = await context.migrations();
  const folder = await hashFolder(migrations);
  const { added, edited, removed } = difference;
  const changes = [
    ...added.map((file) => `  added    ${file}`),
    ...edited.map((file) => `  edited   ${file}`),
    ...removed.map((file) => `  removed  ${file}`),
  ];
  const summary = `tidemark.sum lists ${folder.sums.size} file${folder.sums.size === 1 ? '' : 's'}`;
  return {
    result: { files: Object.fromEntries(folder.sums), added, edited, removed },
    text: changes.length > 0 ? [`${summary}:`, ...changes].join('\n') : `${summary}, nothing changed`,
  };
}
