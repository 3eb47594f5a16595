import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type MultipartUpload,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { readKey } from '../layout.js';
import type { BackupStore, PutOptions, StoredObject } from './backup-store.js';
import { checkedSource } from './checked-source.js';
import { exists, missing } from './folder-store.js';
import { resumedRead } from './resumed-read.js';
import { PATIENCE, type Patience, withRetries, withTimeout } from './retry.js';
import { s3Fault } from './s3-fault.js';
import { partSizeFor, uploadToS3 } from './s3-upload.js';
import { StoreFault, storeError } from './store-fault.js';
import { isStoreKey, requireKeyPrefix, requireStoreKey, storeRoot } from './store-key.js';

export interface S3StoreOptions {
  readonly bucket: string;
  readonly prefix?: string | undefined;
  /** Undefined: as the SDK finds it. */
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly pathStyle?: boolean | undefined;
  readonly partSize?: number | undefined;
  /** Undefined: as the SDK finds them. */
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined;
  readonly patience?: Patience | undefined;
}

/**
 * The SDK warns on Node 20 that its releases from 2027 on will not run there. Tidemark pins one that does: the warning
 * is not for its users, to whom cron would mail it every day.
 */
function quietly(config: S3ClientConfig): S3Client {
  const variable = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[variable];
  process.env[variable] = 'true';
  try {
    return new S3Client(config);
  } finally {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
  }
}

/** Whose upload it was, when its answer got lost. */
const MARK = 'tidemark-put';

/**
 * A bucket of Amazon S3 or of something that speaks it. Not every such store checks what it is asked to: nothing is
 * taken for written that was not seen there afterwards, and `sendBackup` reads it back.
 */
export class S3Store implements BackupStore {
  readonly kind = 's3';
  readonly name: string;
  readonly label: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #root: string;
  readonly #partSize: number | undefined;
  readonly #patience: Patience;
  /** False once the store said that it does not know `If-None-Match`. */
  #conditional = true;

