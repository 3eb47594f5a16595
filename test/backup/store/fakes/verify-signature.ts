import { createHash, createHmac } from 'node:crypto';
import type { Exchange } from './http-fake.js';

/** Seconds that the client's clock may be off: AWS says 15 minutes. */
const SKEW_MS = 15 * 60_000;

/**
 * Checks a request as Amazon S3 does (AWS Signature Version 4 in the Authorization header, with a signed payload hash).
 * Gives the error's code and status, or undefined.
 */
export function signatureFault(
  { req, method, path, rawQuery, body }: Exchange,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
  now: Date,
): { readonly status: number; readonly code: string } | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      req.headers.authorization ?? '',
    );
  if (match === null) return { status: 403, code: 'AccessDenied' };
  const [, accessKeyId, scope = '', signedHeaders = '', signature] = match;
  if (accessKeyId !== keys.accessKeyId) return { status: 403, code: 'InvalidAccessKeyId' };
  const time = String(req.headers['x-amz-date'] ?? '');
  const sentAt = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(sentAt - now.getTime()) <= SKEW_MS)) return { status: 403, code: 'RequestTimeTooSkewed' };
  const payload = String(req.headers['x-amz-content-sha256'] ?? '');
  if (!/^[0-9a-f]{64}$/.test(payload)) return { status: 501, code: 'NotImplemented' };
  const names = signedHeaders.split(';');
  for (const name of Object.keys(req.headers)) {
    if ((name === 'host' || name.startsWith('x-amz-')) && !names.includes(name))
      return { status: 403, code: 'AccessDenied' };
  }
  const query = rawQuery
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort()
    .join('&');
  const headers = names
    .map(
      (name) =>
        `${name}:${String(req.headers[name] ?? '')
          .trim()
          .replace(/ +/g, ' ')}\n`,
    )
    .join('');
  const canonical = [method, path, query, headers, signedHeaders, payload].join('\n');
  const [day = '', region = '', service = '', end = ''] = scope.split('/');
  if (service !== 's3' || end !== 'aws4_request' || !time.startsWith(day))
    return { status: 403, code: 'AccessDenied' };
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = [day, region, service, end].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${keys.secretAccessKey}`),
  );
  if (createHmac('sha256', key).update(text).digest('hex') !== signature)
    return { status: 403, code: 'SignatureDoesNotMatch' };
  if (createHash('sha256').update(body).digest('hex') !== payload)
    return { status: 400, code: 'XAmzContentSHA256Mismatch' };
  return undefined;
}
