import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { rewriteFolder } from '../../src/migrations/rewrite-folder.js';

/** Files of a migrations folder, by their names within it. */
export type MigrationFiles = Readonly<Record<string, string>>;

/** Writes files into a migrations folder as they are, then its sum. */
export async function writeMigrationFiles(folder: string, files: MigrationFiles): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { sums } = await readMigrationFolder(folder, { ignoreSum: true });
  writeFileSync(join(folder, 'tidemark.sum'), [...sums].map(([name, sum]) => `${name} ${sum}\n`).join(''));
  // A folder that cannot be rewritten is none.
  await rewriteFolder(folder, {});
}

/** Every file below a folder with its text, by its path within it. */
export function filesIn(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}
