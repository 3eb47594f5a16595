import type { Command } from '../command.js';

/** `tidemark backup schedule`. */
export const backupScheduleCommands: readonly Command[] = [
  {
    path: ['backup', 'schedule'],
    summary: 'stay in the foreground and back up whenever it is due',
    description:
      'The next backup is due one interval after the newest one there is, whoever made it: restarts and replicas ' +
      'agree. Each is proven and sent to every destination; old ones are pruned after a good backup only. What fails ' +
      'is tried again after one minute, two, four, up to an hour. SIGTERM ends it, children included, with exit code 0. ' +
      'Flags win over BACKUP_INTERVAL_HOURS and BACKUP_CLEANUP_INTERVAL_DAYS, and these over the configuration.',
    options: {
      'output-dir': {
        type: 'text',
        value: 'DIR',
        summary: 'the folder of backups; else `backup.folder` of the configuration, else backups',
      },
      interval: { type: 'text', value: 'TIME', summary: 'how often one is due: 30m, 24h, 7d; default 24h' },
      cron: { type: 'text', value: 'EXPR', summary: 'when one is due, in UTC: "0 3 * * *"' },
      'cleanup-interval': { type: 'text', value: 'TIME', summary: 'how often old ones go; default 1d' },
      'verify-interval': {
        type: 'text',
        value: 'TIME',
        summary: 'how often the newest is restored for proof: 7d; default off',
      },
      identity: {
        type: 'text',
        value: 'FILE',
        summary: 'the age identity that opens encrypted backups',
        env: 'TIDEMARK_AGE_IDENTITY',
      },
      once: { type: 'flag', summary: 'do what is due now, and end: for cron' },
    },
    examples: [
      { line: 'backup schedule', summary: 'every day' },
      { line: "backup schedule --cron '0 3 * * *' --verify-interval 7d", summary: 'at three, proven weekly' },
      { line: 'backup schedule --once', summary: 'from cron or a timer: only if it is due' },
    ],
    load: () => import('./backup-schedule.js'),
  },
];
