import type { Step } from '../schema/plan.js';

/**
 * What stands around the steps of a SQLite plan, and what it asks of whoever runs it.
 *
 * A table that is made anew is dropped under its children's feet. With foreign keys enforced that deletes
 * their rows (ON DELETE CASCADE) or fails, and `PRAGMA foreign_keys` does nothing inside a transaction. So a
 * plan with such a step begins with `PRAGMA foreign_keys = OFF`. In a file:
 *
 *     PRAGMA foreign_keys = OFF;
 *
 *     -- Make table users anew …
 *     …
 *     PRAGMA foreign_keys = ON;
 *
 * - `sqlite3 < file` runs that as it stands.
 * - A runner that puts the file in a transaction runs the `PRAGMA foreign_keys` statements at the head of the
 *   file before BEGIN, on the same connection, and reads the pragma back: where it did not take, nothing is
 *   run. Before the old table is dropped it counts the rows of both. Before COMMIT it compares
 *   `foreign_key_check` with what it said before, runs `integrity_check` and prepares every view and trigger.
 *   After the transaction, whatever its end, it puts the pragma back to what it was. The closing
 *   `PRAGMA foreign_keys = ON` does nothing inside the transaction.
 * - The line `-- Rows that stop it: SELECT …` above a statement is a query for the rows that the statement
 *   would refuse or store as something else. A runner asks it before the first statement, or at that place where
 *   a statement before it may change the answer, and goes no further when there are any.
 * - Statistics of a table go with it: where sqlite_stat1 had rows for it, the runner runs ANALYZE for it.
 */
export function frame(steps: readonly Step[]): {
  readonly before: readonly string[];
  readonly after: readonly string[];
} {
  if (!steps.some((step) => step.withoutForeignKeys)) return { before: [], after: [] };
  return {
    before: ['PRAGMA foreign_keys = OFF'],
    after: ['PRAGMA foreign_keys = ON'],
  };
}
