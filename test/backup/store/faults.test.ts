import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackupStore } from '../../../src/backup/store/backup-store.js';
import { bodyOf, putBody, putOptions } from './battery.js';
import type { Fault } from './fakes/http-fake.js';
import { S3Fake } from './fakes/s3-fake.js';
import { SupabaseFake } from './fakes/supabase-fake.js';
import { HURRY, PREFIX, s3StoreAt, supabaseStoreAt } from './stores.js';

// Cases F27 to F35 of the fault list, one request at a time. What they do to a whole backup: send-faults.test.ts.

const MEBIBYTE = 1024 * 1024;
const KEY = 'app/20261120T143000123Z-4fz9ka/dump';
const SMALL = randomBytes(100_000);
const LARGE = randomBytes(22 * MEBIBYTE);

const failure = async (
  run: Promise<unknown>,
): Promise<Error & { code: string; hints: string[]; exitCode: number }> =>
  run.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => error,
  );

/** Nothing that a thief could use, wherever in the error it would stand. */
function expectNoSecret(error: unknown, secrets: readonly string[]): void {
  const all = [inspect(error, { depth: null, showHidden: true }), JSON.stringify(error), String(error)].join(
    '\n',
  );
  for (const secret of [
    ...secrets,
    'X-Amz-Signature',
    'AWS4-HMAC',
    'Bearer',
    'apikey',
    '$metadata',
    'StringToSign',
  ])
    expect(all).not.toContain(secret);
  // The name of one of the store's errors begins with it.
  expect(all).not.toMatch(/authorization(?!HeaderMalformed)/i);
}

