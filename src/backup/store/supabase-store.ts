import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { StorageClient } from '@supabase/storage-js';
import type { BackupStore, PutOptions, StoredObject } from './backup-store.js';
import { checkedSource } from './checked-source.js';
import { exists, missing } from './folder-store.js';
import { resumedRead } from './resumed-read.js';
import { PATIENCE, type Patience, withRetries, withTimeout } from './retry.js';
import { StoreFault, storeError } from './store-fault.js';
import { isStoreKey, requireKeyPrefix, requireStoreKey, storeRoot } from './store-key.js';
import { supabaseFault, supabaseNetworkFault } from './supabase-fault.js';
import { CHUNK, uploadResumable } from './supabase-upload.js';

export interface SupabaseStoreOptions {
  /** The project's address. */
  readonly url: string;
  readonly bucket: string;
  readonly prefix?: string | undefined;
  /** The service key. */
  readonly key: string;
  readonly patience?: Patience | undefined;
}

type Files = ReturnType<StorageClient['from']>;

/** What the client's methods give. */
type Answer<T> =
  | { readonly data: T; readonly error: null }
  | { readonly data: unknown; readonly error: ClientError };
interface ClientError {
  readonly message: string;
  readonly status?: number | undefined;
  readonly statusCode?: string | undefined;
}

const PAGE = 1000;
/** A server may give fewer than asked for; none gives fewer than this and has more. */
const SMALLEST_PAGE = 100;

/**
 * A bucket of Supabase Storage. It checks no bytes and two uploads of one name may both succeed: names are unique to
 * a backup, an object is looked for before it is written, and `sendBackup` reads it back.
 */
export class SupabaseStore implements BackupStore {
  readonly kind = 'supabase';
  readonly name: string;
  readonly label: string;
  readonly #url: string;
  readonly #bucket: string;
  readonly #root: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #patience: Patience;

