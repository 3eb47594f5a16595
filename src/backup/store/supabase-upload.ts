import type { Readable } from 'node:stream';
import { DetailedError, type FileSource, type SliceResult, Upload } from 'tus-js-client';
import { checkedSource } from './checked-source.js';
import { type Patience, withRetries } from './retry.js';
import { StoreFault } from './store-fault.js';
import { supabaseFault, supabaseNetworkFault } from './supabase-fault.js';

/** What hosted Supabase demands of all chunks but the last. */
export const CHUNK = 6 * 1024 * 1024;

export interface ResumableUploadOptions {
  readonly store: string;
  /** `https://…/storage/v1/upload/resumable` */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** With the store's prefix. */
  readonly key: string;
  readonly open: () => Readable;
  readonly bytes: number;
  readonly sha256: string;
  /** User metadata, kept with the object. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly patience: Patience;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((bytes: number) => void) | undefined;
}

/**
 * Uploads an object in chunks over TUS. After a fault the server is asked how far it came and the upload goes on
 * there, or begins again when the server has forgotten it. After a failure or an abort it is given up on the server.
 * Throws StoreFault, what the source threw, or the abort's reason.
 */
export async function uploadResumable(options: ResumableUploadOptions): Promise<void> {
  const { store, endpoint, headers, bucket, key, bytes, metadata, patience, signal, onProgress } = options;
  const source = new ReopenedSource(store, key, options);
  let accepted = 0;
  let touched = () => {};
  const upload = new Upload(Buffer.alloc(0), {
    endpoint,
    headers: { ...headers, 'x-upsert': 'false' },
    chunkSize: CHUNK,
    uploadSize: bytes,
    metadata: {
      bucketName: bucket,
      objectName: key,
      contentType: 'application/octet-stream',
      cacheControl: '0',
      metadata: JSON.stringify(metadata),
    },
    // Tried again here, where a wait can be aborted and the store's own wish is known.
    retryDelays: null,
    storeFingerprintForResuming: false,
    fileReader: { openFile: () => Promise.resolve(source) },
    onProgress: () => touched(),
    onChunkComplete: (_, done) => {
      if (done <= accepted) return;
      accepted = done;
      onProgress?.(done);
    },
  });

  const run = () =>
    new Promise<void>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const end = (settle: () => void) => {
        clearTimeout(timer);
        touched = () => {};
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const halt = (reason: unknown) => {
        upload.abort().catch(() => {});
        end(() => reject(reason));
      };
      const onAbort = () => halt(signal?.reason);
      // The library waits for ever for an answer that does not come.
      touched = () => {
        clearTimeout(timer);
        timer = setTimeout(() => halt(new StoreFault('timeout')), patience.timeoutMs);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      upload.options.onSuccess = () => end(resolve);
      upload.options.onError = (error) => end(() => reject(faultOf(error, source)));
      touched();
      upload.start();
    });

  try {
    await withRetries(run, { patience, signal, progress: () => accepted });
  } catch (error) {
    await giveUp(upload, patience);
    throw error;
  } finally {
    source.close();
  }
}

/** Tells the server to forget what it has; it does so by itself after a day. */
async function giveUp(upload: Upload, { timeoutMs }: Patience): Promise<void> {
  const limit = new Promise<void>((resolve) => setTimeout(resolve, Math.min(timeoutMs, 10_000)).unref());
  await Promise.race([upload.abort(true).catch(() => {}), limit]);
}

/** The library's errors have the request in them, with its headers: only the answer is looked at. */
function faultOf(error: Error, source: ReopenedSource): unknown {
  if (source.failure !== undefined) return source.failure;
  if (!(error instanceof DetailedError)) return supabaseNetworkFault(error) ?? new StoreFault('unexpected');
  const answer = error.originalResponse;
  if (answer === null) return supabaseNetworkFault(error.causingError) ?? new StoreFault('unreachable');
  const text = answer.getBody() ?? '';
  const fault = supabaseFault({
    status: answer.getStatus(),
    statusCode: /"statusCode"\s*:\s*"?(\d{3})/.exec(text)?.[1],
    text,
    retryAfter: answer.getHeader('retry-after'),
  });
  // An upload that ran out or was lost begins again: the next try asks for it and finds that it is gone.
  const gone = fault.kind === 'missing' && error.originalRequest.getMethod() === 'PATCH';
  return gone ? new StoreFault('conflict', fault.facts) : fault;
}

/** Gives any span of the object: by reading on, or, where the server has lost something, from the beginning again. */
class ReopenedSource implements FileSource {
  readonly size: number;
  failure: unknown;
  readonly #begin: () => AsyncGenerator<Buffer>;
  #chunks: AsyncGenerator<Buffer> | undefined;
  #at = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(store: string, key: string, options: ResumableUploadOptions) {
    this.size = options.bytes;
    this.#begin = () => checkedSource(store, key, options.open(), options);
  }

  async slice(start: number, end: number): Promise<SliceResult> {
    try {
      if (this.#chunks === undefined || start < this.#at) {
        this.close();
        this.#chunks = this.#begin();
        this.#at = 0;
        this.#rest = Buffer.alloc(0);
      }
      while (this.#at < start) await this.#take(Math.min(CHUNK, start - this.#at));
      const data = await this.#take(end - start);
      // The check at the end of the source comes before its last bytes are sent.
      if (end >= this.size) await this.#take(1);
      // The library asks for `size` as a browser's Blob has it.
      return { value: Object.assign(data, { size: data.length }), done: end >= this.size };
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  close(): void {
    this.#chunks?.return(undefined).catch(() => {});
    this.#chunks = undefined;
  }

  /** The next bytes, as many as asked for or as there are. */
  async #take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let have = 0;
    while (have < bytes) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks?.next();
        if (next === undefined || next.done === true) break;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, bytes - have);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      have += part.length;
    }
    this.#at += have;
    return Buffer.concat(parts, have);
  }
}
