import type { Connection, Row } from '../database/connection.js';

/** How a `ProjectConnection` reaches the session that there is at the moment. */
interface Access {
  /** Runs `work` with it when its turn comes. */
  run<T>(work: (session: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * A project's session for statements of its user's own. Each waits until no call of the project is at work, so
 * that none gets into a migration's transaction.
 */
export class ProjectConnection implements Connection {
  readonly engine: Connection['engine'];
  readonly version: string;
  readonly versionNumber: number;
  readonly embedded: boolean;
  readonly label: string;
  onNotice: Connection['onNotice'];
  readonly #access: Access;

  constructor(facts: Connection, access: Access) {
    this.engine = facts.engine;
    this.version = facts.version;
    this.versionNumber = facts.versionNumber;
    this.embedded = facts.embedded;
    this.label = facts.label;
    this.#access = access;
  }

  query<R extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]> {
    return this.#heard((session) => session.query<R>(sql, parameters));
  }

  executeAll(statements: readonly string[]): Promise<void> {
    return this.#heard((session) => session.executeAll(statements));
  }

  close(): Promise<void> {
    return this.#access.close();
  }

  #heard<T>(work: (session: Connection) => Promise<T>): Promise<T> {
    return this.#access.run(async (session) => {
      session.onNotice = (message, severity) => this.onNotice?.(message, severity);
      try {
        return await work(session);
      } finally {
        session.onNotice = undefined;
      }
    });
  }
}
