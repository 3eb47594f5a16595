import { setTimeout as pause } from 'node:timers/promises';
import { StoreFault } from './store-fault.js';

/** How long a store is waited for. Tests make it short. */
export interface Patience {
  /** How often a request is tried before it has failed; counted anew whenever bytes have come through. */
  readonly attempts: number;
  /** The first wait, doubled each time, by chance between half and whole, up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** How long nothing may come. */
  readonly timeoutMs: number;
}

export const PATIENCE: Patience = { attempts: 6, baseMs: 300, maxMs: 20_000, timeoutMs: 60_000 };

/** A store that asks for a longer wait than this is left for the next run. */
const LONGEST_WAIT_MS = 120_000;

export interface RetryOptions {
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  /** How far it has come; when it has come further the attempts are counted anew. */
  readonly progress?: (() => number) | undefined;
}

/** Does it again after faults that may pass, waiting as long as the store asks for. Throws the last of them. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { patience, signal, progress = () => 0 } = options;
  let failures = 0;
  let reached = progress();
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (progress() > reached) {
        reached = progress();
        failures = 0;
      }
      failures += 1;
      await waitOrThrow(error, failures, patience, signal);
    }
  }
}

/** Waits before the next attempt; throws the error when there is none. */
export async function waitOrThrow(
  error: unknown,
  failures: number,
  { attempts, baseMs, maxMs }: Patience,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!(error instanceof StoreFault) || !error.transient || failures >= attempts) throw error;
  const backoff = Math.min(maxMs, baseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
  const wait = Math.max(backoff, error.facts.retryAfterMs ?? 0);
  if (wait > LONGEST_WAIT_MS) throw error;
  await pause(wait, undefined, { signal }).catch((abort: unknown) => {
    signal?.throwIfAborted();
    throw abort;
  });
}

/**
 * Runs one request with a limit to its time; the fault is `timeout`. The limit ends when the answer begins: a body is
 * watched by who reads it.
 *
 * @param bytes that are sent with it: a slow line gets a second for each 16 KiB
 */
export async function withTimeout<T>(
  run: (signal: AbortSignal) => Promise<T>,
  { timeoutMs }: Patience,
  signal: AbortSignal | undefined,
  bytes = 0,
): Promise<T> {
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      stop.abort();
    },
    timeoutMs + (bytes / 16_384) * 1000,
  );
  try {
    return await run(stop.signal);
  } catch (error) {
    if (late) throw new StoreFault('timeout');
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
