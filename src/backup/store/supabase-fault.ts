import { networkFault, retryAfter, StoreFault, statusFault } from './store-fault.js';

/** What is looked at of an answer; its text only by our own patterns, for it may hold a token or an address. */
export interface SupabaseAnswer {
  readonly status: number | undefined;
  /** From the body: Supabase answers many errors with HTTP 400 and the real status there. */
  readonly statusCode?: string | undefined;
  readonly text: string;
  readonly retryAfter?: string | null | undefined;
}

/** What an answer of Supabase Storage means. */
export function supabaseFault({ status, statusCode, text, retryAfter: wait }: SupabaseAnswer): StoreFault {
  const real = /^\d{3}$/.test(statusCode ?? '') ? Number(statusCode) : status;
  const facts = { status: real, retryAfterMs: retryAfter(wait) };
  const says = (pattern: RegExp) => pattern.test(text) || pattern.test(statusCode ?? '');
  if (says(/\bexp\\?"? claim|jwt expired|token (is |has )?expired/i)) return new StoreFault('expired', facts);
  if (says(/bucket not found|NoSuchBucket/i)) return new StoreFault('bucket', facts);
  if (real === 409 || says(/resource already exists|\bDuplicate\b|KeyAlreadyExists/i)) {
    return new StoreFault(says(/exists|Duplicate/i) ? 'exists' : 'conflict', facts);
  }
  if (says(/exceeded the maximum allowed size|payload too large|EntityTooLarge|Maximum size exceeded/i))
    return new StoreFault('too-large', facts);
  if (says(/row.level security|AccessDenied/i)) return new StoreFault('denied', facts);
  if (
    says(/invalid (jwt|compact jws|signature|api key)|signature verification failed|invalid_?jwt|no api key/i)
  )
    return new StoreFault('unauthorized', facts);
  if (says(/mime type/i)) {
    const note = 'the bucket takes only some MIME types, and application/octet-stream is not one';
    return new StoreFault('denied', { ...facts, note });
  }
  if (says(/ENOSPC|no space left/i)) return new StoreFault('full', facts);
  if (says(/object.locked|retention|legal hold/i)) return new StoreFault('locked', facts);
  if (real === 404 || says(/not_?found|NoSuchKey/i)) return new StoreFault('missing', facts);
  return statusFault(real, facts);
}

/** What an error of the connection means; undefined for an error of something else. */
export function supabaseNetworkFault(error: unknown): StoreFault | undefined {
  return error instanceof StoreFault ? error : networkFault(error);
}
