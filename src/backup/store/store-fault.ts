import { TidemarkError } from '../../errors.js';

/** What a store or the way to it can do wrong, whoever made it. */
export type FaultKind = keyof typeof WORDS;

interface Words {
  readonly code: 'store-failed' | 'store-refused' | 'store-credentials';
  readonly what: string;
  readonly hint: string;
}

const failed = (what: string, hint: string): Words => ({ code: 'store-failed', what, hint });
const refused = (what: string, hint: string): Words => ({ code: 'store-refused', what, hint });

const AGAIN = 'It may work later: "tidemark backup push" goes on with what is missing.';

const WORDS = {
  // It may work in a moment: tried again.
  unreachable: failed('the connection failed', `Check the address and the network. ${AGAIN}`),
  timeout: failed('there was no answer in time', `Check the network. ${AGAIN}`),
  busy: failed('it asks for fewer requests', AGAIN),
  server: failed('it has trouble of its own', AGAIN),
  conflict: failed('somebody else is writing the same object', AGAIN),
  // It will not.
  exists: failed('the object is there already', 'Nothing is overwritten.'),
  missing: failed('the object is not there', 'Nothing was changed.'),
  unexpected: failed(
    'its answer makes no sense',
    'Check that the address is that of the store and not of a proxy or a web page.',
  ),
  changed: failed('the object changed while it was read', 'Nothing else may write there. Try again.'),
  lost: failed(
    'it says that it has the object, and does not have it as it was sent',
    'Do not trust this store before you have looked into it. The backup is whole where it was made.',
  ),
  tls: refused(
    'its certificate cannot be trusted',
    'Check the address; give Node your own authority with NODE_EXTRA_CA_CERTS.',
  ),
  bucket: refused('there is no such bucket', 'Make the bucket, or correct its name in the configuration.'),
  unauthorized: refused(
    'it does not know these credentials',
    'Check that key and secret belong together and to this destination.',
  ),
  expired: refused('the credentials have expired', 'Get new ones; for schedules take some that last.'),
  denied: refused(
    'the credentials do not have the right to do this',
    'docs/backup-destinations.md lists the rights that are needed.',
  ),
  locked: refused(
    'the object is locked, or the credentials may not delete',
    'A locked object goes when its lock ends. Otherwise give the right to delete; docs/backup-destinations.md lists the rights that are needed.',
  ),
  skew: refused(
    'the clock of this machine and its own differ too much',
    'Set the clock of this machine (NTP).',
  ),
  region: refused(
    'the bucket is in another region or at another address',
    'Correct `region` or `endpoint` of the destination.',
  ),
  'too-large': refused(
    'the object is larger than it takes',
    "Raise the limit of the store (Supabase: first the project's, then the bucket's), or send to another destination.",
  ),
  full: refused(
    'it has no room left',
    'Make room there or raise the quota; prune it with "tidemark backup prune".',
  ),
  unsupported: refused(
    'it does not know this kind of request',
    'It may not speak the whole protocol; take another destination.',
  ),
  'no-credentials': {
    code: 'store-credentials',
    what: 'there are no credentials',
    hint: 'Set them in the environment.',
  },
} as const satisfies Record<string, Words>;

const TRANSIENT: ReadonlySet<FaultKind> = new Set(['unreachable', 'timeout', 'busy', 'server', 'conflict']);

export interface FaultFacts {
  readonly status?: number | undefined;
  /** The store's own word for it: `SlowDown`. */
  readonly word?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Said besides. Written by us: a server's text may hold what must not be seen. */
  readonly note?: string | undefined;
}

/**
 * One failed request. It holds nothing of the request or of the answer's text, and no `cause`: both have keys, tokens
 * and signatures in them.
 */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly kind: FaultKind;
  readonly facts: FaultFacts;

  constructor(kind: FaultKind, facts: FaultFacts = {}) {
    super(kind);
    this.kind = kind;
    const word =
      facts.word !== undefined && /^[A-Za-z][\w. -]{0,60}$/.test(facts.word) ? facts.word : undefined;
    this.facts = { ...facts, word };
  }

  /** True: the same request may work in a moment. */
  get transient(): boolean {
    return TRANSIENT.has(this.kind);
  }
}

/**
 * A fault as what people read: the destination's name, what was tried, what happened, what to do.
 *
 * @param action `write app/…/dump`
 */
export function storeError(store: string, action: string, { kind, facts }: StoreFault): TidemarkError {
  const { code, what, hint } = WORDS[kind];
  const { status, word, note } = facts;
  const said = [status === undefined ? [] : [`HTTP ${status}`], word === undefined ? [] : [word]]
    .flat()
    .join(' ');
  return new TidemarkError(
    code,
    `${store}: cannot ${action}: ${what}${said === '' ? '' : ` (${said})`}${note === undefined ? '' : `; ${note}`}`,
    {
      exitCode: code === 'store-credentials' ? 2 : 1,
      hints: [hint],
      details: {
        destination: store,
        fault: kind,
        ...(status === undefined ? {} : { status }),
        ...(word === undefined ? {} : { word }),
      },
    },
  );
}

const TLS = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_)/;
const NETWORK =
  /^(ECONN|EPIPE$|ETIMEDOUT$|ENOTFOUND$|EAI_|EHOST|ENET|EADDRNOTAVAIL$|UND_ERR_|ERR_STREAM_PREMATURE|HPE_|ABORT_ERR$)/;

/** The fault of a connection; undefined when an error is none of it. Looks through `cause`s, as `fetch` hides them. */
export function networkFault(error: unknown, depth = 0): StoreFault | undefined {
  if (!(error instanceof Error) || depth > 4) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (TLS.test(code)) return new StoreFault('tls', { word: code });
  if (error.name === 'TimeoutError' || /TIMEOUT|ETIMEDOUT/.test(code))
    return new StoreFault('timeout', { word: code || undefined });
  if (NETWORK.test(code)) return new StoreFault('unreachable', { word: code });
  const hidden = networkFault(error.cause, depth + 1);
  if (hidden !== undefined) return hidden;
  return /socket hang up|^terminated$|^aborted$|fetch failed|premature close/i.test(error.message)
    ? new StoreFault('unreachable')
    : undefined;
}

/** What a status alone says. */
export function statusFault(status: number | undefined, facts: FaultFacts = {}): StoreFault {
  const all = { ...facts, status };
  if (status === undefined) return new StoreFault('unexpected', all);
  if (status === 408) return new StoreFault('timeout', all);
  if (status === 423 || status === 409) return new StoreFault('conflict', all);
  if (status === 429 || status === 503) return new StoreFault('busy', all);
  if (status === 501) return new StoreFault('unsupported', all);
  if (status === 507) return new StoreFault('full', all);
  if (status >= 500) return new StoreFault('server', all);
  if (status >= 300 && status < 400) return new StoreFault('region', all);
  if (status === 401) return new StoreFault('unauthorized', all);
  if (status === 403) return new StoreFault('denied', all);
  if (status === 404 || status === 410) return new StoreFault('missing', all);
  if (status === 412) return new StoreFault('exists', all);
  if (status === 413) return new StoreFault('too-large', all);
  return new StoreFault('unexpected', all);
}

/** Milliseconds of a `Retry-After` header: seconds, or a date. */
export function retryAfter(header: string | null | undefined, now = Date.now()): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

/** True for what a store throws when it is only this object that it does not give up. */
export function isLocked(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && error.code === 'store-refused' && error.details.fault === 'locked';
}
