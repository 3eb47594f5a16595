import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** What S3 and its likes take for all parts but the last. */
export const LEAST_PART = 5 * 1024 * 1024;
export const USUAL_PART = 16 * 1024 * 1024;

/** S3 takes 10,000, Scaleway 1,000. */
const MOST_PARTS = 1000;
/** R2 and small stores dislike more. */
const MOST_AT_ONCE = 4;
/** Parts under way are held in memory. */
const MOST_HELD = 32 * 1024 * 1024;

/** Bytes of a part: as asked for, more where an object would have over a thousand of them. */
export function partSizeFor(bytes: number, asked: number = USUAL_PART): number {
  const mebibyte = 1024 * 1024;
  const needed = Math.ceil(bytes / MOST_PARTS / mebibyte) * mebibyte;
  return Math.max(asked, needed, LEAST_PART);
}

export interface S3UploadOptions {
  readonly client: S3Client;
  /** Sends one request: with retries, within a time. */
  readonly request: <T>(
    run: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    signal: AbortSignal | undefined,
    bytes: number,
  ) => Promise<T>;
  readonly bucket: string;
  /** With the store's prefix. */
  readonly key: string;
  readonly source: AsyncIterable<Buffer>;
  readonly bytes: number;
  readonly partSize: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Asks the store not to overwrite. */
  readonly conditional: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((bytes: number) => void) | undefined;
}

/**
 * Uploads an object, in parts when it is larger than one. After a failure or an abort nothing is under way any more
 * and the parts are given up. Throws what the first failed request threw, what the source threw, or the abort's reason.
 */
export async function uploadToS3(options: S3UploadOptions): Promise<void> {
  const { client, request, bucket, key, bytes, partSize, metadata, conditional, signal, onProgress } =
    options;
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort, { once: true });
  const body = Readable.from(options.source, { objectMode: false });
  stop.signal.addEventListener('abort', () => body.destroy(asError(stop.signal.reason)), { once: true });
  let sent = 0;

  // The library leaves requests under way when it is aborted, and lets them run to their end after a failed one: all
  // of them come by here instead, where they end at once.
  const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    const size = withMd5(command.input);
    try {
      const output = await request((given) => client.send(command, given), stop.signal, size);
      sent += size;
      if (size > 0) onProgress?.(sent);
      return output;
    } catch (error) {
      if (!stop.signal.aborted) stop.abort(error);
      throw error;
    }
  };
  const routed: S3Client = Object.create(client, { send: { value: send } });
  const upload = new Upload({
    client: routed,
    queueSize: Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(MOST_HELD / partSize))),
    partSize,
    leavePartsOnError: true,
    params: {
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentLength: bytes,
      ContentType: 'application/octet-stream',
      Metadata: { ...metadata },
      ...(conditional ? { IfNoneMatch: '*' } : {}),
    },
  });
  try {
    await upload.done();
  } catch (error) {
    await giveUp(client, request, bucket, key, upload.uploadId);
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    body.destroy();
  }
}

/** Aborts an upload. One that is not there any more is; one that cannot be reached is swept later. */
async function giveUp(
  client: S3Client,
  request: S3UploadOptions['request'],
  bucket: string,
  key: string,
  uploadId: string | undefined,
): Promise<void> {
  if (uploadId === undefined) return;
  const abort = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
  await request((given) => client.send(abort, given), undefined, 0).catch(() => {});
}

/** Adds Content-MD5, which buckets with object lock demand and others check; tells the size of the body. */
function withMd5(input: object): number {
  if (!('Body' in input) || !Buffer.isBuffer(input.Body)) return 0;
  Object.assign(input, { ContentMD5: createHash('md5').update(input.Body).digest('base64') });
  return input.Body.length;
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('aborted');
}
