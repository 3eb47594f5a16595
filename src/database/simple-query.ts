import type { Client, Connection as PgConnection, Submittable } from 'pg';

/** What came of a simple query. */
export interface SimpleQueryResult {
  /** Statements that the server reported as done. */
  readonly completed: number;
  readonly error: unknown;
}

/** Sends a text of one or more statements and counts how far the server comes. Rows are not kept. */
export function sendBatch(client: Client, text: string): Promise<SimpleQueryResult> {
  return new Promise((resolve) => client.query(new SimpleQuery(text, resolve)));
}

/**
 * A query as `pg` runs them (its Submittable, the protocol that pg-cursor and pg-query-stream use):
 * the client calls the handlers with the server's messages.
 */
class SimpleQuery implements Submittable {
  readonly #text: string;
  readonly #done: (result: SimpleQueryResult) => void;
  #completed = 0;
  #error: unknown;

  constructor(text: string, done: (result: SimpleQueryResult) => void) {
    this.#text = text;
    this.#done = done;
  }

  submit(connection: PgConnection): void {
    connection.query(this.#text);
  }

  handleCommandComplete(): void {
    this.#completed += 1;
  }

  handleEmptyQuery(): void {
    this.#completed += 1;
  }

  handleError(error: unknown): void {
    this.#error = error;
    this.#finish();
  }

  handleReadyForQuery(): void {
    this.#finish();
  }

  /** Rows to copy in cannot come from here: the server is told so and answers with an error. */
  handleCopyInResponse(connection: PgConnection): void {
    (connection as unknown as { sendCopyFail(reason: string): void }).sendCopyFail(
      'no data to copy is given',
    );
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCopyData(): void {}
  handlePortalSuspended(): void {}

  #finish(): void {
    this.#done({ completed: this.#completed, error: this.#error });
  }
}

/**
 * Waits until the server is ready again after an error: until then the transaction status is that of the
 * time before. Not for a connection that is lost.
 */
export async function readyAgain(client: Client): Promise<void> {
  if ((client as unknown as { readyForQuery: boolean }).readyForQuery) return;
  await new Promise<void>((resolve) => {
    client.connection.once('readyForQuery', () => resolve());
    client.connection.once('end', () => resolve());
  });
}
