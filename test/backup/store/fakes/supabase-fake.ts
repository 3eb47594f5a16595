import { randomBytes } from 'node:crypto';
import { type Exchange, HttpFake, type Reply } from './http-fake.js';

interface Stored {
  readonly chunks: readonly Buffer[];
  readonly size: number;
  readonly etag: string;
  readonly metadata: unknown;
}

interface Unfinished {
  readonly key: string;
  readonly bytes: number;
  readonly metadata: unknown;
  readonly chunks: Buffer[];
  size: number;
}

export interface SupabaseFakeOptions {
  /** Bytes that the bucket takes of one object, over TUS and without. */
  readonly limit?: number;
  readonly plainLimit?: number;
  /** Entries of a page at most, whatever is asked for. */
  readonly pageSize?: number;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const CHUNK = 6 * 1024 * 1024;

/**
 * Supabase Storage as it was observed (upstream 1.11, file backend): REST and TUS, errors as HTTP 400 with the status
 * in the body, no check of any bytes, removal of what is not there or may not go without a word. One private bucket.
 */
export class SupabaseFake extends HttpFake {
  readonly bucket = 'backups';
  readonly key = `eyJ${randomBytes(24).toString('hex')}.service`;
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Unfinished>();
  readonly locked = new Set<string>();
  /** Called before each page of a listing. */
  onList: (() => void) | undefined;
  readonly #options: SupabaseFakeOptions;

  constructor(options: SupabaseFakeOptions = {}) {
    super();
    this.#options = options;
  }

  plant(key: string, body: string | Buffer): void {
    this.#store(key, [Buffer.from(body)], {});
  }

  bodyOf(key: string): Buffer | undefined {
    const found = this.objects.get(key);
    return found === undefined ? undefined : Buffer.concat(found.chunks);
  }

  /** Forgets unfinished uploads, as after a day. */
  expireUploads(): void {
    this.uploads.clear();
  }

  protected nameOf({ req, method, path }: Pick<Exchange, 'req' | 'method' | 'path'>) {
    const rest = decodeURIComponent(path).replace(/^\/storage\/v1\//, '');
    if (rest.startsWith('upload/resumable')) {
      const id = rest.slice('upload/resumable/'.length);
      const key = this.uploads.get(id)?.key ?? metaOf(req.headers['upload-metadata']).objectName ?? '';
      return { op: `tus:${method}`, key };
    }
    const [, verb, ...more] = rest.split('/');
    if (verb === 'list') return { op: 'list', key: '' };
    if (verb === 'info') return { op: 'info', key: more.slice(1).join('/') };
    if (method === 'DELETE') return { op: 'remove', key: '' };
    return { op: method === 'POST' ? 'upload' : 'download', key: more.join('/') };
  }

  protected errorReply(
    status: number,
    code: string,
    message: string,
    { method }: Pick<Exchange, 'method'>,
  ): Reply {
    const body = JSON.stringify({
      statusCode: String(status),
      error: code,
      message: `${message} ${this.key}`,
    });
    // Whole answers of the REST part come as 400; what comes from before it (gateway, limits) as itself.
    const http = [404, 409, 403].includes(status) && method !== 'PATCH' && method !== 'HEAD' ? 400 : status;
    return {
      status: http,
      headers: { 'content-type': 'application/json' },
      body: method === 'HEAD' ? '' : body,
    };
  }

  protected answer(op: string, key: string, exchange: Exchange): Reply {
    try {
      const { authorization, apikey } = exchange.req.headers;
      if (authorization !== `Bearer ${this.key}` || apikey !== this.key)
        throw new Refusal(403, 'Unauthorized', 'Invalid Compact JWS');
      this.#requireBucket(op, exchange);
      return op.startsWith('tus:') ? this.#tus(op, exchange) : this.#rest(op, key, exchange);
    } catch (error) {
      if (error instanceof Refusal) return this.errorReply(error.status, error.code, error.message, exchange);
      throw error;
    }
  }

  #requireBucket(op: string, { req, path }: Exchange): void {
    const tus = metaOf(req.headers['upload-metadata']).bucketName;
    const bucket = op.startsWith('tus:')
      ? (tus ?? this.bucket)
      : path.split('/').includes(this.bucket)
        ? this.bucket
        : '';
    if (bucket !== this.bucket) throw new Refusal(404, 'Bucket not found', 'Bucket not found');
  }

