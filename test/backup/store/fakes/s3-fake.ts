import { createHash, randomBytes } from 'node:crypto';
import { type Exchange, HttpFake, type Reply } from './http-fake.js';
import { signatureFault } from './verify-signature.js';

const MEBIBYTE = 1024 * 1024;

export interface S3FakeOptions {
  /**
   * `strict` checks as Amazon does; `lenient` checks next to nothing, as the S3 endpoint of Supabase was seen to:
   * neither signatures' payloads nor clocks, MD5, conditions, sizes and orders of parts.
   */
  readonly mode?: 'strict' | 'lenient';
  /** Amazon 10,000, Scaleway 1,000. */
  readonly mostParts?: number;
  readonly pageSize?: number;
  /** Listings come in no order. */
  readonly shuffled?: boolean;
  /** Says 403 of what is not there, as Amazon to whoever may list only below a prefix. */
  readonly hidesMissing?: boolean;
  /** Says 501 to conditions. */
  readonly noConditions?: boolean;
}

interface Stored {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly etag: string;
  readonly meta: Readonly<Record<string, string>>;
}

interface Unfinished {
  readonly key: string;
  readonly initiated: Date;
  readonly meta: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** Amazon S3 as far as backups use it, path style, one bucket, in memory. */
export class S3Fake extends HttpFake {
  readonly bucket = 'backups';
  readonly region = 'us-east-1';
  readonly keys = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: `secret${randomBytes(20).toString('hex')}`,
  };
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Unfinished>();
  /** Keys that cannot be deleted. */
  readonly locked = new Set<string>();
  readonly #options: S3FakeOptions;

  constructor(options: S3FakeOptions = {}) {
    super();
    this.#options = options;
  }

