import type { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';

const DAMAGED = 'history-damaged';

/** The error of history tables that are not as tidemark leaves them. `what` is wrong, in plain words. */
export function historyDamaged(what: string, cause?: unknown): TidemarkError {
  return new TidemarkError(DAMAGED, `the history in the database is damaged: ${what}`, {
    hints: [
      'Its tables were changed by hand, restored in part, or written for other migrations. Nothing was changed now.',
      'Bring them back from a backup; or write them anew, for the revision that the database is really at: "tidemark migrate stamp --purge REVISION".',
    ],
    cause,
  });
}

/** True for what `historyDamaged` makes. */
export function isDamage(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && error.code === DAMAGED;
}

/** The error of tables in a format that only a later version knows. */
export function historyNewer(format: number, known: number): TidemarkError {
  return new TidemarkError(
    'history-newer',
    `the history tables are in format ${format}, made by a newer tidemark; this one knows format ${known}`,
    { hints: ['Upgrade tidemark. Nothing was changed.'], details: { format, known } },
  );
}

/** The error of tables that may not be read. */
export function historyNotReadable(error: DatabaseError, hint: string): TidemarkError {
  return new TidemarkError('history-not-readable', `cannot read the history: ${error.message}`, {
    hints: [hint],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}

/** The error of tables that may not be made or written. */
export function historyNotWritable(error: DatabaseError, hint: string): TidemarkError {
  return new TidemarkError('history-not-writable', `cannot write the history: ${error.message}`, {
    hints: [hint],
    details: { sqlstate: error.sqlstate },
    cause: error,
  });
}
