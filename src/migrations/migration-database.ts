import type { Connection, EngineName, Row } from '../database/connection.js';
import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import type { Dialect } from '../schema/dialect.js';
import { requireNotAborted, unlessAborted } from './abort.js';

/**
 * The database as a migration in TypeScript gets it: `export async function upgrade(db: MigrationDatabase)`.
 * Everything runs in the transaction that also records the migration. It cannot be ended from here, and after
 * a statement that failed nothing of it can be kept, on SQLite as on PostgreSQL.
 */
export interface MigrationDatabase {
  readonly engine: EngineName;
  /** Runs one statement, with `$1` (SQLite: `?1`) for parameters, and gives its rows. */
  query<R extends object = Row>(sql: string, parameters?: readonly unknown[]): Promise<R[]>;
  /** Runs statements separated by semicolons and gives nothing; with parameters it is one statement. */
  execute(sql: string, parameters?: readonly unknown[]): Promise<void>;
  /** Runs one statement in which `${…}` are values, always bound and never text of the statement. */
  sql<R extends object = Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<R[]>;
  /** Tells whoever runs the migration how it is getting on. */
  log(message: string): void;
  /**
   * Comes when the run is given up: for what the migration waits for beside its database. Nothing reaches the
   * database any more then, and nobody waits for the migration to return.
   */
  readonly signal: AbortSignal;
}

/** What a program needs to run. */
export interface ProgramSession {
  /** Within a transaction. */
  readonly connection: Connection;
  readonly dialect: Dialect;
  readonly signal?: AbortSignal | undefined;
  readonly log: (message: string) => void;
}

/**
 * Runs `work` with a handle that ends with it. Throws what `work` throws; the first error of the database even
 * when `work` has swallowed it; TidemarkError (`transaction-control`, `statement-count`, `not-awaited`); and
 * `aborted` as soon as the signal comes, whether `work` has heard of it or not.
 */
export async function withMigrationDatabase(
  session: ProgramSession,
  path: string,
  work: (db: MigrationDatabase) => unknown,
): Promise<void> {
  const { connection, dialect, log, signal = new AbortController().signal } = session;
  let state: 'open' | 'ended' = 'open';
  let failed: unknown;
  let forgotten = false;
  const running = new Set<Promise<unknown>>();

  const statementsOf = async (sql: string): Promise<string[]> => {
    const statements = await dialect.splitScript(sql, path);
    const refused = statements.find((statement) => statement.transactionControl || !statement.transactional);
    if (refused === undefined) return statements.map((statement) => statement.sql);
    throw new TidemarkError(
      'transaction-control',
      refused.transactionControl
        ? `a migration cannot control its transaction: ${refused.sql}`
        : `this cannot run in a transaction: ${refused.sql}`,
      { hints: ['It runs in one transaction, which is committed with its record when it returns.'] },
    );
  };
  const inTurn = async <T>(run: () => Promise<T>): Promise<T> => {
    requireNotAborted(signal);
    if (state === 'ended') throw notAwaited(path);
    if (failed !== undefined) throw failed;
    const work = run();
    running.add(work);
    try {
      return await work;
    } catch (error) {
      failed ??= error;
      throw error;
    } finally {
      running.delete(work);
    }
  };
  const one = async <R extends object>(sql: string, parameters: readonly unknown[]): Promise<R[]> => {
    const statements = await statementsOf(sql);
    if (statements.length !== 1) {
      throw new TidemarkError(
        'statement-count',
        `one statement was expected, not ${statements.length}: ${sql}`,
        {
          hints: ['db.execute runs several.'],
        },
      );
    }
    return connection.query<R>(statements[0]!, parameters).catch(addStatement(sql));
  };

  const db: MigrationDatabase = {
    engine: connection.engine,
    query: (sql, parameters = []) => inTurn(() => one(sql, parameters)),
    execute: (sql, parameters = []) =>
      inTurn(async () => {
        if (parameters.length > 0) await one(sql, parameters);
        else await connection.executeAll(await statementsOf(sql)).catch(addStatement(sql));
      }),
    sql: (strings, ...values) => {
      const mark = connection.engine === 'sqlite' ? '?' : '$';
      return inTurn(() =>
        one(
          strings.reduce((text, part, at) => `${text}${mark}${at}${part}`),
          values,
        ),
      );
    },
    log,
    signal,
  };
  try {
    await unlessAborted(Promise.resolve(db).then(work), signal);
  } finally {
    state = 'ended';
    forgotten = running.size > 0;
    // What was begun must end inside the transaction: after it, it would be kept.
    await Promise.allSettled(running);
  }
  requireNotAborted(signal);
  if (forgotten) throw notAwaited(path);
  if (failed !== undefined) throw failed;
}

/** The statement belongs to what the reader needs; it is not in the file word for word. */
function addStatement(sql: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof DatabaseError)) throw error;
    const { message, sqlstate, position, detail, hint, connectionLost, cause } = error;
    const context = [error.context, `in ${sql.trim()}`].filter(Boolean).join('\n');
    throw new DatabaseError(message, { sqlstate, position, detail, hint, context, connectionLost, cause });
  };
}

function notAwaited(path: string): TidemarkError {
  return new TidemarkError('not-awaited', `${path} uses its database after it has returned`, {
    hints: ['Put "await" before every call of db, and before what calls it.'],
  });
}
