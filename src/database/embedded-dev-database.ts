import type { Connection } from './connection.js';
import type { DevDatabase, ScratchOptions } from './dev-database.js';
import { EmbeddedConnection } from './embedded-connection.js';
import { EMBEDDED_POSTGRES, EMBEDDED_POSTGRES_NUMBER, engineFingerprint } from './embedded-version.js';
import { outcomeOf, rolledBack } from './rolled-back-work.js';
import { createNamedRole } from './scratch-roles.js';

const LABEL = `embedded PostgreSQL ${EMBEDDED_POSTGRES}`;

/** Rolled-back work leaves dead rows in the catalogs; beyond so many bytes a new instance is cheaper. */
const BLOATED = 64 * 1024 * 1024;

/**
 * The embedded engine in memory as a dev database. Nothing is started before the first `scratch`. Work in a
 * transaction shares one instance; without one it gets an instance of its own.
 */
export function openEmbeddedDev(): DevDatabase {
  return new EmbeddedDev();
}

class EmbeddedDev implements DevDatabase {
  readonly label = LABEL;
  readonly fingerprint = engineFingerprint();
  readonly engineVersion = EMBEDDED_POSTGRES_NUMBER;
  #shared: Connection | undefined;
  #busy = false;

  async scratch<T>(work: (connection: Connection) => Promise<T>, options: ScratchOptions = {}): Promise<T> {
    if (this.#busy) throw new Error('scratch calls must not be nested');
    this.#busy = true;
    try {
      const all = async (connection: Connection): Promise<T> => {
        await connection.executeAll(
          (options.roles ?? []).flatMap((role) => createNamedRole(role, 'in memory')),
        );
        return work(connection);
      };
      return await (options.transaction ? this.#inTransaction(all) : this.#inFreshInstance(all));
    } finally {
      this.#busy = false;
    }
  }

  async close(): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.close();
  }

  async #inFreshInstance<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await openInMemory();
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }

  async #inTransaction<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    this.#shared ??= await openInMemory();
    const connection = this.#shared;
    const done = await rolledBack(connection, () => work(connection));
    connection.onNotice = undefined;
    if (!done.clean || (await isBloated(connection))) await this.close();
    return outcomeOf(done);
  }
}

async function openInMemory(): Promise<Connection> {
  const { startInMemory } = await import('./embedded-template.js');
  const engine = await startInMemory();
  return new EmbeddedConnection(engine, LABEL, () => engine.close());
}

async function isBloated(connection: Connection): Promise<boolean> {
  const [row] = await connection.query<{ size: string }>(
    "SELECT pg_total_relation_size('pg_attribute') + pg_total_relation_size('pg_depend') AS size",
  );
  return Number(row?.size) > BLOATED;
}
