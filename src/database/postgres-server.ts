import type { Client, ClientConfig } from 'pg';
import { TidemarkError } from '../errors.js';
import { cannotConnect, connectReason, PasswordMissing } from './connect-error.js';
import { type Connection, DatabaseError, type Row } from './connection.js';
import type { PostgresUrl } from './database-url.js';
import { safeUrl } from './database-url.js';
import { type Endpoint, fillFromEnvironment, resolveEndpoint } from './libpq-environment.js';
import { type StatementPlace, toDatabaseError } from './postgres-error.js';
import { type TlsAttempt, tlsAttempts } from './postgres-tls.js';
import { encodeParameter, parserFor } from './postgres-values.js';
import { readyAgain, sendBatch } from './simple-query.js';
import { batchText, locateFailure, nextBatch } from './statement-batch.js';

/** Seconds to wait for a server when the URL and PGCONNECT_TIMEOUT say nothing (libpq waits for ever). */
const CONNECT_TIMEOUT = 15;
const KEEP_ALIVE_MS = 30_000;
/** Milliseconds between two requests to give up a statement; doubled each time, up to a second. */
const FIRST_CANCEL_PAUSE_MS = 50;
/** Milliseconds after which a statement that cannot be given up takes its session with it. */
const HOPELESS_MS = 15_000;
/** Milliseconds that closing waits for the server to take a cancellation, and again for the statement to end. */
const CANCEL_TIMEOUT_MS = 1500;

/**
 * Connects to a PostgreSQL server. What the URL leaves out comes from libpq's variables and psql's
 * defaults; TLS follows sslmode (`postgres-tls.ts`); values come back as `postgres-values.ts` says.
 * @throws TidemarkError `cannot-connect` that says why and what to do; `url-invalid` for a bad variable
 */
export async function connectPostgres(given: PostgresUrl): Promise<Connection> {
  const url = fillFromEnvironment(given, process.env, (problem, hints = []) => {
    return new TidemarkError('url-invalid', `the environment cannot be used: ${problem}`, {
      exitCode: 2,
      hints,
    });
  });
  const endpoint = await resolveEndpoint(url);
  const attempts = await tlsAttempts(url, endpoint.host);
  const { default: pg } = await loadDriver();
  for (const [index, ssl] of attempts.entries()) {
    const parameters = new Map<string, string>();
    const client = new pg.Client(clientConfig(url, endpoint, ssl));
    client.on('error', () => {}); // A lost connection shows at the next statement; unheard, it would end the process.
    client.connection.on('parameterStatus', (message: { parameterName: string; parameterValue: string }) =>
      parameters.set(message.parameterName, message.parameterValue),
    );
    try {
      await client.connect();
      // Not sent at the start: poolers like PgBouncer refuse settings there.
      if (parameters.get('client_encoding') !== 'UTF8') await client.query("SET client_encoding = 'UTF8'");
      const label = safeUrl({ ...url, ...endpoint });
      return new PostgresConnection(client, ssl, parameters.get('server_version') ?? '', label);
    } catch (error) {
      await client.end().catch(() => {});
      if (index + 1 < attempts.length && worthAnotherAttempt(error)) continue;
      throw cannotConnect(error, endpoint, {
        seconds: url.connectTimeout ?? CONNECT_TIMEOUT,
        passwordFromFile: url.password === undefined,
      });
    }
  }
  throw new Error('sslmode gave no way to connect');
}

/**
 * While it loads, `pg` asks whether it runs on Cloudflare's servers. Where there is no `navigator` to tell
 * (before Node 21) it makes a `Response` to find out, and all of fetch is loaded for that: 18 ms for nothing.
 */
async function loadDriver(): Promise<typeof import('pg')> {
  const globals = globalThis as { navigator?: unknown };
  if (globals.navigator !== undefined) return import('pg');
  globals.navigator = { userAgent: 'Node.js' };
  try {
    return await import('pg');
  } finally {
    delete globals.navigator;
  }
}

/** With or without TLS can make a difference only to these. */
function worthAnotherAttempt(error: unknown): boolean {
  return ['no-tls', 'not-allowed', 'not-postgres'].includes(connectReason(error));
}

