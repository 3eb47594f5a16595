import { type Connection, DatabaseError, type Row } from '../database/connection.js';
import { aborted, letOthersRun, requireNotAborted } from './abort.js';

/** query_canceled (PostgreSQL, appendix A) */
const CANCELED = '57014';

/**
 * A session for work that can be given up: once the signal comes, the statement that runs is cancelled and
 * none is begun any more; either throws TidemarkError (`aborted`). An engine that works in this thread can be
 * stopped between statements only. A lone ROLLBACK goes through, and so does all that `shielded` covers.
 */
export class AbortableConnection implements Connection {
  readonly #inner: Connection;
  readonly #signal: AbortSignal;
  #shields = 0;

  constructor(inner: Connection, signal: AbortSignal) {
    this.#inner = inner;
    this.#signal = signal;
  }

  get engine() {
    return this.#inner.engine;
  }

  get version() {
    return this.#inner.version;
  }

  get versionNumber() {
    return this.#inner.versionNumber;
  }

  get embedded() {
    return this.#inner.embedded;
  }

  get label() {
    return this.#inner.label;
  }

  get onNotice() {
    return this.#inner.onNotice;
  }

  set onNotice(listener: Connection['onNotice']) {
    this.#inner.onNotice = listener;
  }

  query<R extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]> {
    return this.#stoppable(() => this.#inner.query<R>(sql, parameters));
  }

  async executeAll(statements: readonly string[]): Promise<void> {
    const [only, ...others] = statements;
    if (this.#shields > 0 || (only === 'ROLLBACK' && others.length === 0)) {
      await this.#inner.executeAll(statements);
    } else if (this.#inner.cancel !== undefined) {
      await this.#stoppable(() => this.#inner.executeAll(statements));
    } else {
      for (const [index, sql] of statements.entries()) {
        await this.#stoppable(() => this.#inner.executeAll([sql]).catch(atStatement(index)));
      }
    }
  }

  /** Runs `work`, which has to be done whatever the signal says: it puts things in order. */
  async shielded<T>(work: () => Promise<T>): Promise<T> {
    this.#shields += 1;
    try {
      return await work();
    } finally {
      this.#shields -= 1;
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #stoppable<T>(work: () => Promise<T>): Promise<T> {
    if (this.#shields > 0) return work();
    const { cancel } = this.#inner;
    if (cancel === undefined) await letOthersRun();
    requireNotAborted(this.#signal);
    let cancelling: Promise<void> | undefined;
    const stop = () => {
      cancelling = cancel?.call(this.#inner);
    };
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      return await work();
    } catch (error) {
      // Another error than the cancellation's came first and is what happened.
      const canceled = error instanceof DatabaseError && error.sqlstate === CANCELED;
      throw canceled && this.#signal.aborted ? aborted(this.#signal) : error;
    } finally {
      this.#signal.removeEventListener('abort', stop);
      await cancelling;
    }
  }
}

/** Where in a list a statement stands that was sent alone. */
function atStatement(index: number): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DatabaseError)) throw error;
    const { message, sqlstate, position, detail, hint, context, connectionLost, cause } = error;
    throw new DatabaseError(message, {
      ...{ sqlstate, position, detail, hint, context, connectionLost, cause },
      statement: index,
    });
  };
}
