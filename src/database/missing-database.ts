import { existsSync } from 'node:fs';
import { TidemarkError } from '../errors.js';
import { type DatabaseUrl, safeUrl } from './database-url.js';
import { folderState } from './embedded-folder.js';

/**
 * True for a file or folder that opening would make. A server says itself what it has, and what is in memory
 * is made by opening it.
 */
export function isMissing(url: DatabaseUrl): boolean {
  if (url.adapter === 'server' || url.path === undefined) return false;
  if (url.adapter === 'sqlite') return !existsSync(url.path);
  const state = folderState(url.path);
  return state === 'empty' || state === 'unfinished';
}

/** The error for a missing database, in the words and with the `details.reason` of a server that lacks one. */
export function noDatabase(url: DatabaseUrl): TidemarkError {
  return new TidemarkError('cannot-connect', `there is no database at ${safeUrl(url)}`, {
    hints: ['Correct the path, or make the database with "tidemark db create" or "tidemark migrate up".'],
    details: { reason: 'no-database' },
  });
}