  constructor(name: string, { url, bucket, prefix, key, patience = PATIENCE }: SupabaseStoreOptions) {
    this.name = name;
    this.#url = `${url.replace(/\/+$/, '')}/storage/v1`;
    this.#bucket = bucket;
    this.#root = storeRoot(name, prefix);
    this.label = `supabase://${new URL(url).host}/${bucket}/${this.#root}`;
    this.#headers = { authorization: `Bearer ${key}`, apikey: key };
    this.#patience = patience;
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredObject[]> {
    requireKeyPrefix(prefix);
    return this.#as('list', async () => {
      const found: StoredObject[] = [];
      const walk = async (folder: string): Promise<void> => {
        for (const { name, bytes } of await this.#folder(folder, signal)) {
          const key = `${folder}${name}`;
          if (!isStoreKey(key)) continue;
          if (bytes !== undefined) {
            if (key.startsWith(prefix)) found.push({ key, bytes });
          } else if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) await walk(`${key}/`);
        }
      };
      await walk(prefix.slice(0, prefix.lastIndexOf('/') + 1));
      return found;
    });
  }

  async put(key: string, open: () => Readable, options: PutOptions): Promise<void> {
    requireStoreKey(key);
    const { bytes, signal } = options;
    const mark = randomBytes(12).toString('hex');
    await this.#as(`write ${key}`, async () => {
      if ((await this.#info(key, signal)) !== undefined) throw exists(this.name, key);
      try {
        await (bytes > CHUNK
          ? this.#putResumable(key, open, options, mark)
          : this.#putPlain(key, open, options, mark));
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        // The answer may have got lost after the work was done, and the next try found our own object.
        const there = await this.#info(key, signal).catch(() => undefined);
        if (there?.mark === mark && there.bytes === bytes) return;
        if (error.kind === 'exists') throw exists(this.name, key);
        throw error;
      }
      if ((await this.#info(key, signal))?.bytes !== bytes) throw new StoreFault('lost');
    });
  }

  async get(key: string, signal?: AbortSignal): Promise<Readable> {
    requireStoreKey(key);
    return resumedRead({
      open: async (offset, tag) => {
        const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
        const { data, headers } = await this.#once(
          (files) => files.download(this.#root + key).asStream(),
          signal,
          { 'accept-encoding': 'identity', ...range },
        );
        if (!(data instanceof ReadableStream)) throw new StoreFault('unexpected');
        const body = Readable.fromWeb(data as Parameters<typeof Readable.fromWeb>[0]);
        const etag = headers.get('etag') ?? undefined;
        if (offset > 0 && etag !== tag) {
          body.destroy();
          throw new StoreFault('changed');
        }
        if (offset > 0 && headers.get('content-range')?.startsWith(`bytes ${offset}-`) !== true) {
          body.destroy();
          throw new StoreFault('unsupported', {
            note: 'the connection broke, and it does not go on in the middle',
          });
        }
        const length = headers.get('content-length');
        return { body, bytes: length === null ? undefined : Number(length), tag: etag };
      },
      faultOf: supabaseNetworkFault,
      errorOf: (fault) =>
        fault.kind === 'missing' ? missing(this.name, key) : storeError(this.name, `read ${key}`, fault),
      patience: this.#patience,
      signal,
    });
  }

  async remove(key: string, signal?: AbortSignal): Promise<void> {
    requireStoreKey(key);
    await this.#as(`delete ${key}`, async () => {
      try {
        await this.#request((files) => files.remove([this.#root + key]), signal);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        if (error.kind === 'missing') return;
        throw error.kind === 'denied' ? new StoreFault('locked', error.facts) : error;
      }
      // What the policies do not let it delete is left out of the answer without an error.
      if ((await this.#info(key, signal)) !== undefined) throw new StoreFault('locked');
    });
  }

  /** Nothing: unfinished uploads cannot be listed, and the server drops them by itself after a day. */
  async sweep(): Promise<readonly string[]> {
    return [];
  }

  /** What lies directly in a folder; without `bytes`, a folder. */
  async #folder(
    folder: string,
    signal: AbortSignal | undefined,
  ): Promise<readonly { readonly name: string; readonly bytes: number | undefined }[]> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const found = await this.#pages(folder, signal);
      if (found !== undefined) return found;
    }
    throw new StoreFault('server', { note: 'its listing changes while it is read' });
  }

  /**
   * Pages are counted by offset, so what comes or goes meanwhile shifts them: each begins with the last entry of the
   * one before. Undefined when one does not.
   */
  async #pages(folder: string, signal: AbortSignal | undefined) {
    const found = new Map<string, number | undefined>();
    let last: string | undefined;
    for (let offset = 0; ; ) {
      const options = { limit: PAGE, offset, sortBy: { column: 'name', order: 'asc' } };
      const page = await this.#request(
        (files, by) => files.list((this.#root + folder).replace(/\/$/, ''), options, { signal: by }),
        signal,
      );
      if (!Array.isArray(page)) throw new StoreFault('unexpected');
      const names = page.map(({ name }) => name);
      if (last !== undefined && names[0] !== last) return undefined;
      const fresh = last === undefined ? page : page.slice(1);
      for (const { name, id, metadata } of fresh) {
        if (found.has(name)) return undefined;
        const size: unknown = metadata?.size;
        if (id !== null && typeof size !== 'number') throw new StoreFault('unexpected');
        found.set(name, typeof size === 'number' ? size : undefined);
      }
      last = names.at(-1);
      if (fresh.length === 0 || page.length < SMALLEST_PAGE) break;
      offset += page.length - 1;
    }
    return [...found].map(([name, bytes]) => ({ name, bytes }));
  }

  async #putPlain(key: string, open: () => Readable, options: PutOptions, mark: string): Promise<void> {
    const body = await buffer(checkedSource(this.name, key, open(), options));
    await this.#request(
      (files) =>
        files.upload(this.#root + key, body, {
          upsert: false,
          contentType: 'application/octet-stream',
          cacheControl: '0',
          metadata: { put: mark },
        }),
      options.signal,
      body.length,
    );
    options.onProgress?.(body.length);
  }

  #putResumable(key: string, open: () => Readable, options: PutOptions, mark: string): Promise<void> {
    return uploadResumable({
      store: this.name,
      endpoint: `${this.#url}/upload/resumable`,
      headers: this.#headers,
      bucket: this.#bucket,
      key: this.#root + key,
      open,
      bytes: options.bytes,
      sha256: options.sha256,
      metadata: { put: mark },
      patience: this.#patience,
      signal: options.signal,
      onProgress: options.onProgress,
    });
  }

  /** Undefined: it is not there. */
  async #info(
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly bytes: number | undefined; readonly mark: unknown } | undefined> {
    try {
      const found = await this.#request((files) => files.info(this.#root + key), signal);
      if (found === null) throw new StoreFault('unexpected');
      return { bytes: found.size, mark: found.metadata?.put };
    } catch (error) {
      if (error instanceof StoreFault && error.kind === 'missing') return undefined;
      throw error;
    }
  }

  /** One request, again after what may pass. Throws StoreFault, or the abort's reason. */
  #request<T>(
    run: (files: Files, signal: AbortSignal) => PromiseLike<Answer<T>>,
    signal?: AbortSignal,
    bytes = 0,
  ): Promise<T> {
    const once = async () => (await this.#once(run, signal, {}, bytes)).data;
    return withRetries(once, { patience: this.#patience, signal });
  }

  async #once<T>(
    run: (files: Files, signal: AbortSignal) => PromiseLike<Answer<T>>,
    signal: AbortSignal | undefined,
    headers: Readonly<Record<string, string>> = {},
    bytes = 0,
  ): Promise<{ readonly data: T; readonly headers: Headers }> {
    let seen = new Headers();
    let broken: unknown;
    const attempt = async (by: AbortSignal) => {
      const send: typeof fetch = async (input, init) => {
        try {
          // A redirect would take the key along to wherever it leads.
          const answer = await fetch(input, { ...init, signal: by, redirect: 'manual' });
          seen = answer.headers;
          return answer;
        } catch (error) {
          broken = error;
          throw error;
        }
      };
      const client = new StorageClient(this.#url, { ...this.#headers, ...headers }, send);
      return run(client.from(this.#bucket), by);
    };
    let answer: Answer<T>;
    try {
      answer = await withTimeout(
        async (by) => {
          const given = await attempt(by);
          // The client gives errors back instead of throwing them, an abort among them.
          if (given.error !== null && by.aborted) throw new StoreFault('timeout');
          return given;
        },
        this.#patience,
        signal,
        bytes,
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw supabaseNetworkFault(error) ?? new StoreFault('unexpected');
    }
    if (answer.error === null) return { data: answer.data, headers: seen };
    signal?.throwIfAborted();
    if (broken !== undefined) throw supabaseNetworkFault(broken) ?? new StoreFault('unreachable');
    const { status, statusCode, message } = answer.error;
    throw supabaseFault({ status, statusCode, text: message, retryAfter: seen.get('retry-after') });
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
