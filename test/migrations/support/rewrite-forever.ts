// Rewrites the folder named by its argument over and over, until it is killed: every file gets a new name and a new
// parent line, then the old ones again.
import { readMigrationFolder } from '../../../src/migrations/folder.js';
import { rewriteFolder } from '../../../src/migrations/rewrite-folder.js';

const path = process.argv[2] ?? '';
process.stdout.write('ready\n');
for (;;) {
  const { migrations } = await readMigrationFolder(path);
  const later = migrations.every(({ version }) => Number(version) < 10);
  const nameOf = (file: string): string => (later ? `1${file}` : file.slice(1));
  await rewriteFolder(path, {
    rename: new Map(
      migrations.flatMap(({ file, down }) =>
        [file, ...(down === undefined ? [] : [down.file])].map((old) => [old, nameOf(old)] as const),
      ),
    ),
    write: new Map(
      migrations.map(({ file, up }) => [
        nameOf(file),
        later ? `-- later\n${up}` : up.replace('-- later\n', ''),
      ]),
    ),
  });
}
