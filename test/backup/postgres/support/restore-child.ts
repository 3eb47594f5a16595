import { parseManifest } from '../../../../src/backup/parse-manifest.js';
import { databaseFolder } from '../../../../src/backup/part-name.js';
import { restorePostgres } from '../../../../src/backup/postgres/restore-postgres.js';
import { FolderStore } from '../../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../../src/backup/stored-backup.js';
import { parseDatabaseUrl } from '../../../../src/database/database-url.js';

/*
 * Restores, and ends itself with SIGKILL so many milliseconds after a phase begins. Words: URL, root, the manifest as
 * JSON, the phase's first word, milliseconds, and `drop`, `in-place` or nothing.
 */
const [url = '', root = '', manifestText = '', phase = '', delay = '0', how = ''] = process.argv.slice(2);
const parsed = parseDatabaseUrl(url);
if (parsed.adapter !== 'server') throw new Error('not a server');
const manifest = parseManifest(manifestText, 'the test');
const die = () => process.kill(process.pid, 'SIGKILL');
await restorePostgres(
  storedBackup(new FolderStore('local', root), manifest, { folder: databaseFolder(manifest.database) }),
  {
    url: parsed,
    find: { env: process.env },
    lockTimeoutMs: 5000,
    keepOld: how !== 'drop',
    inPlace: how === 'in-place',
    createBefore: async () => 'none',
    onEvent: (event) => {
      if (event.type !== 'phase' || !event.phase.startsWith(phase)) return;
      if (delay === '0') die();
      else setTimeout(die, Number(delay));
    },
  },
);
