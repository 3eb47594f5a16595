import { type Connection, DatabaseError } from '../database/connection.js';
import { type DatabaseUrl, safeUrl } from '../database/database-url.js';
import { openDatabase } from '../database/open-database.js';
import { TidemarkError } from '../errors.js';
import { requireNotAborted, unlessAborted } from '../migrations/abort.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { ResolvedEnvironment } from '../project/environment.js';
import { ProjectConnection } from './project-connection.js';
import { Turns } from './turns.js';

/** What every call of a project takes. */
export interface CallOptions {
  /** Gives the call up: it ends with TidemarkError `aborted`, and the project can be used again. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the groups of a project's calls share: its environment, one session on its database, and whose turn it
 * is. A session that was lost is replaced when it is needed next.
 */
export class ProjectSession {
  readonly environment: ResolvedEnvironment;
  readonly url: DatabaseUrl;
  /** The database's address without its password. */
  readonly label: string;
  readonly turns = new Turns();
  readonly #running = new Set<AbortController>();
  /** What `close` waits for besides the turns. */
  readonly #aside = new Set<Promise<unknown>>();
  #session: Promise<Connection> | undefined;
  #used = false;
  #closed = false;

  constructor(environment: ResolvedEnvironment, url: DatabaseUrl) {
    this.environment = environment;
    this.url = url;
    this.label = safeUrl(url);
  }

  /** True once there is a session. */
  get connected(): boolean {
    return this.#session !== undefined;
  }

  /**
   * Runs one call when its turn comes. `work` gets the signal that gives it up, the caller's or `close`'s;
   * undefined where listening would cost the engine its thread and the caller did not ask for it.
   */
  async call<T>({ signal }: CallOptions, work: (signal: AbortSignal | undefined) => Promise<T>): Promise<T> {
    this.#requireOpen();
    requireNotAborted(signal);
    const controller = new AbortController();
    const stop = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    this.#running.add(controller);
    const listening = signal !== undefined || this.url.adapter === 'server';
    try {
      const turn = () => work(listening ? controller.signal : undefined);
      return await this.turns.take(turn, controller.signal);
    } catch (error) {
      if (isLost(error)) await this.drop();
      throw error;
    } finally {
      this.#running.delete(controller);
      signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * Runs a call that has connections of its own and waits for no other. `work` gets the signal that gives it up, the
   * caller's or `close`'s; `close` waits for it.
   */
  async aside<T>({ signal }: CallOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.#requireOpen();
    requireNotAborted(signal);
    const controller = new AbortController();
    const stop = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    this.#running.add(controller);
    const running = work(controller.signal);
    this.#aside.add(running);
    try {
      return await running;
    } finally {
      this.#aside.delete(running);
      this.#running.delete(controller);
      signal?.removeEventListener('abort', stop);
    }
  }

  /** The session, for the call whose turn it is. Throws TidemarkError `aborted`, and what connecting throws. */
  async session(signal?: AbortSignal): Promise<Connection> {
    this.#requireOpen();
    if (this.#session !== undefined && this.#used && this.url.adapter === 'server') await this.#dropIfLost();
    this.#session ??= this.#open();
    const session = await unlessAborted(this.#session, signal);
    this.#used = true;
    return session;
  }

  /** The session for whoever uses the project: it takes turns with the project's calls, and outlives a lost one. */
  async connection(): Promise<Connection> {
    const facts = await this.turns.take(() => this.session());
    return new ProjectConnection(facts, {
      run: (work) =>
        this.turns.take(async () => {
          this.#requireOpen();
          try {
            return await work(await (this.#session ?? this.session()));
          } catch (error) {
            if (isLost(error)) await this.drop();
            throw error;
          }
        }),
      close: () => this.drop(),
    });
  }

  /** The environment's migrations as they are now. Throws TidemarkError as `readMigrationFolder` does. */
  async folder(): Promise<MigrationFolder> {
    const { migrations, migrationsNamed } = this.environment;
    const { readMigrationFolder } = await import('../migrations/folder.js');
    return readMigrationFolder(migrations, { mustExist: migrationsNamed });
  }

  /**
   * A call that only looks. A database that is not there is an empty one, and `problems` says so. It does not
   * wait for a call that is at work on a server: another session answers.
   */
  async look<T>(
    options: CallOptions,
    work: (session: Connection, problems: readonly string[]) => Promise<T>,
  ): Promise<T> {
    this.#requireOpen();
    const { signal } = options;
    const { isMissing, noDatabase } = await import('../database/missing-database.js');
    if (this.url.adapter === 'server' && this.turns.taken) {
      return this.#lookAside(signal, (session) => work(session, []));
    }
    return this.call(options, async (given) => {
      if (this.connected || !isMissing(this.url)) return work(await this.session(given), []);
      const empty = await openDatabase(this.url, { missing: 'empty' });
      return work(empty, [noDatabase(this.url).message]).finally(() => empty.close());
    });
  }

  /** Ends the session; the next call opens another. */
  async drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#used = false;
    const open = await session?.catch(() => undefined);
    await open?.close().catch(() => undefined);
  }

  /** Gives up what runs, waits until it has ended, and ends the session. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const controller of this.#running) controller.abort(new Error('the project was closed'));
    // A statement of the user's own has no signal.
    const session = await this.#session?.catch(() => undefined);
    await session?.cancel?.();
    await Promise.allSettled(this.#aside);
    await this.turns.take(() => this.drop());
  }

  async #lookAside<T>(
    signal: AbortSignal | undefined,
    work: (session: Connection) => Promise<T>,
  ): Promise<T> {
    requireNotAborted(signal);
    const opening = openDatabase(this.url);
    const answer = opening.then((session) => work(session).finally(() => session.close()));
    return unlessAborted(answer, signal);
  }

  #open(): Promise<Connection> {
    const opening = openDatabase(this.url);
    opening.catch(() => {
      if (this.#session === opening) this.#session = undefined;
    });
    return opening;
  }

  async #dropIfLost(): Promise<void> {
    try {
      await (await this.#session)?.query('SELECT 1');
    } catch (error) {
      if (isLost(error)) await this.drop();
    }
  }

  #requireOpen(): void {
    if (!this.#closed) return;
    throw new TidemarkError('project-closed', 'the project is closed', {
      hints: ['Open another with openProject().'],
    });
  }
}

/** True for an error that leaves no session to work with. */
function isLost(error: unknown): boolean {
  if (error instanceof DatabaseError && error.connectionLost) return true;
  return error instanceof Error && error.cause !== undefined && isLost(error.cause);
}
