import type { Argument, Command, Option } from '../command.js';
import { backupRestoreCommand } from './backup-restore-command.js';
import { backupScheduleCommands } from './backup-schedule-commands.js';

const outputDir: Option = {
  type: 'text',
  value: 'DIR',
  summary: 'the folder of backups; else `backup.folder` of the configuration, else backups',
};
const identity: Option = {
  type: 'text',
  value: 'FILE',
  summary: 'the age identity that opens encrypted backups',
  env: 'TIDEMARK_AGE_IDENTITY',
};
const dryRun: Option = { type: 'flag', summary: 'say what would be done, change nothing' };
const levels = ['0', '1', '2', '3', '4'];
const optionalId: Argument = { name: 'ID', summary: 'a backup, or the beginning of its id; default latest' };
const id: Argument = {
  name: 'ID',
  summary: 'a backup, the beginning of its id, or latest',
  required: true,
};
const keep = (what: string): Option => ({
  type: 'text',
  value: 'N',
  summary: `keep the newest of each of the last N ${what} that have any`,
});

const makingCommands: readonly Command[] = [
  {
    path: ['backup', 'create'],
    summary: 'back the database up, and prove it',
    description:
      'Takes one moment’s state with the rows of every table, writes it with its hashes, and reads it back. Nothing ' +
      'counts as a backup before all of it is proven. Waits for a migration that runs; meanwhile none begins.',
    options: {
      'output-dir': outputDir,
      upload: { type: 'flag', summary: 'also to every destination of the configuration' },
      destination: { type: 'list', value: 'NAME', summary: 'also to this destination' },
      jobs: { type: 'text', value: 'N', summary: 'tables dumped at once; default the processors, at most 4' },
      tag: { type: 'list', value: 'TEXT', summary: 'a word to find it by' },
      pin: { type: 'flag', summary: 'never prune it' },
      'encrypt-to': { type: 'list', value: 'RECIPIENT', summary: 'encrypt it to this age recipient (age1…)' },
      verify: {
        type: 'text',
        value: 'LEVEL',
        choices: levels,
        summary: 'how far it is proven: 0 there, 1 every byte, 2 readable, 3 restored, 4 asserted; default 2',
      },
      'exclude-table-data': {
        type: 'list',
        value: 'PATTERN',
        summary: 'leave the rows of these tables out: schema.table with *',
      },
      identity,
      'lock-timeout': {
        type: 'duration',
        value: 'TIME',
        default: '10s',
        summary: 'how long to wait for a migration, and for locks on tables',
      },
      'space-check': { type: 'flag', default: true, summary: 'refuse when the disk looks too small' },
      'dry-run': dryRun,
    },
    examples: [
      { line: 'backup create', summary: 'into ./backups' },
      { line: 'backup create --upload --pin --tag release-12', summary: 'kept for good, and elsewhere too' },
      { line: 'backup create --verify 3', summary: 'restored for proof at once' },
    ],
    load: () => import('./backup-create.js'),
  },
  {
    path: ['backup', 'fetch'],
    summary: 'copy a backup from a destination into the folder',
    arguments: [id],
    options: {
      'output-dir': outputDir,
      from: { type: 'text', value: 'NAME', summary: 'the destination; default the first that has it' },
    },
    examples: [{ line: 'backup fetch latest --from offsite', summary: 'the newest there' }],
    load: () => import('./backup-fetch.js'),
  },
  {
    path: ['backup', 'push'],
    summary: 'copy a backup to destinations; goes on with what is missing',
    arguments: [id],
    options: {
      'output-dir': outputDir,
      to: { type: 'list', value: 'NAME', summary: 'the destination; default all' },
    },
    examples: [{ line: 'backup push latest', summary: 'after an upload that failed' }],
    load: () => import('./backup-push.js'),
  },
];

