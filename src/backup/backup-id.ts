import { randomBytes } from 'node:crypto';
import { TidemarkError } from '../errors.js';

const PATTERN = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[0-9a-z]{6}$/;

/**
 * A new backup's id: the time in UTC to the millisecond and six random characters, so that ids sort by age and two
 * backups begun in one moment differ: `20261120T143000123Z-4fz9ka`.
 */
export function newBackupId(now: Date = new Date()): string {
  const time = now.toISOString().replace(/[-:.]/g, '');
  const random = [...randomBytes(6)].map((byte) => (byte % 36).toString(36)).join('');
  return `${time}-${random}`;
}

/** True for what `newBackupId` makes. Nothing else in a folder of backups is ever touched. */
export function isBackupId(text: string): boolean {
  return PATTERN.test(text);
}

/**
 * The one backup that a text names: `latest`, a whole id, or the beginning of one that fits no other. Throws
 * TidemarkError with exit code 2 (`backup-unknown`, `backup-ambiguous`).
 *
 * @param ids newest first
 */
export function resolveBackupId(ids: readonly string[], text: string): string {
  const [newest] = ids;
  if (text === 'latest' && newest !== undefined) return newest;
  const matches = ids.includes(text) ? [text] : ids.filter((id) => text !== '' && id.startsWith(text));
  if (matches.length === 1) return matches[0]!;
  if (matches.length > 1) {
    throw new TidemarkError('backup-ambiguous', `"${text}" could be ${matches.slice(0, 8).join(' or ')}`, {
      exitCode: 2,
      hints: ['Write more of the id.'],
    });
  }
  throw new TidemarkError(
    'backup-unknown',
    newest === undefined ? 'there is no backup' : `there is no backup "${text}"`,
    {
      exitCode: 2,
      hints: [
        newest === undefined
          ? 'Make one with "tidemark backup create".'
          : `The newest is ${newest}; "tidemark backup list" lists them.`,
      ],
    },
  );
}
