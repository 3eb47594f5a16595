import { createHash } from 'node:crypto';
import { TidemarkError } from '../errors.js';

/** Letters, digits, `.`, `_`, `-`; no leading dot: safe in every file system and every object store. */
const PART = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * Throws TidemarkError (`backup-name-invalid`) for a part's name that could lead anywhere but into the backup's own
 * folder. A manifest that was tampered with must not choose where a file goes.
 */
export function requirePartName(name: string): void {
  if (PART.test(name) && name !== 'manifest.json') return;
  throw new TidemarkError(
    'backup-name-invalid',
    `${JSON.stringify(name.slice(0, 200))} cannot be the name of a part of a backup`,
    { hints: ['The manifest was changed or damaged: do not restore from this backup.'] },
  );
}

/**
 * The folder that the backups of one database are kept in: its name as far as it is plain, and a short hash where it
 * is not, so that two databases never share a folder (`my"db` and `my-db`).
 */
export function databaseFolder(name: string): string {
  if (/^[a-z0-9_][a-z0-9_-]{0,62}$/.test(name)) return name;
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${plain || 'database'}-${hash}`;
}
