import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { TidemarkError } from '../../errors.js';

/**
 * Passes on what is to be sent, and throws `store-failed` before its end when it is not what was announced: a store
 * never gets to commit an object that was wrong already here.
 */
export async function* checkedSource(
  store: string,
  key: string,
  source: Readable,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let read = 0;
  let held: Buffer | undefined;
  try {
    for await (const chunk of source) {
      const data: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
      hash.update(data);
      read += data.length;
      if (held !== undefined) yield held;
      held = data;
    }
  } finally {
    source.destroy();
  }
  if (read !== bytes || hash.digest('hex') !== sha256) {
    throw new TidemarkError('store-failed', `${store}: ${key} was not sent: it is not what was to be sent`, {
      hints: ['It changed on the disk, or could not be read rightly: "tidemark backup verify" tells.'],
    });
  }
  if (held !== undefined) yield held;
}
