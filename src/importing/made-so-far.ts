import type { Connection, Row } from '../database/connection.js';
import { NeedsDatabase } from './rendered-program.js';

/**
 * A database that has only what the migrations before have made, for those that ask whether a table or a column is
 * there. It is the embedded engine, and it is started by the first question.
 */
export class MadeSoFar {
  #pending: string[] = [];
  #connection: Connection | undefined;
  #close: (() => void) | undefined;
  #unknown: string | undefined;

  /** What was sent, in order. */
  add(sql: string): void {
    this.#pending.push(sql);
  }

  /** Something before did not happen, or not wholly: from here on nothing is known. */
  lose(reason: string): void {
    this.#unknown ??= reason;
  }

  /** The rows of a question. Throws NeedsDatabase when what was before does not run here. */
  async rows(sql: string): Promise<readonly Row[]> {
    if (this.#unknown === undefined) await this.#catchUp();
    if (this.#unknown !== undefined || this.#connection === undefined) {
      throw new NeedsDatabase(`it asks what the database holds, and that is not known: ${this.#unknown}`);
    }
    return this.#connection.query(sql);
  }

  /** Ends it; the next question finds an empty one. */
  startAgain(): void {
    this.#close?.();
    this.#close = undefined;
    this.#connection = undefined;
    this.#pending = [];
    this.#unknown = undefined;
  }

  async #catchUp(): Promise<void> {
    const connection = await this.#open();
    try {
      for (const sql of this.#pending.splice(0)) await connection.executeAll([sql]);
    } catch (error) {
      this.lose(`what was before it does not run: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async #open(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    const { openEmbeddedDev } = await import('../database/embedded-dev-database.js');
    this.#connection = await new Promise<Connection>((resolve, reject) => {
      const kept = (connection: Connection) =>
        new Promise<void>((close) => {
          this.#close = close;
          resolve(connection);
        });
      openEmbeddedDev().scratch(kept).catch(reject);
    });
    return this.#connection;
  }
}
