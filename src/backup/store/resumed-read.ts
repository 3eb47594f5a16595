import { Readable } from 'node:stream';
import { type Patience, waitOrThrow, withRetries } from './retry.js';
import { StoreFault } from './store-fault.js';

/** An object being read from somewhere on. */
export interface OpenedObject {
  readonly body: Readable;
  /** How many bytes are to come; undefined when the store does not say. */
  readonly bytes: number | undefined;
  /** What tells that it is still the same object. */
  readonly tag: string | undefined;
}

export interface ResumedReadOptions {
  /** Throws StoreFault. With an offset: the rest of the object whose tag is given, or a fault. */
  readonly open: (offset: number, tag: string | undefined) => Promise<OpenedObject>;
  /** What a body's error was; what is not a fault passes. */
  readonly faultOf: (error: unknown) => StoreFault | undefined;
  /** A fault as what is thrown to the reader. */
  readonly errorOf: (fault: StoreFault) => Error;
  readonly patience: Patience;
  readonly signal: AbortSignal | undefined;
}

/** In each span of `timeoutMs` that is spent waiting, so much has to come: a trickle holds a restore up for ever. */
const LEAST_BYTES = 1024;

/**
 * A stream of an object that goes on where it was when the connection breaks, and fails when it ends early. Rejects
 * when the object cannot be opened.
 */
export async function resumedRead(options: ResumedReadOptions): Promise<Readable> {
  const { open, faultOf, errorOf, patience, signal } = options;
  const first = await withRetries(() => open(0, undefined), { patience, signal }).catch((error: unknown) => {
    throw error instanceof StoreFault ? errorOf(error) : error;
  });
  let current: OpenedObject | undefined = first;
  let chunks: AsyncIterator<unknown> | undefined;
  let at = 0;

  const nextChunk = async (pace: Pace): Promise<Buffer | undefined> => {
    current ??= await open(at, first.tag);
    chunks ??= current.body[Symbol.asyncIterator]();
    const { done, value } = await pace.watch(chunks.next());
    if (done === true) {
      if (first.bytes === undefined || at === first.bytes) return undefined;
      throw new StoreFault('unreachable', { note: `it ended after ${at} of ${first.bytes} bytes` });
    }
    const chunk = Buffer.isBuffer(value) ? value : Buffer.from(value as Uint8Array);
    pace.came(chunk.length);
    return chunk;
  };

  async function* bytes(): AsyncGenerator<Buffer> {
    const pace = new Pace(patience.timeoutMs);
    let failures = 0;
    let failedAt = 0;
    try {
      for (;;) {
        let chunk: Buffer | undefined;
        try {
          chunk = await nextChunk(pace);
        } catch (error) {
          current?.body.destroy();
          current = chunks = undefined;
          signal?.throwIfAborted();
          const fault = error instanceof StoreFault ? error : faultOf(error);
          failures = at - failedAt >= LEAST_BYTES ? 1 : failures + 1;
          failedAt = at;
          await waitOrThrow(fault ?? error, failures, patience, signal).catch((last: unknown) => {
            throw last instanceof StoreFault ? errorOf(last) : last;
          });
          pace.restart();
          continue;
        }
        if (chunk === undefined) return;
        at += chunk.length;
        yield chunk;
      }
    } finally {
      current?.body.destroy();
    }
  }

  const stream = Readable.from(bytes(), { objectMode: false });
  const onAbort = () => stream.destroy(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  // A reader that leaves before it began never enters the generator.
  stream.once('close', () => {
    signal?.removeEventListener('abort', onAbort);
    current?.body.on('error', () => {}).destroy();
  });
  return stream;
}

/** Watches how fast bytes come while they are waited for; the reader's own pauses do not count. */
class Pace {
  readonly #timeoutMs: number;
  #waited = 0;
  #bytes = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  async watch<T>(next: Promise<T>): Promise<T> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const left = Math.max(0, this.#timeoutMs - this.#waited);
      timer = setTimeout(() => reject(new StoreFault('timeout')), left);
    });
    try {
      return await Promise.race([next, late]);
    } catch (error) {
      next.catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
      this.#waited += performance.now() - began;
    }
  }

  came(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= LEAST_BYTES) this.restart();
  }

  restart(): void {
    this.#bytes = 0;
    this.#waited = 0;
  }
}