function clientConfig(url: PostgresUrl, endpoint: Endpoint, ssl: TlsAttempt): ClientConfig {
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: endpoint.user,
    database: endpoint.database,
    password: () => {
      if (!endpoint.password) throw new PasswordMissing('the server asks for a password');
      return endpoint.password.reveal();
    },
    ssl,
    sslnegotiation: 'postgres',
    application_name: url.applicationName ?? 'tidemark',
    options: url.options,
    connectionTimeoutMillis: (url.connectTimeout ?? CONNECT_TIMEOUT) * 1000,
    keepAlive: true,
    // A peer that is gone without a word is noticed within a minute, and not in the two hours of most systems.
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: ((oid: number) => parserFor(oid)) as never },
  };
}

/** `15.20 (Debian …)` as server_version_num has it: 150020. */
function versionNumber(version: string): number {
  const [, major = '0', minor = '0'] = /^(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return Number(major) * 10_000 + Number(minor);
}

class PostgresConnection implements Connection {
  readonly engine = 'postgres';
  readonly embedded = false;
  readonly version: string;
  readonly versionNumber: number;
  readonly label: string;
  onNotice: Connection['onNotice'];
  readonly #client: Client;
  readonly #ssl: TlsAttempt;
  #busy = false;
  #closing = false;
  /** Settles when the call before has: `pg` no longer keeps a queue of its own. */
  #previous: Promise<unknown> = Promise.resolve();

  constructor(client: Client, ssl: TlsAttempt, serverVersion: string, label: string) {
    this.#client = client;
    this.#ssl = ssl;
    this.version = `PostgreSQL ${serverVersion.split(' ', 1)[0]}`;
    this.versionNumber = versionNumber(serverVersion);
    this.label = label;
    client.on('notice', (notice) => this.onNotice?.(notice.message ?? '', notice.severity ?? 'NOTICE'));
  }

  query<R extends object = Row>(sql: string, parameters: readonly unknown[] = []): Promise<R[]> {
    return this.#inTurn(async () => {
      try {
        const result = await this.#client.query(sql, parameters.map(encodeParameter));
        return Array.isArray(result) ? (result.at(-1)?.rows ?? []) : result.rows;
      } catch (error) {
        throw await this.#translate(error, { statement: 0, offset: 0, sql });
      }
    });
  }

  executeAll(statements: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (let done = 0; done < statements.length; ) {
        this.#requireOpen();
        const batch = nextBatch(statements, done, this.#client.getTransactionStatus() !== 'I');
        const { completed, error } = await sendBatch(this.#client, batchText(batch));
        if (error !== undefined) throw await this.#translate(error, locateFailure(batch, completed, error));
        done += batch.statements.length;
      }
    });
  }

  async #translate(error: unknown, place: StatementPlace): Promise<DatabaseError> {
    const translated = toDatabaseError(error, place);
    if (!translated.connectionLost) await readyAgain(this.#client);
    return translated;
  }

  /**
   * Asks again and again, for a request that is there before its statement has no effect. What is sent after
   * this waits, so that no request hits it. A session that does not react is ended.
   */
  cancel(): Promise<void> {
    const running = this.#previous;
    let over = false;
    void running.then(() => {
      over = true;
    });
    const work = async (): Promise<void> => {
      const { cancelStatement, within } = await import('./cancel-statement.js');
      const started = Date.now();
      for (let pause = FIRST_CANCEL_PAUSE_MS; !over && !this.#closing; pause = Math.min(2 * pause, 1000)) {
        if (Date.now() - started > HOPELESS_MS) this.#client.connection.stream.destroy();
        else await cancelStatement(this.#client, this.#ssl, CANCEL_TIMEOUT_MS);
        await within(running, pause);
      }
    };
    const cancelled = work();
    this.#previous = Promise.allSettled([running, cancelled]);
    return cancelled;
  }

  /** Nothing is begun any more, and a statement that is running is cancelled, so that the server rolls back. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#busy) {
      const { cancelStatement, within } = await import('./cancel-statement.js');
      await cancelStatement(this.#client, this.#ssl, CANCEL_TIMEOUT_MS);
      await within(this.#previous, CANCEL_TIMEOUT_MS);
    }
    await this.#client.end();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#previous.then(async () => {
      this.#requireOpen();
      this.#busy = true;
      try {
        return await work();
      } finally {
        this.#busy = false;
      }
    });
    this.#previous = result.catch(() => {});
    return result;
  }

  #requireOpen(): void {
    if (this.#closing) throw new DatabaseError('the connection is closed', { connectionLost: true });
  }
}
