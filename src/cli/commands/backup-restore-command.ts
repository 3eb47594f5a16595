import type { Command } from '../command.js';

/** `tidemark backup restore`. */
export const backupRestoreCommand: Command = {
  path: ['backup', 'restore'],
  summary: 'bring a backup back, beside the live database first',
  description:
    'Everything is checked, what is there now is backed up, the backup is restored beside the live database and ' +
    'compared with its manifest; then the two change names. What was live is kept: --undo changes them back. A local ' +
    'database asks for a yes (--yes); production, and everything that is not on this machine, wants the name of the ' +
    'database typed or given by --force. With --to-database or --table the live data is not touched, and nothing is asked.',
  arguments: [
    {
      name: 'BACKUP',
      summary:
        'an id, the beginning of it, latest, or the path of a backup’s folder; not with --undo, --repair and --drop-kept',
    },
  ],
  options: {
    'output-dir': {
      type: 'text',
      value: 'DIR',
      summary: 'the folder of backups; else `backup.folder` of the configuration, else backups',
    },
    from: { type: 'text', value: 'NAME', summary: 'the place to read it from: local, or a destination' },
    'to-database': {
      type: 'text',
      value: 'NAME',
      summary: 'into a new database (SQLite: a new file) instead',
    },
    table: { type: 'list', value: 'TABLE', summary: 'only this table, as a copy beside the live one' },
    'only-schema': {
      type: 'list',
      value: 'SCHEMA',
      summary: 'only this schema, as a copy beside; PostgreSQL',
    },
    undo: { type: 'flag', summary: 'swap back what the last restore replaced' },
    repair: {
      type: 'flag',
      summary: 'finish or roll back what a killed restore left, and nothing else',
    },
    'drop-kept': {
      type: 'text',
      value: 'NAME',
      summary: 'remove for good what a restore kept; "backup status" lists it',
    },
    'in-place': {
      type: 'flag',
      summary: 'over the live database, in one transaction: for a role that may not create databases',
    },
    'create-roles': { type: 'flag', summary: 'make roles that the server lacks, without login' },
    'backup-first': {
      type: 'flag',
      default: true,
      summary: 'back up what is there now before it is replaced',
    },
    'keep-old': { type: 'flag', default: true, summary: 'keep what was live, for --undo' },
    migrate: { type: 'flag', summary: 'then apply the migrations that the backup does not have' },
    jobs: { type: 'text', value: 'N', summary: 'tables restored at once; default as many as were dumped' },
    identity: {
      type: 'text',
      value: 'FILE',
      summary: 'the age identity that opens encrypted backups',
      env: 'TIDEMARK_AGE_IDENTITY',
    },
    force: { type: 'text', value: 'DATABASE', summary: 'the name of the live database, as consent' },
    'lock-timeout': {
      type: 'duration',
      value: 'TIME',
      default: '30s',
      summary: 'how long to wait for migrations and sessions to end',
    },
  },
  examples: [
    { line: 'backup restore latest', summary: 'the newest, asked first' },
    { line: 'backup restore latest --to-database app_yesterday', summary: 'beside, to look at' },
    { line: 'backup restore 20261120T1430 --table users', summary: 'one table, as a copy' },
    { line: 'backup restore latest --env production --force app --migrate', summary: 'on the worst day' },
    { line: 'backup restore --undo', summary: 'it was the wrong one' },
    { line: 'backup restore --drop-kept app__before_restore_4fa9c10be2', summary: 'it was the right one' },
  ],
  load: () => import('./backup-restore.js'),
};