const lookingCommands: readonly Command[] = [
  {
    path: ['backup', 'list'],
    summary: 'the backups, newest first, of the folder and all destinations',
    options: {
      'backup-dir': outputDir,
      'output-dir': { ...outputDir, summary: 'the same' },
      limit: { type: 'text', value: 'N', default: '10', summary: 'at most so many; all for every one' },
    },
    examples: [
      { line: 'backup list', summary: 'the last ten' },
      { line: 'backup list --limit all --json', summary: 'all of them, for a program' },
    ],
    load: () => import('./backup-list.js'),
  },
  {
    path: ['backup', 'show'],
    summary: 'all about one backup: tables, rows, parts, revision, where it lies',
    arguments: [id],
    options: { 'output-dir': outputDir },
    examples: [{ line: 'backup show latest', summary: 'the newest' }],
    load: () => import('./backup-show.js'),
  },
  {
    path: ['backup', 'status'],
    summary: 'is the newest backup as young as promised?',
    description:
      'The last good backup, the last one that was restored for proof, when the next is due, and what was left half ' +
      'made. Exits with 3 when the next one is overdue, or there is none.',
    options: {
      'output-dir': outputDir,
      interval: { type: 'text', value: 'TIME', summary: 'the promise; default as configured, else 24h' },
      cron: { type: 'text', value: 'EXPR', summary: 'the same as a cron expression in UTC' },
    },
    examples: [{ line: 'backup status', summary: 'for a health check: exit code 3 when overdue' }],
    load: () => import('./backup-status.js'),
  },
  {
    path: ['backup', 'verify'],
    summary: 'prove a backup: from its size up to a real restore',
    description:
      'Level 0: every part is there. 1: every byte is as it was written. 2: the engine reads all of it. 3: it is ' +
      'restored into a throwaway database, and tables, rows, extensions and migrations are compared. 4: your own ' +
      'assertions hold there. Exits with 3 when it does not pass.',
    arguments: [optionalId],
    options: {
      'output-dir': outputDir,
      level: { type: 'text', value: 'LEVEL', choices: levels, default: '2', summary: 'how far' },
      from: { type: 'text', value: 'NAME', summary: 'the place to read it from: local, or a destination' },
      identity,
    },
    examples: [
      { line: 'backup verify', summary: 'the newest' },
      { line: 'backup verify latest --level 3 --from offsite', summary: 'what you would have after a fire' },
    ],
    load: () => import('./backup-verify.js'),
  },
  {
    path: ['backup', 'drill'],
    summary: 'restore the newest backup into a throwaway and report how long it took',
    description:
      'As verify at level 3, or 4 when assertions are configured. The live database is not touched. Exits with 3 ' +
      'when the restore would not have helped.',
    options: {
      'output-dir': outputDir,
      from: { type: 'text', value: 'NAME', summary: 'the place to read it from: local, or a destination' },
      identity,
    },
    examples: [{ line: 'backup drill --from offsite', summary: 'the fire drill' }],
    load: () => import('./backup-drill.js'),
  },
];

const keepingCommands: readonly Command[] = [
  {
    path: ['backup', 'pin'],
    summary: 'keep a backup whatever the retention says',
    arguments: [id],
    options: { 'output-dir': outputDir },
    examples: [{ line: 'backup pin latest', summary: 'the newest' }],
    load: () => import('./backup-pin.js'),
  },
  {
    path: ['backup', 'unpin'],
    summary: 'take a pin off',
    arguments: [id],
    options: { 'output-dir': outputDir },
    examples: [{ line: 'backup unpin 20261120T143000123Z', summary: 'by the beginning of its id' }],
    load: () => import('./backup-unpin.js'),
  },
  {
    path: ['backup', 'prune'],
    summary: 'delete the backups that no rule keeps, and say why for each',
    description:
      'Every rule keeps what it names; a backup goes only when none does. The newest, pinned ones, and those in use ' +
      'always stay. Each destination is pruned by itself. Flags win over BACKUP_KEEP_DAYS and BACKUP_MIN_KEEP, and ' +
      'these over the configuration.',
    options: {
      'output-dir': outputDir,
      destination: { type: 'list', value: 'NAME', summary: 'only there; local is the folder' },
      'keep-days': { type: 'text', value: 'N', summary: 'everything younger than N days; default 30; off' },
      'min-keep': { type: 'text', value: 'N', summary: 'however old, at least N; default 5' },
      'keep-last': { type: 'text', value: 'N', summary: 'the newest N' },
      'keep-hourly': keep('hours'),
      'keep-daily': keep('days'),
      'keep-weekly': keep('weeks'),
      'keep-monthly': keep('months'),
      'keep-yearly': keep('years'),
      force: { type: 'flag', summary: 'also delete more than half of them, and more than ten, at once' },
      'dry-run': dryRun,
    },
    examples: [
      { line: 'backup prune --dry-run', summary: 'what would go, and why the others stay' },
      { line: 'backup prune --keep-days 7 --keep-weekly 8', summary: 'a week, and eight weeks back' },
    ],
    load: () => import('./backup-prune.js'),
  },
];

/** The commands of `tidemark backup`, in the order of its help. */
export const backupCommands: readonly Command[] = [
  ...makingCommands,
  backupRestoreCommand,
  ...lookingCommands,
  ...keepingCommands,
  ...backupScheduleCommands,
];
