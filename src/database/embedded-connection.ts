import type { PGlite } from '@electric-sql/pglite';
import { TidemarkError } from '../errors.js';
import { type Connection, DatabaseError, type Row } from './connection.js';
import { ENGINE_NAME } from './embedded-engine.js';
import { EMBEDDED_POSTGRES_NUMBER } from './embedded-version.js';
import { toDatabaseError } from './postgres-error.js';

/** A session with an embedded engine, which has one only. `onClose` runs when it is closed, once. */
export class EmbeddedConnection implements Connection {
  readonly engine = 'postgres';
  readonly embedded = true;
  readonly version = ENGINE_NAME;
  readonly versionNumber = EMBEDDED_POSTGRES_NUMBER;
  readonly label: string;
  onNotice: Connection['onNotice'];
  readonly #pglite: PGlite;
  readonly #onClose: () => Promise<void>;
  #closed = false;

  constructor(pglite: PGlite, label: string, onClose: () => Promise<void>) {
    this.#pglite = pglite;
    this.label = label;
    this.#onClose = onClose;
  }

  async query<R extends object = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.#run(sql, 0, async (options) => {
      if (parameters.length === 0) return ((await this.#pglite.exec(sql, options)).at(-1)?.rows ?? []) as R[];
      return (await this.#pglite.query<R>(sql, [...parameters], options)).rows;
    });
  }

  /** One at a time: a text of several statements would be one implicit transaction. */
  async executeAll(statements: readonly string[]): Promise<void> {
    for (const [index, sql] of statements.entries()) {
      await this.#run(sql, index, (options) => this.#pglite.exec(sql, options));
    }
  }

  /** Gives the engine itself, for what is no SQL. */
  async withEngine<T>(work: (pglite: PGlite) => Promise<T>): Promise<T> {
    if (this.#closed)
      throw new DatabaseError('the connection is closed', { statement: 0, connectionLost: true });
    return work(this.#pglite);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#onClose();
  }

  async #run<T>(sql: string, statement: number, work: (options: NoticeOptions) => Promise<T>): Promise<T> {
    if (this.#closed)
      throw new DatabaseError('the connection is closed', { statement, connectionLost: true });
    try {
      return await work({
        onNotice: (notice) => this.onNotice?.(notice.message ?? '', notice.severity ?? 'NOTICE'),
      });
    } catch (error) {
      throw explain(toDatabaseError(asFatal(error), { statement, offset: 0, sql }));
    }
  }
}

interface NoticeOptions {
  onNotice(notice: { readonly message: string | undefined; readonly severity: string | undefined }): void;
}

/** What is no answer of PostgreSQL's is a crash of the engine (out of memory, a trap): the session is over. */
function asFatal(error: unknown): unknown {
  const { severity, message } = error as { severity?: string; message?: string };
  if (severity !== undefined) return error;
  return Object.assign(new Error(`the embedded engine failed: ${message}`, { cause: error }), {
    severity: 'FATAL',
    code: 'XX000',
  });
}

function explain(error: DatabaseError): DatabaseError | TidemarkError {
  const name = /^extension "(.*)" is not available$/.exec(error.message)?.[1];
  if (error.sqlstate !== '0A000' || name === undefined) return error;
  return new TidemarkError(
    'extension-missing',
    `the embedded PostgreSQL does not have the extension "${name}"`,
    {
      hints: [
        "Use a server that has it as the dev database: dev: 'server' for the environment's own, or dev: 'postgres://…'.",
        `Or leave it out: remove it from the SQL, or list it under "exclude" as "extension:${name}".`,
      ],
      details: { extension: name, statement: error.statement },
      cause: error,
    },
  );
}
