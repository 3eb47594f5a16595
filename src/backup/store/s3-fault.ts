import { networkFault, retryAfter, StoreFault, statusFault } from './store-fault.js';

/** AWS refuses at 15 minutes; some stores earlier. */
const SKEW_MS = 5 * 60_000;

const KINDS: Readonly<Record<string, StoreFault['kind']>> = {
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  AccountProblem: 'denied',
  AuthorizationHeaderMalformed: 'region',
  BadDigest: 'conflict',
  ConditionalRequestConflict: 'conflict',
  CredentialsProviderError: 'no-credentials',
  EntityTooLarge: 'too-large',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  IllegalLocationConstraintException: 'region',
  InternalError: 'server',
  InvalidAccessKeyId: 'unauthorized',
  InvalidToken: 'unauthorized',
  NoSuchBucket: 'bucket',
  NoSuchKey: 'missing',
  NoSuchUpload: 'missing',
  NotFound: 'missing',
  NotImplemented: 'unsupported',
  ObjectLocked: 'locked',
  OperationAborted: 'conflict',
  PermanentRedirect: 'region',
  PreconditionFailed: 'exists',
  QuotaExceeded: 'full',
  RequestTimeTooSkewed: 'skew',
  RequestTimeout: 'timeout',
  ServiceUnavailable: 'busy',
  SignatureDoesNotMatch: 'unauthorized',
  SlowDown: 'busy',
  Throttling: 'busy',
  ThrottlingException: 'busy',
  TokenRefreshRequired: 'expired',
  TooManyRequests: 'busy',
  XMinioStorageFull: 'full',
};

/**
 * What an error of the AWS SDK means; undefined for an error of something else (the source's, an abort). Of the error
 * only the status, the store's word for it and three headers are looked at: the rest has the signed request in it.
 */
export function s3Fault(error: unknown): StoreFault | undefined {
  if (error instanceof StoreFault) return error;
  if (!(error instanceof Error)) return undefined;
  const word = error.name;
  const network = networkFault(error);
  const meta = field(error, '$metadata');
  const status = number(field(meta, 'httpStatusCode'));
  const headers = field(field(error, '$response'), 'headers');
  if (status === undefined) {
    if (word in KINDS) return new StoreFault(KINDS[word] ?? 'unexpected', { word });
    if (/Region is missing/.test(error.message))
      return new StoreFault('region', { note: 'no region is configured' });
    if (network !== undefined) return network;
    // The SDK's parser met something else than XML.
    return meta === undefined ? undefined : new StoreFault('unexpected');
  }
  const facts = {
    status: status === 200 ? undefined : status,
    word: /^\d|^Unknown|^Error$/.test(word) ? undefined : word,
    retryAfterMs: retryAfter(text(field(headers, 'retry-after'))),
  };
  const date = Date.parse(text(field(headers, 'date')) ?? '');
  const skew = Math.abs(date - Date.now());
  // The answer to a HEAD has no body, so its 403 has no word: the clocks tell.
  if (status === 403 && skew > SKEW_MS) {
    return new StoreFault('skew', { ...facts, note: `they are ${Math.round(skew / 60_000)} minutes apart` });
  }
  const region = text(field(headers, 'x-amz-bucket-region'));
  const kind = KINDS[word];
  const moved = kind === 'region' || (kind === undefined && status >= 300 && status < 400);
  if (moved || (status === 400 && region !== undefined && kind === undefined)) {
    const plain = region !== undefined && /^[a-z0-9-]{1,40}$/.test(region) ? region : undefined;
    return new StoreFault('region', {
      ...facts,
      note: plain === undefined ? undefined : `the bucket is in ${plain}`,
    });
  }
  if (kind !== undefined) return new StoreFault(kind, facts);
  if (status === 200) return new StoreFault('server', facts);
  return statusFault(status, facts);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