  #rest(op: string, key: string, { body, req, fault }: Exchange): Reply {
    switch (op) {
      case 'list':
        return this.#list(JSON.parse(body.toString()));
      case 'info': {
        const { size, metadata, etag } = this.#object(key);
        return json(200, { name: key, size, metadata, etag });
      }
      case 'remove': {
        const { prefixes } = JSON.parse(body.toString()) as { prefixes: string[] };
        const gone = prefixes.filter((name) => !this.locked.has(name) && this.objects.has(name));
        if (fault?.lose !== true) for (const name of gone) this.objects.delete(name);
        return json(
          200,
          gone.map((name) => ({ name })),
        );
      }
      case 'upload': {
        requireAscii(key);
        if (body.length > (this.#options.plainLimit ?? this.#options.limit ?? Number.POSITIVE_INFINITY))
          throw tooLarge();
        if (this.objects.has(key) && req.headers['x-upsert'] !== 'true') throw taken();
        const meta = String(req.headers['x-metadata'] ?? '');
        if (fault?.lose !== true)
          this.#store(key, [body], meta === '' ? {} : JSON.parse(Buffer.from(meta, 'base64').toString()));
        return json(200, { Id: '1', Key: `${this.bucket}/${key}` });
      }
      default:
        return this.#download(key, req.headers.range);
    }
  }

  #download(key: string, range: string | undefined): Reply {
    const { chunks, size, etag } = this.#object(key);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (from === 0) return { status: 200, headers: { etag }, body: chunks };
    return {
      status: 206,
      headers: { etag, 'content-range': `bytes ${from}-${size - 1}/${size}` },
      body: Buffer.concat(chunks).subarray(from),
    };
  }

  #list({ prefix, limit, offset }: { prefix: string; limit: number; offset: number }): Reply {
    this.onList?.();
    const below = prefix === '' ? '' : `${prefix}/`;
    const entries = new Map<string, number | undefined>();
    for (const [key, { size }] of this.objects) {
      if (!key.startsWith(below)) continue;
      const [name = '', ...rest] = key.slice(below.length).split('/');
      if (rest.length > 0) entries.set(name, undefined);
      else entries.set(name, size);
    }
    const page = [...entries]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(offset, offset + Math.min(limit, this.#options.pageSize ?? 1000))
      .map(([name, size]) =>
        size === undefined ? { name, id: null, metadata: null } : { name, id: name, metadata: { size } },
      );
    return json(200, page);
  }

  #tus(op: string, { req, body, path, fault }: Exchange): Reply {
    const tus = { 'tus-resumable': '1.0.0' };
    const id = path.split('/').at(-1) ?? '';
    if (op === 'tus:POST') {
      const { objectName = '', metadata = '{}' } = metaOf(req.headers['upload-metadata']);
      requireAscii(objectName);
      const bytes = Number(req.headers['upload-length']);
      if (bytes > (this.#options.limit ?? Number.POSITIVE_INFINITY)) throw tooLarge();
      if (this.objects.has(objectName) && req.headers['x-upsert'] !== 'true') throw taken();
      const made = randomBytes(12).toString('hex');
      this.uploads.set(made, {
        key: objectName,
        bytes,
        metadata: JSON.parse(metadata),
        chunks: [],
        size: 0,
      });
      return {
        status: 201,
        headers: { ...tus, location: `${this.url}/storage/v1/upload/resumable/${made}` },
      };
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) throw new Refusal(404, 'not_found', 'The file for this url was not found');
    if (op === 'tus:DELETE') {
      this.uploads.delete(id);
      return { status: 204, headers: tus };
    }
    if (op === 'tus:PATCH') {
      if (Number(req.headers['upload-offset']) !== upload.size)
        throw new Refusal(409, 'conflict', 'Upload-Offset does not fit');
      const whole = upload.size + body.length;
      if (body.length !== CHUNK && whole !== upload.bytes)
        throw new Refusal(400, 'invalid', 'chunks have 6 MiB');
      // A lost chunk: it is counted in the answer and forgotten after.
      if (fault?.lose === true) return { status: 204, headers: { ...tus, 'upload-offset': whole } };
      upload.chunks.push(body);
      upload.size = whole;
      if (whole === upload.bytes) {
        if (this.objects.has(upload.key)) throw taken();
        this.#store(upload.key, upload.chunks, upload.metadata);
      }
    }
    return {
      status: op === 'tus:HEAD' ? 200 : 204,
      headers: { ...tus, 'upload-offset': upload.size, 'upload-length': upload.bytes },
    };
  }

  #object(key: string): Stored {
    const found = this.objects.get(key);
    if (found === undefined) throw new Refusal(404, 'not_found', 'Object not found');
    return found;
  }

  #store(key: string, chunks: readonly Buffer[], metadata: unknown): void {
    const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.objects.set(key, { chunks, size, metadata, etag: `"${randomBytes(8).toString('hex')}"` });
  }
}

const taken = () => new Refusal(409, 'Duplicate', 'The resource already exists');
const tooLarge = () => new Refusal(413, 'Payload too large', 'The object exceeded the maximum allowed size');
const json = (status: number, value: unknown): Reply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

function requireAscii(key: string): void {
  if (!/^[\w/!.*'() &$@=;:+,?-]+$/.test(key)) throw new Refusal(400, 'InvalidKey', 'Invalid key');
}

function metaOf(header: string | string[] | undefined): Record<string, string> {
  const pairs = String(header ?? '')
    .split(',')
    .map((pair) => pair.trim().split(' '));
  return Object.fromEntries(
    pairs.map(([name = '', value = '']) => [name, Buffer.from(value, 'base64').toString()]),
  );
}
