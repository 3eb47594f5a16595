import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { restoreEmbedded, undoEmbedded } from '../../../../src/backup/embedded/restore-embedded.js';
import { parseManifest } from '../../../../src/backup/parse-manifest.js';
import { restoreSqlite, undoSqlite } from '../../../../src/backup/sqlite/restore-sqlite.js';
import { FolderStore } from '../../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../../src/backup/stored-backup.js';

/* Restores or undoes, and is killed at a step. Words: sqlite or embedded, restore or undo, path, root, id, step. */
const [engine = '', what = '', path = '', root = '', id = '', step = ''] = process.argv.slice(2);
const options = {
  path,
  keepOld: true,
  lockTimeoutMs: 2000,
  atStep: (at: string) => {
    if (at === step) process.kill(process.pid, 'SIGKILL');
  },
};
if (what === 'undo') await (engine === 'sqlite' ? undoSqlite : undoEmbedded)(options);
else {
  const text = await readFile(join(root, 'app', id, 'manifest.json'), 'utf8');
  const backup = storedBackup(new FolderStore('local', root), parseManifest(text, id), { folder: 'app' });
  await (engine === 'sqlite' ? restoreSqlite : restoreEmbedded)(backup, options);
}
