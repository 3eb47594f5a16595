import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DestinationConfig } from '../../../src/backup/backup-config.js';
import { loadStore } from '../../../src/backup/store/load-store.js';
import { bodyOf, putBody } from './battery.js';
import { S3Fake } from './fakes/s3-fake.js';
import { SupabaseFake } from './fakes/supabase-fake.js';

const load = (config: DestinationConfig, env: Record<string, string> = {}) =>
  loadStore('offsite', config, { env, folder: '/srv/app' });

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidemark-home-'));
  // The SDK looks for credentials in its own places: here there are none.
  for (const name of [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_PROFILE',
    'AWS_REGION',
    'AWS_DEFAULT_REGION',
  ])
    vi.stubEnv(name, undefined);
  vi.stubEnv('HOME', home);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

describe('what is made', () => {
  test('a folder, from where the configuration lies', async () => {
    expect(await load({ type: 'folder', path: 'offsite' })).toMatchObject({
      name: 'offsite',
      kind: 'folder',
      label: '/srv/app/offsite',
    });
  });

  test('a folder is not made on a disk that is not mounted', async () => {
    const mounts = await mkdtemp(join(tmpdir(), 'tidemark-mount-'));
    try {
      for (const path of [join(mounts, 'app'), join(mounts, 'nas', 'app')]) {
        const store = await load({ type: 'folder', path });
        await expect(putBody(store, 'app/x', Buffer.from('x'))).rejects.toThrow(
          expect.objectContaining({ code: 'store-failed', message: expect.stringContaining(path) }),
        );
        expect(await readdir(mounts)).toEqual([]);
      }
      // Made by hand it is meant; and so it is in a folder that has something else.
      await mkdir(join(mounts, 'app'));
      for (const name of ['app', 'other']) {
        const store = await load({ type: 'folder', path: join(mounts, name) });
        await putBody(store, 'app/x', Buffer.from('x'));
        expect(await store.list('app/')).toHaveLength(1);
      }
    } finally {
      await rm(mounts, { recursive: true, force: true });
    }
  });

  test('S3 with the credentials of the environment, or of variables of its own', async () => {
    const fake = new S3Fake();
    await fake.start();
    try {
      const { accessKeyId, secretAccessKey } = fake.keys;
      const config = { type: 's3', bucket: fake.bucket, prefix: 'a/b', endpoint: fake.url } as const;
      const usual = await load(config, {
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      });
      expect(usual).toMatchObject({ name: 'offsite', kind: 's3', label: 's3://backups/a/b/' });
      await putBody(usual, 'app/x', Buffer.from('x'));
      expect([...fake.objects.keys()]).toEqual(['a/b/app/x']);
      const own = { ...config, accessKeyVariable: 'MY_KEY', secretKeyVariable: 'MY_SECRET' };
      const other = await load(own, {
        MY_KEY: accessKeyId,
        MY_SECRET: secretAccessKey,
        AWS_ACCESS_KEY_ID: 'wrong',
      });
      expect((await bodyOf(other, 'app/x')).toString()).toBe('x');
      expect(inspect([usual, other], { depth: 3 })).not.toContain(secretAccessKey);
    } finally {
      await fake.stop();
    }
  });

  test('Supabase with the service key', async () => {
    const fake = new SupabaseFake();
    await fake.start();
    try {
      const config = { type: 'supabase', url: `${fake.url}/`, bucket: fake.bucket } as const;
      const store = await load(config, { SUPABASE_SERVICE_ROLE_KEY: fake.key });
      await putBody(store, 'app/x', Buffer.from('x'));
      expect((await bodyOf(store, 'app/x')).toString()).toBe('x');
      const own = await load({ ...config, keyVariable: 'MY_KEY' }, { MY_KEY: fake.key });
      expect(await own.list('app/')).toEqual([{ key: 'app/x', bytes: 1 }]);
      expect(inspect(store, { depth: null, showHidden: true })).not.toContain(fake.key);
    } finally {
      await fake.stop();
    }
  });
});

