import { hashFolder } from '../../migrations/hash-folder.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';

/** Writes `tidemark.sum` from the files as they are. */
export async function run(context: Context): Promise<Outcome> {
  const { migrations } = await context.environment();
  const { sums, changes, damage } = await hashFolder(migrations);
  const { added, edited, removed } = changes;
  if (damage !== undefined) context.output.warn(`written anew: ${damage}`);
  const lines = [
    ...added.map((file) => `  added    ${file}`),
    ...edited.map((file) => `  edited   ${file}`),
    ...removed.map((file) => `  removed  ${file}`),
  ];
  const summary = `tidemark.sum lists ${sums.size} file${sums.size === 1 ? '' : 's'}`;
  const unchanged = damage === undefined ? `${summary}, nothing changed` : summary;
  return {
    result: { files: Object.fromEntries(sums), added, edited, removed },
    text: lines.length > 0 ? [`${summary}:`, ...lines].join('\n') : unchanged,
  };
}
