import { DatabaseError } from '../database/connection.js';

/** Rows that would stop a statement. */
export interface StoppingRows {
  /** The statement of the script, from 1. */
  readonly statement: number;
  readonly table: string | null;
  readonly column?: string;
  readonly rows: number;
  /** Shows them. */
  readonly query: string;
  /** What is wrong with them, as the script says it. */
  readonly reason: string | null;
}

/** What a script asks about the rows before it changes anything, answered: there are some. */
export class RowsInTheWay extends DatabaseError {
  readonly found: readonly StoppingRows[];
  /** How to see them; a query each. */
  readonly hints: readonly string[];

  constructor(found: readonly StoppingRows[], sqlstate = 'SQLITE_CONSTRAINT') {
    const [first] = found;
    const several = `rows stand in the way of ${found.length} of its changes: ${found.map(sentence).join('; ')}`;
    super(found.length === 1 ? sentence(first!) : several, { sqlstate });
    this.found = found;
    this.hints = found.map(({ query }) => `See them with: ${query}`);
  }
}

function sentence({ reason, rows }: StoppingRows): string {
  const counted = `${rows} ${rows === 1 ? 'row' : 'rows'}`;
  return reason === null
    ? `${counted} ${rows === 1 ? 'stands' : 'stand'} in its way`
    : `${reason} (${counted})`;
}