  constructor(name: string, options: S3StoreOptions) {
    const { bucket, prefix, region, endpoint, partSize, credentials, patience = PATIENCE } = options;
    this.name = name;
    this.#bucket = bucket;
    this.#root = storeRoot(name, prefix);
    this.label = `s3://${bucket}/${this.#root}`;
    this.#partSize = partSize;
    this.#patience = patience;
    this.#client = quietly({
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      forcePathStyle: options.pathStyle ?? endpoint !== undefined,
      // Stores other than Amazon's refuse or garble the SDK's own checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Tried again here, where a wait can be aborted.
      maxAttempts: 1,
      requestHandler: { connectionTimeout: patience.timeoutMs, socketTimeout: patience.timeoutMs },
    });
  }

  /** Finds credentials and region, and throws when there are none (`store-credentials`, exit code 2). */
  async requireCredentials(): Promise<void> {
    await this.#as('find credentials', async () => {
      try {
        await this.#client.config.credentials();
        await this.#client.config.region();
      } catch (error) {
        throw s3Fault(error) ?? new StoreFault('no-credentials');
      }
    });
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    requireKeyPrefix(prefix);
    return this.#as('list', async () => {
      const found = new Map<string, number>();
      const tokens = new Set<string>();
      for (let token: string | undefined; ; ) {
        const command = new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: this.#root + prefix,
          ContinuationToken: token,
        });
        const page = await this.#request((given) => this.#client.send(command, given), signal);
        for (const { Key: full, Size: bytes } of page.Contents ?? []) {
          if (full === undefined || bytes === undefined) throw new StoreFault('unexpected');
          const key = full.startsWith(this.#root) ? full.slice(this.#root.length) : '';
          if (key.startsWith(prefix) && isStoreKey(key)) found.set(key, bytes);
        }
        if (page.IsTruncated !== true) break;
        token = page.NextContinuationToken;
        // Half a listing must not pass for the whole.
        if (token === undefined || token === '' || tokens.has(token)) throw new StoreFault('unexpected');
        tokens.add(token);
      }
      return [...found].map(([key, bytes]) => ({ key, bytes }));
    });
  }

  async put(key: string, open: () => Readable, options: PutOptions): Promise<void> {
    requireStoreKey(key);
    let most = 0;
    const onProgress = (done: number) => {
      if (done <= most) return;
      most = done;
      options.onProgress?.(done);
    };
    await this.#as(`write ${key}`, async () => {
      if ((await this.#head(key, options.signal)) !== undefined) throw exists(this.name, key);
      try {
        await this.#upload(key, open, { ...options, onProgress });
      } catch (error) {
        if (!(error instanceof StoreFault) || error.kind !== 'unsupported' || !this.#conditional) throw error;
        this.#conditional = false;
        await this.#upload(key, open, { ...options, onProgress });
      }
      if ((await this.#head(key, options.signal))?.bytes !== options.bytes) throw new StoreFault('lost');
    });
  }

  async #upload(key: string, open: () => Readable, options: PutOptions): Promise<void> {
    const { bytes, signal, onProgress } = options;
    const mark = randomBytes(12).toString('hex');
    try {
      await uploadToS3({
        client: this.#client,
        request: (run, by, size) => this.#request(run, by, size),
        bucket: this.#bucket,
        key: this.#root + key,
        source: checkedSource(this.name, key, open(), options),
        bytes,
        partSize: partSizeFor(bytes, this.#partSize),
        metadata: { [MARK]: mark },
        conditional: this.#conditional,
        signal,
        onProgress,
      });
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error;
      // The answer may have got lost after the work was done, and the next try found our own object.
      const there = await this.#head(key, signal).catch(() => undefined);
      if (there?.mark === mark && there.bytes === bytes) return;
      throw error.kind === 'exists' ? exists(this.name, key) : error;
    }
  }

  async get(key: string, signal?: AbortSignal): Promise<Readable> {
    requireStoreKey(key);
    return resumedRead({
      open: async (offset, tag) => {
        const command = new GetObjectCommand({
          Bucket: this.#bucket,
          Key: this.#root + key,
          ...(offset === 0 ? {} : { Range: `bytes=${offset}-`, IfMatch: tag }),
        });
        const { Body, ContentLength, ContentRange, ETag } = await this.#once(
          (given) => this.#client.send(command, given),
          signal,
        ).catch(async (error: unknown) => {
          // The answer to a failed `IfMatch`.
          if (error instanceof StoreFault && error.kind === 'exists')
            throw new StoreFault('changed', error.facts);
          if (offset === 0 && (await this.#isHidden(key, error, signal))) throw new StoreFault('missing');
          throw error;
        });
        if (!(Body instanceof Readable)) throw new StoreFault('unexpected');
        if (offset > 0 && ContentRange?.startsWith(`bytes ${offset}-`) !== true) {
          Body.destroy();
          throw new StoreFault('unsupported', {
            note: 'the connection broke, and it does not go on in the middle',
          });
        }
        return { body: Body, bytes: ContentLength, tag: ETag };
      },
      faultOf: s3Fault,
      errorOf: (fault) =>
        fault.kind === 'missing' ? missing(this.name, key) : storeError(this.name, `read ${key}`, fault),
      patience: this.#patience,
      signal,
    });
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    requireStoreKey(key);
    await this.#as(`delete ${key}`, async () => {
      const command = new DeleteObjectCommand({ Bucket: this.#bucket, Key: this.#root + key });
      try {
        await this.#request((given) => this.#client.send(command, given), signal);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        if (error.kind === 'missing') return;
        throw error.kind === 'denied' ? new StoreFault('locked', error.facts) : error;
      }
    });
  }

  async sweep(before: Date, signal?: AbortSignal): Promise<readonly string[]> {
    return this.#as('sweep unfinished uploads', async () => {
      const swept: string[] = [];
      const unfinished = await this.#uploads(signal).catch((error: unknown) => {
        // A store that keeps no list of them leaves it to its own rules.
        if (error instanceof StoreFault && error.kind === 'unsupported') return [];
        throw error;
      });
      for (const { Key, UploadId, Initiated } of unfinished) {
        if (Key === undefined || UploadId === undefined || Initiated === undefined) continue;
        if (!Key.startsWith(this.#root) || Initiated >= before) continue;
        const key = Key.slice(this.#root.length);
        const [folder = ''] = key.split('/');
        if (!isStoreKey(key) || readKey(folder, key) === undefined) continue;
        const command = new AbortMultipartUploadCommand({ Bucket: this.#bucket, Key, UploadId });
        try {
          await this.#request((given) => this.#client.send(command, given), signal);
        } catch (error) {
          if (!(error instanceof StoreFault) || error.kind !== 'missing') throw error;
        }
        swept.push(`${key} (unfinished upload)`);
      }
      return swept;
    });
  }

  async #uploads(signal: AbortSignal | undefined): Promise<readonly MultipartUpload[]> {
    const found: MultipartUpload[] = [];
    const seen = new Set<string>();
    let marks: { KeyMarker?: string; UploadIdMarker?: string } = {};
    for (;;) {
      const command = new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: this.#root, ...marks });
      const page = await this.#request((given) => this.#client.send(command, given), signal);
      found.push(...(page.Uploads ?? []));
      if (page.IsTruncated !== true) return found;
      const { NextKeyMarker, NextUploadIdMarker } = page;
      const at = JSON.stringify([NextKeyMarker, NextUploadIdMarker]);
      if (!NextKeyMarker || seen.has(at)) throw new StoreFault('unexpected');
      seen.add(at);
      marks = {
        KeyMarker: NextKeyMarker,
        ...(NextUploadIdMarker ? { UploadIdMarker: NextUploadIdMarker } : {}),
      };
    }
  }

  /** Undefined: it is not there. */
  async #head(
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly bytes: number | undefined; readonly mark: string | undefined } | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: this.#root + key });
    try {
      const found = await this.#request((given) => this.#client.send(command, given), signal);
      return { bytes: found.ContentLength, mark: found.Metadata?.[MARK] };
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'missing') return undefined;
      if (await this.#isHidden(key, error, signal)) return undefined;
      throw error;
    }
  }

  /**
   * True: the refusal stands for "not there". Amazon says so to whoever may list only below a prefix, which a listing
   * of the one key is.
   */
  async #isHidden(key: string, error: unknown, signal: AbortSignal | undefined): Promise<boolean> {
    if (!(error instanceof StoreFault) || error.kind !== 'denied') return false;
    const full = this.#root + key;
    const command = new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: full, MaxKeys: 1 });
    // Keys come in order: of those that begin so, this one would be the first.
    const page = await this.#request((given) => this.#client.send(command, given), signal).catch(
      () => undefined,
    );
    return page !== undefined && page.Contents?.[0]?.Key !== full;
  }

  /** One request, again after what may pass. Throws StoreFault, or the abort's reason. */
  #request<T>(
    run: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    signal?: AbortSignal,
    bytes = 0,
  ): Promise<T> {
    return withRetries(() => this.#once(run, signal, bytes), { patience: this.#patience, signal });
  }

  async #once<T>(
    run: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
    signal?: AbortSignal,
    bytes = 0,
  ): Promise<T> {
    try {
      return await withTimeout((abortSignal) => run({ abortSignal }), this.#patience, signal, bytes);
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Fault(error) ?? new StoreFault('unexpected');
    }
  }

  /** Faults as what people read. */
  async #as<T>(action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof StoreFault) throw storeError(this.name, action, error);
      throw error;
    }
  }
}
