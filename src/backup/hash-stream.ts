import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** Passes bytes on, and knows their number and SHA-256 when it has ended. */
export class HashStream extends Transform {
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #sha256: string | undefined;
  readonly #onProgress: ((bytes: number) => void) | undefined;

  constructor(onProgress?: (bytes: number) => void) {
    super();
    this.#onProgress = onProgress;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Hexadecimal. Only after the end. */
  get sha256(): string {
    this.#sha256 ??= this.#hash.digest('hex');
    return this.#sha256;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#onProgress?.(this.#bytes);
    done(null, chunk);
  }
}
