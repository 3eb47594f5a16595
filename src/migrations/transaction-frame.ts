/**
 * What an engine does around a migration that runs in one transaction, where BEGIN and COMMIT alone are not
 * enough. One for each attempt.
 */
export interface TransactionFrame {
  /** Statements of the script, by index from 0, which are not sent because the frame sees to what they ask for. */
  readonly covered: ReadonlySet<number>;
  /** After BEGIN, before the first statement. */
  opened(): Promise<void>;
  /** Before each statement. Throws to have everything undone. */
  before(statement: number): Promise<void>;
  /** After the last statement, before the migration is recorded. Throws to have everything undone. */
  verify(): Promise<void>;
  /** After the transaction, whatever its end. */
  close(): Promise<void>;
}
