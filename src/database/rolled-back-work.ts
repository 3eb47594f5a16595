import type { Connection } from './connection.js';

const SAVEPOINT = 'tidemark_scratch';

export interface RolledBack<T> {
  readonly outcome: { readonly value: T } | { readonly error: unknown };
  /** False when something of the work may have stayed: it ended the transaction itself, or the session broke. */
  readonly clean: boolean;
}

/**
 * Runs work inside one transaction and rolls it back. A savepoint taken at the start is the witness: when it
 * can still be rolled back to, the transaction is the same one, whatever the work did in between.
 */
export async function rolledBack<T>(connection: Connection, work: () => Promise<T>): Promise<RolledBack<T>> {
  await connection.executeAll(['BEGIN', `SAVEPOINT ${SAVEPOINT}`]);
  const outcome = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  try {
    await connection.executeAll([`ROLLBACK TO SAVEPOINT ${SAVEPOINT}`, 'ROLLBACK']);
    await connection.executeAll(['DISCARD ALL']);
    return { outcome, clean: true };
  } catch {
    return { outcome, clean: false };
  }
}

/** The value, or the error thrown again. */
export function outcomeOf<T>({ outcome }: RolledBack<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}
