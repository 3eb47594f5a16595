import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { TidemarkError, type TidemarkErrorOptions } from '../errors.js';

const ABORTED = 'aborted';

/** The error of a call that was given up through its `AbortSignal`; the signal's reason is its cause. */
export function aborted(
  signal: AbortSignal,
  message = 'aborted before anything was changed',
  options: TidemarkErrorOptions = {},
): TidemarkError {
  return new TidemarkError(ABORTED, `${message} (${reasonOf(signal)})`, { ...options, cause: signal.reason });
}

/** True for what `aborted` makes. */
export function isAborted(error: unknown): error is TidemarkError & { readonly code: typeof ABORTED } {
  return error instanceof TidemarkError && error.code === ABORTED;
}

/** Throws TidemarkError (`aborted`) when the signal says so. */
export function requireNotAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal);
}

/**
 * The same, once more before something is written: what works in this thread has let no signal through meanwhile.
 */
export async function requireStillWanted(signal: AbortSignal | undefined): Promise<void> {
  if (signal !== undefined) {
    // The first turn may come before the timers that are due, the second does not.
    await letOthersRun();
    await letOthersRun();
  }
  requireNotAborted(signal);
}

/** Waits so many milliseconds, or until the signal comes; that it came is for the caller to look at. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

/**
 * What `work` gives. When the signal comes first, throws TidemarkError (`aborted`) at once: `work` is left
 * alone, and what becomes of it is nobody's concern any more.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  requireNotAborted(signal);
  let stop: () => void = () => undefined;
  const signalled = new Promise<never>((_, reject) => {
    stop = () => reject(aborted(signal));
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, signalled]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Lets timers, signals and input have their turn: an engine that works in this thread leaves them none. */
export async function letOthersRun(): Promise<void> {
  await nextTurn();
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason);
}
