import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg, { type Client } from 'pg';
import type { TlsAttempt } from './postgres-tls.js';

/** What `pg` keeps of a session, and its types leave out. */
interface Session {
  readonly host: string;
  readonly port: number;
  readonly processID: number;
  readonly secretKey: number;
}

interface Wire extends EventEmitter {
  readonly stream: { destroy(): void };
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Asks the server to give up the statement that a session is running: a server that is left alone in the
 * middle of a statement notices only at its end, and commits. The request goes over a connection of its own
 * (protocol, "Canceling Requests in Progress"), encrypted as the session's is. Whether it came in time shows
 * in the session. Ends after `timeoutMs` at the latest; never throws.
 */
export async function cancelStatement(client: Client, ssl: TlsAttempt, timeoutMs: number): Promise<void> {
  const { host, port, processID, secretKey } = client as unknown as Session;
  const wire = new pg.Connection({ ssl } as never) as unknown as Wire;
  const over = new Promise<void>((resolve) => {
    // The server answers by hanging up.
    wire.once('end', resolve);
    wire.on('error', () => resolve());
  });
  const cancel = () => wire.cancel(processID, secretKey);
  wire.once('connect', () => (ssl === false ? cancel() : wire.requestSsl()));
  wire.once('sslconnect', cancel);
  if (host.startsWith('/')) wire.connect(`${host}/.s.PGSQL.${port}`);
  else wire.connect(port, host);
  await within(over, timeoutMs);
  wire.stream.destroy();
}

/** Waits for a promise, but not longer than this. */
export async function within(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([promise, late]);
  timer.abort();
}
