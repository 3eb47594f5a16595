import { createBackup } from '../../../../src/backup/create-backup.js';
import { encryptionTo } from '../../../../src/backup/encryption.js';
import { sqliteBackup } from '../../../../src/backup/sqlite/sqlite-backup.js';

/* Makes a backup and stands still at a phase to be killed. Words: file, root, phase, and a recipient or nothing. */
const [path = '', root = '', phase = '', recipient = ''] = process.argv.slice(2);
await createBackup(sqliteBackup({ engine: 'sqlite', adapter: 'sqlite', path }), {
  root,
  database: 'app',
  trigger: { kind: 'manual', migration: null },
  tags: [],
  pinned: false,
  encryption: recipient === '' ? undefined : await encryptionTo([recipient]),
  jobs: undefined,
  excludeTableData: [],
  lockTimeoutMs: 2000,
  onEvent: (event) => {
    if (event.type !== 'phase' || event.phase !== phase) return;
    process.send?.(phase, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  },
});
