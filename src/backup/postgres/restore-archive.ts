import type { PostgresUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import type { OpenBackup } from '../open-backup.js';
import type { PostgresClient } from './find-client.js';
import { KEEP_ALIVE, runClient } from './run-client.js';

export interface ArchiveRun {
  readonly client: PostgresClient;
  /** The archive: a file, or a folder. */
  readonly path: string;
  /** Where to; the database named here is the one restored into. */
  readonly url: PostgresUrl;
  readonly args: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs pg_restore into a database, and stops at the first thing that does not work. Throws TidemarkError:
 * `restore-failed` with what it said, `aborted`.
 */
export async function restoreArchive({ client, path, url, args, signal }: ArchiveRun): Promise<void> {
  try {
    await runClient({
      client,
      args: [
        '--exit-on-error',
        '--no-password',
        ...args,
        // A name that looks like connection parameters would be taken for these: it is given as one of them.
        `--dbname=dbname='${(url.database ?? '').replace(/['\\]/g, '\\$&')}' ${KEEP_ALIVE}`,
        path,
      ],
      url,
      signal,
    });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== 'client-failed') throw error;
    throw new TidemarkError('restore-failed', 'pg_restore could not restore the backup:', {
      ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
      hints: [...hintsFor(error.excerpt ?? ''), 'The live database is what it was.'],
      details: error.details,
      cause: error,
    });
  }
}

/** How many sessions restore at once: as many as dumped, unless told otherwise. */
export function restoreJobs({ manifest }: OpenBackup, jobs: number | undefined): number {
  return jobs ?? Math.max(1, manifest.capture.jobs);
}

function hintsFor(said: string): string[] {
  if (/No space left|could not extend file/i.test(said)) return ['Make room on the server.'];
  if (/permission denied|must be (owner|superuser|member)/i.test(said))
    return ['Restore as a superuser, or as the owner of what the backup holds.'];
  if (/function .* does not exist|relation .* does not exist|type .* does not exist/i.test(said))
    return [
      'A function, view or index of the backup names something without its schema, which only works with a search_path. Give the function one: ALTER FUNCTION … SET search_path = …, and make a new backup.',
    ];
  return [];
}
