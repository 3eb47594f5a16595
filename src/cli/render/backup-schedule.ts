import type { BackupScheduleEvent } from '../../library/backups/schedule-backups.js';
import { levelText } from './backup-level.js';
import { bytesText, counted, momentText, timeText } from './quantity.js';

const PARTS = {
  look: 'the backups could not be looked at',
  backup: 'the backup failed',
  cleanup: 'old backups could not be pruned',
  verify: 'the proof failed',
} as const;

/** One line of the log for what a schedule tells, without the time: whoever keeps logs adds it. */
export function scheduleLine(event: Exclude<BackupScheduleEvent, { type: 'progress' }>): string {
  switch (event.type) {
    case 'backup-made': {
      const { id, bytes, rows, durationMs, sent } = event.backup;
      const to = sent.length === 0 ? '' : `, sent to ${sent.map(({ place }) => place).join(', ')}`;
      return `backed up as ${id}: ${bytesText(bytes)}, ${counted(rows, 'row')}, ${timeText(durationMs)}${to}`;
    }
    case 'pruned':
      return event.pruned.places
        .map(({ place, decisions, locked }) => {
          const stays = new Set(locked.map(({ id }) => id));
          const gone = decisions.filter(({ id, keep }) => !keep && !stays.has(id)).length;
          const refused = stays.size === 0 ? '' : `, ${stays.size} of them not given up by the place`;
          return `pruned ${place}: ${gone} deleted, ${decisions.length - gone} kept${refused}`;
        })
        .join('; ');
    case 'verified': {
      const { id, level, restoreMs } = event.verified;
      return `${id} ${levelText(level)}${restoreMs === null ? '' : `, back after ${timeText(restoreMs)}`}`;
    }
    case 'waiting':
      return `the next backup is due at ${momentText(event.until.toISOString())} UTC`;
    case 'busy':
      return 'another schedule of this folder is at work';
    case 'failed': {
      const again = event.retryMs === undefined ? '' : `; again in ${timeText(event.retryMs)}`;
      return `${PARTS[event.part]}: ${event.error.message}${again}`;
    }
  }
}
