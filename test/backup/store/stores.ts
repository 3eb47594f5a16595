import type { Patience } from '../../../src/backup/store/retry.js';
import { S3Store } from '../../../src/backup/store/s3-store.js';
import { SupabaseStore } from '../../../src/backup/store/supabase-store.js';
import type { S3Fake } from './fakes/s3-fake.js';
import type { SupabaseFake } from './fakes/supabase-fake.js';

/** As patient as a test can be. */
export const HURRY: Patience = { attempts: 4, baseMs: 5, maxMs: 20, timeoutMs: 3000 };

export const PREFIX = 'tidemark/test';

export function s3StoreAt(
  fake: S3Fake,
  change: Partial<ConstructorParameters<typeof S3Store>[1]> = {},
): S3Store {
  return new S3Store('offsite', {
    bucket: fake.bucket,
    prefix: PREFIX,
    region: fake.region,
    endpoint: fake.url,
    credentials: fake.keys,
    patience: HURRY,
    ...change,
  });
}

export function supabaseStoreAt(
  fake: SupabaseFake,
  change: Partial<ConstructorParameters<typeof SupabaseStore>[1]> = {},
): SupabaseStore {
  return new SupabaseStore('offsite', {
    url: fake.url,
    bucket: fake.bucket,
    prefix: PREFIX,
    key: fake.key,
    patience: HURRY,
    ...change,
  });
}
