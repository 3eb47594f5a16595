import type { StatementPlace } from './postgres-error.js';
import { characterCount } from './postgres-error.js';

/** Between two statements of a batch: the line end closes a comment at the end of the first. */
const SEPARATOR = '\n;\n';

/** Characters in one message; more only costs memory on both sides. */
const LARGEST_MESSAGE = 1_000_000;

const COMMENTS = String.raw`(?:\s+|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*`;
const BEGINS = new RegExp(String.raw`^${COMMENTS}(?:begin|start\s+transaction)\b`, 'i');
const ENDS = new RegExp(
  String.raw`^${COMMENTS}(?:commit|end|abort|prepare\s+transaction|rollback(?!(?:\s+(?:work|transaction))?\s+to\b))\b`,
  'i',
);

/** Statements that travel together in one simple query. */
export interface Batch {
  /** Index of the first statement. */
  readonly first: number;
  readonly statements: readonly string[];
}

/**
 * Takes the statements that may be sent as one simple query, starting at `first`. A query of several
 * statements is an implicit transaction, so only what stands in an explicit one anyway travels together:
 * from BEGIN, or inside a transaction, up to its end. Everything else goes alone
 * (PostgreSQL's protocol, "Multiple Statements in a Simple Query").
 */
export function nextBatch(statements: readonly string[], first: number, inTransaction: boolean): Batch {
  const taken: string[] = [];
  let size = 0;
  for (let index = first; index < statements.length; index += 1) {
    const statement = statements[index]!;
    if (taken.length > 0 && size + statement.length > LARGEST_MESSAGE) break;
    taken.push(statement);
    size += statement.length;
    if (ENDS.test(statement)) break;
    if (!inTransaction && taken.length === 1 && !BEGINS.test(statement)) break;
  }
  return { first, statements: taken };
}

/** The text of a batch. */
export function batchText(batch: Batch): string {
  return batch.statements.join(SEPARATOR);
}

/**
 * Finds the statement an error is about. `completed` is how many the server reported as done before it;
 * its position (code points from 1) may point further ahead, because the whole text is parsed first.
 */
export function locateFailure(batch: Batch, completed: number, error: unknown): StatementPlace {
  const position = Number((error as { position?: string }).position ?? 0);
  const last = batch.statements.length - 1;
  const reached = Math.min(completed, last);
  const places: StatementPlace[] = [];
  let offset = 0;
  for (const [index, sql] of batch.statements.entries()) {
    places.push({ statement: batch.first + index, offset, sql });
    offset += characterCount(sql) + SEPARATOR.length;
  }
  const pointed = places.findLastIndex((place) => place.offset < position);
  return places[Math.max(reached, pointed)]!;
}