  get #strict(): boolean {
    return this.#options.mode !== 'lenient';
  }

  /** Puts an object there without asking. */
  plant(key: string, body: string | Buffer): void {
    this.#store(key, [Buffer.from(body)], {});
  }

  bodyOf(key: string): Buffer | undefined {
    const found = this.objects.get(key);
    return found === undefined ? undefined : Buffer.concat(found.chunks);
  }

  protected nameOf({ method, path, query }: Pick<Exchange, 'method' | 'path' | 'query'>) {
    const [, bucket = '', ...rest] = path.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const op =
      bucket !== this.bucket
        ? 'NoSuchBucket'
        : key === ''
          ? query.has('uploads')
            ? 'ListMultipartUploads'
            : 'ListObjectsV2'
          : operationOf(method, query);
    return { op, key };
  }

  protected errorReply(
    status: number,
    code: string,
    message: string,
    { method }: Pick<Exchange, 'method'>,
  ): Reply {
    // A real one repeats the request here: none of it may come out of the client.
    const echo = `<AWSAccessKeyId>${this.keys.accessKeyId}</AWSAccessKeyId><StringToSign>${this.keys.secretAccessKey}</StringToSign>`;
    const body = xml(
      `<Error><Code>${code}</Code><Message>${message} ${this.keys.secretAccessKey}</Message>${echo}<RequestId>1</RequestId></Error>`,
    );
    return { status, headers: { 'content-type': 'application/xml' }, body: method === 'HEAD' ? '' : body };
  }

  protected answer(op: string, key: string, exchange: Exchange): Reply {
    try {
      this.#check(exchange);
      return this.#run(op, key, exchange);
    } catch (error) {
      if (error instanceof Refusal) return this.errorReply(error.status, error.code, error.code, exchange);
      throw error;
    }
  }

  #check(exchange: Exchange): void {
    if (!this.#strict) return;
    const fault = signatureFault(exchange, this.keys, this.now());
    if (fault !== undefined) throw new Refusal(fault.status, fault.code);
    const { 'content-md5': md5 } = exchange.req.headers;
    if (md5 !== undefined && createHash('md5').update(exchange.body).digest('base64') !== md5)
      throw new Refusal(400, 'BadDigest');
  }

  #run(op: string, key: string, exchange: Exchange): Reply {
    const { query, body, fault, req } = exchange;
    switch (op) {
      case 'NoSuchBucket':
        throw new Refusal(404, 'NoSuchBucket');
      case 'ListObjectsV2':
        return this.#list(query);
      case 'ListMultipartUploads':
        return this.#listUploads(query);
      case 'PutObject': {
        this.#requireNew(key, exchange);
        // Amazon takes no single PUT above 5 GiB; the limit of a fake is memory.
        if (fault?.lose !== true) this.#store(key, [body], metaOf(exchange));
        return { status: 200, headers: { etag: `"${md5(body)}"` } };
      }
      case 'GetObject':
      case 'HeadObject':
        return this.#read(key, exchange);
      case 'DeleteObject':
        if (this.locked.has(key)) throw new Refusal(403, 'AccessDenied');
        if (fault?.lose !== true) this.objects.delete(key);
        return { status: 204 };
      case 'CreateMultipartUpload': {
        const id = randomBytes(12).toString('hex');
        this.uploads.set(id, { key, initiated: this.now(), meta: metaOf(exchange), parts: new Map() });
        return {
          status: 200,
          body: xml(
            `<InitiateMultipartUploadResult><Bucket>${this.bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
          ),
        };
      }
      case 'UploadPart': {
        const number = Number(query.get('partNumber'));
        if (this.#strict && !(number >= 1 && number <= (this.#options.mostParts ?? 10_000)))
          throw new Refusal(400, 'InvalidArgument');
        const etag = `"${md5(body)}"`;
        if (fault?.lose !== true) this.#upload(key, query).parts.set(number, { body, etag });
        return { status: 200, headers: { etag } };
      }
      case 'CompleteMultipartUpload':
        return this.#complete(key, exchange);
      case 'AbortMultipartUpload':
        this.#upload(key, query);
        this.uploads.delete(query.get('uploadId') ?? '');
        return { status: 204 };
      default:
        throw new Refusal(501, req.method ?? 'NotImplemented');
    }
  }

  #upload(key: string, query: URLSearchParams): Unfinished {
    const upload = this.uploads.get(query.get('uploadId') ?? '');
    if (upload?.key !== key) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  }

  #complete(key: string, exchange: Exchange): Reply {
    const upload = this.#upload(key, exchange.query);
    this.#requireNew(key, exchange);
    const asked = [...exchange.body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, text = '']) => ({
      number: Number(/<PartNumber>(\d+)</.exec(text)?.[1]),
      etag: (/<ETag>(.*?)<\/ETag>/.exec(text)?.[1] ?? '').replaceAll('&quot;', '"'),
    }));
    const parts = asked.flatMap(({ number, etag }, at) => {
      const part = upload.parts.get(number);
      if (part === undefined || (this.#strict && part.etag !== etag)) {
        if (this.#strict) throw new Refusal(400, 'InvalidPart');
        return [];
      }
      if (this.#strict && at > 0 && number <= (asked[at - 1]?.number ?? 0))
        throw new Refusal(400, 'InvalidPartOrder');
      if (this.#strict && at < asked.length - 1 && part.body.length < 5 * MEBIBYTE)
        throw new Refusal(400, 'EntityTooSmall');
      return [part.body];
    });
    if (this.#strict && asked.length === 0) throw new Refusal(400, 'MalformedXML');
    // It answers 200 before it is done, and may fail after.
    if (exchange.fault?.code !== undefined)
      return { ...this.errorReply(200, exchange.fault.code, 'late', exchange), status: 200 };
    if (exchange.fault?.lose !== true) this.#store(key, parts, upload.meta);
    this.uploads.delete(exchange.query.get('uploadId') ?? '');
    return {
      status: 200,
      body: xml(
        `<CompleteMultipartUploadResult><Bucket>${this.bucket}</Bucket><Key>${key}</Key><ETag>"x-${parts.length}"</ETag></CompleteMultipartUploadResult>`,
      ),
    };
  }

  #requireNew(key: string, { req }: Exchange): void {
    const condition = req.headers['if-none-match'];
    if (condition === undefined) return;
    if (this.#options.noConditions === true) throw new Refusal(501, 'NotImplemented');
    if (this.#strict && this.objects.has(key)) throw new Refusal(412, 'PreconditionFailed');
  }

  #read(key: string, { req }: Exchange): Reply {
    const found = this.objects.get(key);
    if (found === undefined && this.#options.hidesMissing === true) throw new Refusal(403, 'AccessDenied');
    if (found === undefined) throw new Refusal(404, 'NoSuchKey');
    const condition = req.headers['if-match'];
    if (condition !== undefined && condition !== found.etag && this.#strict)
      throw new Refusal(412, 'PreconditionFailed');
    const meta = Object.fromEntries(Object.entries(found.meta));
    const headers = { etag: found.etag, 'accept-ranges': 'bytes', ...meta };
    if (req.method === 'HEAD') return { status: 200, headers: { ...headers, 'content-length': found.bytes } };
    const from = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0);
    if (from === 0) return { status: 200, headers, body: found.chunks };
    if (from >= found.bytes) throw new Refusal(416, 'InvalidRange');
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${from}-${found.bytes - 1}/${found.bytes}` },
      body: [Buffer.concat(found.chunks).subarray(from)],
    };
  }

  #list(query: URLSearchParams): Reply {
    const prefix = query.get('prefix') ?? '';
    const size = Math.min(this.#options.pageSize ?? 1000, Number(query.get('max-keys') ?? 1000));
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    // Any order will do for the token to be a position, as long as it stays.
    if (this.#options.shuffled === true)
      keys.sort((a, b) => (md5(Buffer.from(a)) < md5(Buffer.from(b)) ? -1 : 1));
    else keys.sort();
    const from = Number(query.get('continuation-token') ?? 0);
    const page = keys.slice(from, from + size);
    const more = from + size < keys.length;
    const contents = page.map(
      (key) => `<Contents><Key>${escaped(key)}</Key><Size>${this.objects.get(key)?.bytes}</Size></Contents>`,
    );
    return {
      status: 200,
      body: xml(
        `<ListBucketResult><Name>${this.bucket}</Name><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + size}</NextContinuationToken>` : ''}${contents.join('')}</ListBucketResult>`,
      ),
    };
  }

  #listUploads(query: URLSearchParams): Reply {
    const prefix = query.get('prefix') ?? '';
    const size = this.#options.pageSize ?? 1000;
    const all = [...this.uploads]
      .filter(([, { key }]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const marker = query.get('upload-id-marker') ?? '';
    const rest = all.filter(([id]) => id > marker);
    const page = rest.slice(0, size);
    const more = rest.length > size;
    const last = page.at(-1);
    const uploads = page.map(
      ([id, { key, initiated }]) =>
        `<Upload><Key>${escaped(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
    );
    const next =
      more && last !== undefined
        ? `<NextKeyMarker>${escaped(last[1].key)}</NextKeyMarker><NextUploadIdMarker>${last[0]}</NextUploadIdMarker>`
        : '';
    return {
      status: 200,
      body: xml(
        `<ListMultipartUploadsResult><IsTruncated>${more}</IsTruncated>${next}${uploads.join('')}</ListMultipartUploadsResult>`,
      ),
    };
  }

  #store(key: string, chunks: readonly Buffer[], meta: Readonly<Record<string, string>>): void {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.objects.set(key, { chunks, bytes, etag: `"${randomBytes(8).toString('hex')}"`, meta });
  }
}

function operationOf(method: string, query: URLSearchParams): string {
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'PUT') return query.has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return method === 'HEAD' ? 'HeadObject' : 'GetObject';
}

function metaOf({ req }: Exchange): Record<string, string> {
  return Object.fromEntries(
    Object.entries(req.headers).flatMap(([name, value]) =>
      name.startsWith('x-amz-meta-') && typeof value === 'string' ? [[name, value]] : [],
    ),
  );
}

const md5 = (body: Buffer) => createHash('md5').update(body).digest('hex');
const xml = (text: string) => `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
