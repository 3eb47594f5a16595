import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { DestinationConfig } from '../../../src/backup/backup-config.js';
import type { BackupStore } from '../../../src/backup/store/backup-store.js';
import { FolderStore } from '../../../src/backup/store/folder-store.js';
import { loadStore } from '../../../src/backup/store/load-store.js';
import { storeBattery } from './battery.js';
import { S3Fake, type S3FakeOptions } from './fakes/s3-fake.js';
import { SupabaseFake, type SupabaseFakeOptions } from './fakes/supabase-fake.js';
import { realStore } from './real-store.js';
import { PREFIX, s3StoreAt, supabaseStoreAt } from './stores.js';

// One battery for all: where a real store and a fake differ, the fake is wrong.

describe('a folder', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'tidemark-store-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));
  const store = () => new FolderStore('offsite', root);
  const plant = async (key: string, body: string) => {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), body);
  };
  storeBattery({ store, again: store, plant });
});

const s3Fakes: [string, S3FakeOptions][] = [
  ['a strict S3', { mode: 'strict' }],
  [
    'an S3 that takes 1,000 parts and gives pages of two in no order',
    { mode: 'strict', mostParts: 1000, pageSize: 2, shuffled: true },
  ],
  ['an S3 that says 403 of what is not there', { mode: 'strict', hidesMissing: true }],
  ['an S3 that knows no conditions', { mode: 'strict', noConditions: true }],
  ['a lenient S3', { mode: 'lenient' }],
];
describe.each(s3Fakes)('%s', (_, options) => {
  const fake = new S3Fake(options);
  beforeAll(async () => {
    await fake.start();
  });
  afterAll(() => fake.stop());
  storeBattery({
    store: () => s3StoreAt(fake, { partSize: 5 * 1024 * 1024 }),
    again: () => s3StoreAt(fake),
    plant: (key, body) => fake.plant(`${PREFIX}/${key}`, body),
  });
});

const supabaseFakes: [string, SupabaseFakeOptions][] = [
  ['Supabase Storage', {}],
  ['a Supabase Storage with pages of 100', { pageSize: 100 }],
];
describe.each(supabaseFakes)('%s', (_, options) => {
  const fake = new SupabaseFake(options);
  beforeAll(async () => {
    await fake.start();
  });
  afterAll(() => fake.stop());
  const store = () => supabaseStoreAt(fake);
  storeBattery({ store, again: store, plant: (key, body) => fake.plant(`${PREFIX}/${key}`, body) });
});

// Nothing outside this machine is contacted unless these variables say so: docs/backup-destinations.md.
for (const variable of ['TIDEMARK_TEST_S3_URL', 'TIDEMARK_TEST_SUPABASE_URL'] as const) {
  const address = process.env[variable];
  if (!address) continue;
  describe(`the store of ${variable}`, () => {
    let config: DestinationConfig;
    let env: Record<string, string | undefined>;
    let made: BackupStore;
    let other: BackupStore;
    beforeAll(async () => {
      ({ config, env } = realStore(address));
      made = await loadStore('real', config, { env, folder: process.cwd() });
      other = await loadStore('real', config, { env, folder: process.cwd() });
    });
    storeBattery({ store: () => made, again: () => other });
  });
}
