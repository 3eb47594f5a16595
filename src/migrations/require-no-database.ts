import { TidemarkError } from '../errors.js';

/**
 * Throws TidemarkError (`url-missing`, exit code 2) for a target or range that is counted from where the database
 * is, for a command that has none: taken for base it would be another place.
 */
export function requireNoDatabase(text: string): void {
  const counted = text
    .split(':')
    .some((end) => /^(?:[^@]*@)?(?:current(?![\p{L}\p{N}_.])|[+-]\d)/u.test(end.trim()));
  if (!counted) return;
  throw new TidemarkError(
    'url-missing',
    `"${text}" is counted from where the database is, and there is none`,
    { exitCode: 2, hints: ['Name the revision, or the database with --env or --url.'] },
  );
}
