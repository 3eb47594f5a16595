import type { Connection } from './connection.js';

export interface ScratchOptions {
  readonly transaction?: boolean;
  readonly existing?: boolean;
  /** Names of roles, not quoted. */
  readonly roles?: readonly string[];
}

/**
 * A database of Tidemark's own, used to find out what SQL means. It is never the user's database and
 * always starts empty.
 */
export interface DevDatabase {
  /** `embedded PostgreSQL 18.6`, `scratch databases on localhost:5432`. */
  readonly label: string;
  /** Changes whenever the engine could read the same SQL differently; part of the key of cached states. */
  readonly fingerprint: string;
  /** `versionNumber` of its connections. */
  readonly engineVersion: number;
  /** True when its roles are a server's, where roles that SQL makes would stay. */
  readonly sharesRoles?: boolean;
  /**
   * Hands `work` a connection to an empty database and throws away whatever it did.
   * With `transaction: true` the work runs inside one transaction that is rolled back at the end: much
   * cheaper, but the work must not contain what a transaction forbids. With `existing: true` it makes what an
   * engine has accepted before, and looser rules of older days hold: SQLite's strings in double quotes.
   * `roles` are there while it works; those that were not before are gone afterwards. Calls must not be nested.
   */
  scratch<T>(work: (connection: Connection) => Promise<T>, options?: ScratchOptions): Promise<T>;
  close(): Promise<void>;
}
