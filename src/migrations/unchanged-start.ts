import { TidemarkError } from '../errors.js';
import { statementHash } from './checksum.js';
import { label } from './compare-history.js';
import type { AppliedRevision } from './history.js';

/** Throws TidemarkError (`history-edited`) when a statement that has run is not in its place any more. */
export function requireUnchangedStart(
  file: { readonly path: string },
  statements: readonly { readonly sql: string; readonly line: number }[],
  unfinished: AppliedRevision,
): void {
  const changed = unfinished.statementHashes.findIndex((hash, at) => {
    const statement = statements[at];
    return statement === undefined || statementHash(statement.sql) !== hash;
  });
  if (changed === -1) return;
  const place = statements[changed];
  throw new TidemarkError(
    'history-edited',
    `statement ${changed + 1} of ${label(unfinished)} has run, and it ${place === undefined ? 'is gone from the file' : 'was changed since'}`,
    {
      location: { file: file.path, line: place?.line ?? 1 },
      hints: [
        `The first ${unfinished.statementsDone} of its statements are applied and must stay as they were; only what comes after them may be changed.`,
      ],
      details: {
        revision: unfinished.revision,
        statement: changed + 1,
        statementsDone: unfinished.statementsDone,
      },
    },
  );
}