describe('what is refused, with exit code 2', () => {
  const S3 = { type: 's3', bucket: 'b', endpoint: 'http://127.0.0.1:9' } as const;
  const SUPABASE = { type: 'supabase', url: 'http://127.0.0.1:9', bucket: 'b' } as const;
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

  test.each<[string, DestinationConfig, Record<string, string>, string, string]>([
    ['no key for S3', S3, {}, 'store-credentials', 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set'],
    ['half of it', S3, { AWS_ACCESS_KEY_ID: 'a' }, 'store-credentials', 'AWS_SECRET_ACCESS_KEY is not set'],
    [
      'variables that are named and empty',
      { ...S3, accessKeyVariable: 'MINE' },
      { ...keys, MINE: '' },
      'store-credentials',
      'MINE is not set',
    ],
    ['no key for Supabase', SUPABASE, {}, 'store-credentials', 'SUPABASE_SERVICE_ROLE_KEY is not set'],
    ['a key of its own', { ...SUPABASE, keyVariable: 'MINE' }, {}, 'store-credentials', 'MINE is not set'],
    [
      'a key with a line end',
      SUPABASE,
      { SUPABASE_SERVICE_ROLE_KEY: 'sb_secret\n' },
      'config-invalid',
      'line ends',
    ],
    ['no region', { type: 's3', bucket: 'b' }, keys, 'config-invalid', 'needs a `region`'],
    ['no bucket', { ...S3, bucket: '' }, keys, 'config-invalid', 'needs a `bucket`'],
    [
      'a bucket that is a path',
      { ...SUPABASE, bucket: 'a/../b' },
      { SUPABASE_SERVICE_ROLE_KEY: 'k' },
      'config-invalid',
      'needs a `bucket`',
    ],
    ['a prefix that leads out', { ...S3, prefix: 'a/../b' }, keys, 'config-invalid', 'prefix "a/../b"'],
    ['a prefix that begins with a slash', { ...S3, prefix: '/a' }, keys, 'config-invalid', 'prefix'],
    ['parts that are too small', { ...S3, partSize: 1024 }, keys, 'config-invalid', '5 MiB'],
    ['an address that is none', { ...S3, endpoint: 'minio' }, keys, 'config-invalid', '`endpoint`'],
    [
      'an address with a password',
      { ...S3, endpoint: 'https://me:hunter2@x' },
      keys,
      'config-invalid',
      'come from the environment',
    ],
    ['no path', { type: 'folder', path: '' }, {}, 'config-invalid', 'needs a `path`'],
    ['another type', { type: 'ftp' } as never, {}, 'config-invalid', 'folder, s3 or supabase'],
  ])('%s', async (_, config, env, code, words) => {
    const error = await load(config, env).then(
      () => Promise.reject(new Error('it was made')),
      (caught) => caught,
    );
    expect(error).toMatchObject({ name: 'TidemarkError', code, exitCode: 2 });
    expect(error.message).toContain(words);
    expect(error.message).toContain('"offsite"');
    expect(inspect(error, { depth: null })).not.toMatch(/hunter2|sb_secret/);
  });
});

test('the clients are loaded only by the stores that need them', async () => {
  const source = fileURLToPath(new URL('../../../src', import.meta.url));
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const users = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(source, file), 'utf8');
      const eager =
        /^(?:import|export) (?!type )[^;]*?from '(?:@aws-sdk\/|@supabase\/|tus-js-client|[^']*\/(?:s3|supabase)-(?:store|upload)\.js)/m;
      return eager.test(text) ? file : undefined;
    }),
  );
  const stores = ['s3-store.ts', 's3-upload.ts', 'supabase-store.ts', 'supabase-upload.ts'];
  expect(users.filter((file) => file !== undefined).sort()).toEqual(
    stores.map((file) => join('backup/store', file)),
  );
});