describe('S3', () => {
  let fake: S3Fake;
  let store: BackupStore;
  beforeEach(async () => {
    fake = new S3Fake({ pageSize: 100 });
    await fake.start();
    store = s3StoreAt(fake, { partSize: 5 * MEBIBYTE });
  });
  afterEach(() => fake.stop());
  const secrets = () => [fake.keys.accessKeyId, fake.keys.secretAccessKey];
  const at = `${PREFIX}/${KEY}`;

  describe('passes and is tried again', () => {
    const cases: [string, Buffer, Fault][] = [
      ['500', SMALL, { op: 'PutObject', status: 500 }],
      ['503 SlowDown, twice', SMALL, { op: 'PutObject', status: 503, code: 'SlowDown', times: 2 }],
      ['429', SMALL, { op: 'PutObject', status: 429, code: 'TooManyRequests' }],
      ['a timeout of its own', SMALL, { op: 'PutObject', status: 400, code: 'RequestTimeout' }],
      ['a reset in a PUT', SMALL, { op: 'PutObject', resetRequestAfter: 50_000 }],
      ['a reset in a part', LARGE, { op: 'UploadPart', skip: 2, resetRequestAfter: 3 * MEBIBYTE }],
      ['an answer that got lost after a PUT', SMALL, { op: 'PutObject', loseAnswer: true }],
      ['an answer that got lost after a part', LARGE, { op: 'UploadPart', skip: 1, loseAnswer: true }],
      ['an answer that got lost after Complete', LARGE, { op: 'CompleteMultipartUpload', loseAnswer: true }],
      ['an error in the 200 of Complete', LARGE, { op: 'CompleteMultipartUpload', code: 'InternalError' }],
      ['500 of Complete', LARGE, { op: 'CompleteMultipartUpload', status: 500 }],
      ['500 of Create', LARGE, { op: 'CreateMultipartUpload', status: 500 }],
      ['500 of HEAD', SMALL, { op: 'HeadObject', status: 500 }],
      ['a slow answer', SMALL, { op: 'PutObject', delayMs: 200 }],
    ];
    test.each(cases)('%s', async (_, body, fault) => {
      fake.break(fault);
      await putBody(store, KEY, body);
      expect(fake.pending).toEqual([]);
      expect(fake.bodyOf(at)?.equals(body)).toBe(true);
      expect(fake.uploads.size).toBe(0);
    });

    test('as long as Retry-After asks for', async () => {
      fake.break({ op: 'PutObject', status: 503, code: 'SlowDown', headers: { 'retry-after': '1' } });
      const began = Date.now();
      await putBody(store, KEY, SMALL);
      expect(Date.now() - began).toBeGreaterThanOrEqual(1000);
    });

    test('a store that wants to be left alone for an hour is', async () => {
      fake.break({ op: 'PutObject', status: 503, code: 'SlowDown', headers: { 'retry-after': '3600' } });
      expect((await failure(putBody(store, KEY, SMALL))).code).toBe('store-failed');
    });

    test('a reading goes on where it broke', async () => {
      fake.plant(at, LARGE);
      for (const after of [3, 5 * MEBIBYTE, 0]) fake.break({ op: 'GetObject', resetAfter: after });
      // The rest ends in good order, and too early.
      fake.break({ op: 'GetObject', truncate: 1000 });
      expect((await bodyOf(store, KEY)).equals(LARGE)).toBe(true);
      expect(fake.pending).toEqual([]);
      expect(fake.log.filter((line) => line.startsWith('GetObject'))).toHaveLength(5);
    });

    test('an object that changed meanwhile is not put together of two', async () => {
      fake.plant(at, LARGE);
      fake.break({ op: 'GetObject', resetAfter: 5 * MEBIBYTE });
      const stream = await store.get(KEY);
      fake.plant(at, randomBytes(LARGE.length));
      expect((await failure(buffer(stream))).message).toContain('changed while it was read');
    });

    test('how often is bounded', async () => {
      fake.break({ op: 'PutObject', status: 500, times: Number.POSITIVE_INFINITY });
      const error = await failure(putBody(store, KEY, SMALL));
      expect(error.code).toBe('store-failed');
      expect(fake.log.filter((line) => line.startsWith('PutObject'))).toHaveLength(HURRY.attempts);
    });
  });

  describe('is said and not tried again', () => {
    const cases: [string, Fault, string, RegExp][] = [
      ['no right', { status: 403, code: 'AccessDenied' }, 'store-refused', /the right to do this/],
      [
        'a wrong key',
        { status: 403, code: 'InvalidAccessKeyId' },
        'store-refused',
        /does not know these credentials/,
      ],
      [
        'a wrong secret',
        { status: 403, code: 'SignatureDoesNotMatch' },
        'store-refused',
        /does not know these credentials/,
      ],
      ['expired credentials', { status: 400, code: 'ExpiredToken' }, 'store-refused', /have expired/],
      [
        'another region',
        { status: 301, code: 'PermanentRedirect', headers: { 'x-amz-bucket-region': 'eu-west-1' } },
        'store-refused',
        /another region.*the bucket is in eu-west-1/,
      ],
      [
        'a signature for another region',
        { status: 400, code: 'AuthorizationHeaderMalformed' },
        'store-refused',
        /another region/,
      ],
      [
        'a redirect',
        { status: 307, code: 'TemporaryRedirect', headers: { location: 'http://127.0.0.1:9/x' } },
        'store-refused',
        /another address/,
      ],
      ['413', { status: 413, code: 'EntityTooLarge' }, 'store-refused', /larger than it takes/],
      ['no room', { status: 507, code: 'XMinioStorageFull' }, 'store-refused', /no room/],
      ['no bucket', { status: 404, code: 'NoSuchBucket' }, 'store-refused', /no such bucket/],
    ];
    test.each(cases)('%s', async (_, fault, code, words) => {
      fake.break({ op: 'PutObject', times: Number.POSITIVE_INFINITY, ...fault });
      const error = await failure(putBody(store, KEY, SMALL));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(words);
      expect(error.message).toContain(`offsite: cannot write ${KEY}`);
      expect(error.hints.join(' ')).not.toBe('');
      expect(fake.log.filter((line) => line.startsWith('PutObject'))).toHaveLength(1);
      expectNoSecret(error, secrets());
    });

    test('a clock that is wrong, in every method', async () => {
      fake.clockOffsetMs = 20 * 60_000;
      for (const run of [() => putBody(store, KEY, SMALL), () => store.list('app/'), () => store.get(KEY)]) {
        // The SDK corrects its clock after a refusal: every method gets a client that does not know yet.
        store = s3StoreAt(fake);
        const error = await failure(run());
        expect(error.message).toMatch(/the clock of this machine.*20 minutes apart/);
        expect(error.code).toBe('store-refused');
        expectNoSecret(error, secrets());
      }
    });

    test('a wrong secret is noticed by the store, not only scripted', async () => {
      const wrong = s3StoreAt(fake, {
        credentials: { ...fake.keys, secretAccessKey: 'wrong-secret-of-mine' },
      });
      const error = await failure(wrong.list('app/'));
      expect(error.message).toContain('does not know these credentials');
      expectNoSecret(error, [...secrets(), 'wrong-secret-of-mine']);
    });

    test('nobody there, no answer, an answer of something else', async () => {
      const closed = new S3Fake();
      await closed.start();
      const gone = s3StoreAt(closed);
      await closed.stop();
      expect((await failure(gone.list('app/'))).message).toContain('the connection failed (ECONNREFUSED)');
      const hurried = s3StoreAt(fake, { patience: { ...HURRY, attempts: 2, timeoutMs: 150 } });
      fake.break({ op: 'ListObjectsV2', delayMs: 2000, times: 2 });
      const late = await failure(hurried.list('app/'));
      expect(late.message).toContain('no answer in time');
      for (const error of [late]) expectNoSecret(error, secrets());
    });
  });

  test('a body that trickles is given up, one whose reader is slow is not', async () => {
    fake.plant(at, SMALL);
    const hurried = s3StoreAt(fake, { patience: { ...HURRY, attempts: 2, timeoutMs: 150 } });
    fake.break({ op: 'GetObject', trickleMs: 20, times: Number.POSITIVE_INFINITY });
    const error = await failure(hurried.get(KEY).then(buffer));
    expect(error.message).toContain('no answer in time');
    fake.heal();
    let read = 0;
    for await (const chunk of await hurried.get(KEY)) {
      if (read === 0) await pause(400);
      read += chunk.length;
    }
    expect(read).toBe(SMALL.length);
  });

  test('after a failed part no other is sent or waited for, and nothing is left', async () => {
    const body = randomBytes(60 * MEBIBYTE);
    const began = Date.now();
    fake.break({ op: 'UploadPart', delayMs: 2500 });
    fake.break({ op: 'UploadPart', skip: 1, status: 403, code: 'AccessDenied' });
    const error = await failure(putBody(store, KEY, body));
    expect(error.code).toBe('store-refused');
    expect(Date.now() - began).toBeLessThan(2400);
    expect(fake.log.filter((line) => line.startsWith('UploadPart')).length).toBeLessThanOrEqual(5);
    expect(fake.uploads.size).toBe(0);
    expect(fake.objects.size).toBe(0);
    expectNoSecret(error, secrets());
  });

  test('a part that got lost, an object that got lost: not taken for written', async () => {
    fake.break({ op: 'UploadPart', skip: 1, lose: true });
    expect((await failure(putBody(store, KEY, LARGE))).code).toBe('store-failed');
    expect(fake.uploads.size).toBe(0);
    for (const [op, body] of [
      ['PutObject', SMALL],
      ['CompleteMultipartUpload', LARGE],
    ] as const) {
      fake.break({ op, lose: true });
      const error = await failure(putBody(store, KEY, body));
      expect(error.message).toContain('says that it has the object');
    }
  });

  test('an abort while requests are under way: they end at once, the parts are given up', async () => {
    fake.break({ op: 'UploadPart', delayMs: 2500, times: Number.POSITIVE_INFINITY });
    const stop = new AbortController();
    const began = Date.now();
    setTimeout(() => stop.abort(new Error('enough')), 300);
    const put = store.put(KEY, () => Readable.from([LARGE]), { ...putOptions(LARGE), signal: stop.signal });
    expect((await failure(put)).message).toBe('enough');
    expect(Date.now() - began).toBeLessThan(2000);
    expect(fake.uploads.size).toBe(0);
  });

  test('an abort ends a wait, a listing and a reading', async () => {
    fake.plant(at, LARGE);
    const patient = s3StoreAt(fake, { patience: { ...HURRY, baseMs: 60_000, maxMs: 60_000 } });
    fake.break({ op: 'ListObjectsV2', status: 500 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 50);
    expect((await failure(patient.list('app/', stop.signal))).message).toBe('enough');
    const reading = new AbortController();
    const stream = await store.get(KEY, reading.signal);
    reading.abort(new Error('enough'));
    expect((await failure(buffer(stream))).message).toBe('enough');
  });

  test('two that write one key at once: one wins, nothing is mixed', async () => {
    const bodies = [randomBytes(12 * MEBIBYTE), randomBytes(12 * MEBIBYTE)];
    const results = await Promise.allSettled(
      bodies.map((body) => putBody(s3StoreAt(fake, { partSize: 5 * MEBIBYTE }), KEY, body)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = bodies[results.findIndex(({ status }) => status === 'fulfilled')];
    expect(fake.bodyOf(at)?.equals(winner ?? Buffer.alloc(0))).toBe(true);
    expect(fake.uploads.size).toBe(0);
  });

  test('what others left unfinished is swept when it is ours and old', async () => {
    const started = (key: string, ageMs: number) =>
      fake.uploads.set(randomBytes(6).toString('hex'), {
        key,
        initiated: new Date(Date.now() - ageMs),
        meta: {},
        parts: new Map(),
      });
    const day = 86_400_000;
    for (let n = 0; n < 205; n += 1) started(at.replace('dump', `dump-${n}`), 2 * day);
    started(`${PREFIX}/app/marks/20261120T143000123Z-4fz9ka.pinned`, 2 * day);
    const foreign = [
      at,
      `${PREFIX}/app/notes.txt`,
      'elsewhere/app/20261120T143000123Z-4fz9ka/dump',
      `${PREFIX}/holiday/film.mp4`,
    ];
    for (const key of foreign) started(key, key === at ? 60_000 : 2 * day);
    const swept = await store.sweep(new Date(Date.now() - day));
    expect(swept).toHaveLength(206);
    expect([...fake.uploads.values()].map(({ key }) => key).sort()).toEqual([...foreign].sort());
    fake.break({ op: 'ListMultipartUploads', status: 501, code: 'NotImplemented' });
    expect(await store.sweep(new Date())).toEqual([]);
    fake.break({ op: 'ListMultipartUploads', status: 403, code: 'AccessDenied' });
    expect((await failure(store.sweep(new Date()))).message).toContain('cannot sweep unfinished uploads');
  });

  test('a listing of thousands is whole; half a one is an error', async () => {
    for (let n = 0; n < 2345; n += 1) fake.plant(`${PREFIX}/app/notes/n${n}`, '');
    expect(await store.list('app/notes/')).toHaveLength(2345);
    fake.heal();
    fake.break({ op: 'ListObjectsV2', skip: 2, times: Number.POSITIVE_INFINITY, status: 500 });
    expect((await failure(store.list('app/notes/'))).code).toBe('store-failed');
  });

  test('parts are sized so that there are at most a thousand', async () => {
    const { partSizeFor } = await import('../../../src/backup/store/s3-upload.js');
    expect(partSizeFor(1)).toBe(16 * MEBIBYTE);
    expect(partSizeFor(1, 5 * MEBIBYTE)).toBe(5 * MEBIBYTE);
    for (const bytes of [5 * MEBIBYTE * 1000, 5 * MEBIBYTE * 1000 + 1, 1e11, 5 * 1024 ** 4]) {
      const size = partSizeFor(bytes, 5 * MEBIBYTE);
      expect(Math.ceil(bytes / size)).toBeLessThanOrEqual(1000);
      expect(size % MEBIBYTE).toBe(0);
    }
  });
});

describe('Supabase', () => {
  let fake: SupabaseFake;
  let store: BackupStore;
  beforeEach(async () => {
    fake = new SupabaseFake({ limit: 40 * MEBIBYTE, pageSize: 100 });
    await fake.start();
    store = supabaseStoreAt(fake);
  });
  afterEach(() => fake.stop());
  const at = `${PREFIX}/${KEY}`;

  const passing: [string, Buffer, Fault][] = [
    ['500', SMALL, { op: 'upload', status: 500 }],
    ['429', SMALL, { op: 'upload', status: 429 }],
    ['a reset', SMALL, { op: 'upload', resetRequestAfter: 10 }],
    ['an answer that got lost', SMALL, { op: 'upload', loseAnswer: true }],
    ['503 when an upload begins', LARGE, { op: 'tus:POST', status: 503 }],
    ['a reset in a chunk', LARGE, { op: 'tus:PATCH', skip: 1, resetRequestAfter: MEBIBYTE }],
    ['500 for a chunk', LARGE, { op: 'tus:PATCH', skip: 2, status: 500 }],
    ['a chunk that was counted and lost', LARGE, { op: 'tus:PATCH', skip: 1, lose: true }],
    ['an answer that got lost after a chunk', LARGE, { op: 'tus:PATCH', skip: 1, loseAnswer: true }],
    ['an answer that got lost after the last chunk', LARGE, { op: 'tus:PATCH', skip: 3, loseAnswer: true }],
    ['a lock that is held', LARGE, { op: 'tus:PATCH', skip: 1, status: 423 }],
    ['500 of info', SMALL, { op: 'info', status: 500 }],
  ];
  test.each(passing)('%s passes', async (_, body, fault) => {
    fake.break(fault);
    await putBody(store, KEY, body);
    expect(fake.pending).toEqual([]);
    expect(fake.bodyOf(at)?.equals(body)).toBe(true);
  });

  test('a server that starts again in the middle, one that has forgotten the upload', async () => {
    const during = (act: () => void, key: string) => {
      let acted = false;
      return store.put(key, () => Readable.from([LARGE]), {
        ...putOptions(LARGE),
        onProgress: (done) => {
          if (done < 12 * MEBIBYTE || acted) return;
          acted = true;
          act();
        },
      });
    };
    await during(() => fake.restart(), KEY);
    expect(fake.bodyOf(at)?.equals(LARGE)).toBe(true);
    // Two of four chunks had arrived: they are not sent again.
    expect(fake.log.filter((line) => line.startsWith('tus:PATCH')).length).toBeLessThanOrEqual(5);
    await during(() => fake.expireUploads(), KEY.replace('dump', 'other'));
    expect(fake.bodyOf(at.replace('dump', 'other'))?.equals(LARGE)).toBe(true);
  });

  const final: [string, Fault, string, RegExp][] = [
    [
      'no right',
      { status: 403, message: 'new row violates row-level security policy' },
      'store-refused',
      /the right to do this/,
    ],
    [
      'a wrong key',
      { status: 403, message: 'Invalid Compact JWS' },
      'store-refused',
      /does not know these credentials/,
    ],
    [
      'an expired key',
      { status: 403, message: '"exp" claim timestamp check failed' },
      'store-refused',
      /have expired/,
    ],
    [
      '413',
      { status: 413, message: 'The object exceeded the maximum allowed size' },
      'store-refused',
      /larger than it takes/,
    ],
    [
      'a bucket for pictures',
      { status: 422, message: 'mime type application/octet-stream is not supported' },
      'store-refused',
      /takes only some MIME types/,
    ],
    ['no room', { status: 500, message: 'ENOSPC: no space left on device' }, 'store-refused', /no room/],
    ['no bucket', { status: 404, message: 'Bucket not found' }, 'store-refused', /no such bucket/],
    [
      'a redirect',
      { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
      'store-refused',
      /another address/,
    ],
  ];
  test.each(
    final.flatMap(([name, ...one]) => [
      [name, 'upload', SMALL, ...one] as const,
      [name, 'tus:POST', LARGE, ...one] as const,
    ]),
  )('%s of %s is said and not tried again', async (_, op, body, fault, code, words) => {
    fake.break({ op, times: Number.POSITIVE_INFINITY, ...fault });
    const error = await failure(putBody(store, KEY, body));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(error.message).toContain(`offsite: cannot write ${KEY}`);
    expect(fake.log.filter((line) => line.startsWith(op))).toHaveLength(1);
    expectNoSecret(error, [fake.key]);
  });

  test('limits and wrong keys are the server’s own, too', async () => {
    const huge = randomBytes(41 * MEBIBYTE);
    expect((await failure(putBody(store, KEY, huge))).message).toContain('larger than it takes');
    const error = await failure(supabaseStoreAt(fake, { key: 'a-wrong-key' }).list('app/'));
    expect(error.message).toContain('does not know these credentials');
    expectNoSecret(error, ['a-wrong-key', fake.key]);
  });

  test('no answer, a trickle, a reading that breaks', async () => {
    const hurried = supabaseStoreAt(fake, { patience: { ...HURRY, attempts: 2, timeoutMs: 200 } });
    fake.break({ op: 'list', delayMs: 3000, times: 2 });
    expect((await failure(hurried.list('app/'))).message).toContain('no answer in time');
    fake.break({ op: 'tus:PATCH', delayMs: 3000, times: Number.POSITIVE_INFINITY });
    expect((await failure(putBody(hurried, KEY, LARGE))).message).toContain('no answer in time');
    fake.heal();
    fake.plant(at, LARGE);
    fake.break({ op: 'download', trickleMs: 20, times: 9 });
    expect((await failure(hurried.get(KEY).then(buffer))).message).toContain('no answer in time');
    fake.heal();
    fake.break({ op: 'download', resetAfter: 7 * MEBIBYTE });
    fake.break({ op: 'download', resetAfter: 5 });
    expect((await bodyOf(store, KEY)).equals(LARGE)).toBe(true);
    expect(fake.pending).toEqual([]);
  });

  test('an abort ends an upload at once, and it is given up on the server', async () => {
    fake.break({ op: 'tus:PATCH', skip: 1, delayMs: 2500 });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('enough')), 400);
    const began = Date.now();
    const put = store.put(KEY, () => Readable.from([LARGE]), { ...putOptions(LARGE), signal: stop.signal });
    expect((await failure(put)).message).toBe('enough');
    expect(Date.now() - began).toBeLessThan(2000);
    expect(fake.uploads.size).toBe(0);
    expect(fake.objects.size).toBe(0);
  });

  test('what it says it wrote and did not is noticed', async () => {
    fake.break({ op: 'upload', lose: true });
    expect((await failure(putBody(store, KEY, SMALL))).message).toContain('says that it has the object');
    fake.break({ op: 'tus:PATCH', skip: 3, lose: true });
    expect((await failure(putBody(store, KEY, LARGE))).code).toBe('store-failed');
  });

  test('a listing of thousands is whole, though things come and go while it is read', async () => {
    for (let n = 0; n < 950; n += 1) fake.plant(`${PREFIX}/app/notes/n${String(n).padStart(4, '0')}`, '');
    const meanwhile = [
      () => fake.objects.delete(`${PREFIX}/app/notes/n0000`),
      () => fake.plant(`${PREFIX}/app/notes/a`, ''),
    ];
    for (const act of meanwhile) {
      let pages = 0;
      fake.onList = () => {
        pages += 1;
        if (pages === 3) act();
      };
      const listed = (await store.list('app/notes/')).map(({ key }) => key).sort();
      expect(listed).toEqual([...fake.objects.keys()].map((key) => key.slice(PREFIX.length + 1)).sort());
    }
    fake.onList = () => fake.plant(`${PREFIX}/app/notes/b${randomBytes(4).toString('hex')}`, '');
    expect((await failure(store.list('app/notes/'))).message).toContain('changes while it is read');
  });

  test('an object that changed while it was read is not put together of two', async () => {
    fake.plant(at, LARGE);
    fake.break({ op: 'download', resetAfter: 5 * MEBIBYTE });
    const stream = await store.get(KEY);
    fake.plant(at, randomBytes(LARGE.length));
    expect((await failure(buffer(stream))).message).toContain('changed while it was read');
  });

  test('what may not be deleted is said', async () => {
    fake.plant(at, SMALL);
    fake.locked.add(at);
    const error = await failure(store.remove(KEY));
    expect(error).toMatchObject({ code: 'store-refused', details: { fault: 'locked' } });
  });
});
