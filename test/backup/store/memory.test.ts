import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { DestinationConfig } from '../../../src/backup/backup-config.js';
import { S3Fake } from './fakes/s3-fake.js';
import { SupabaseFake } from './fakes/supabase-fake.js';

const MEBIBYTE = 1024 * 1024;
const BYTES = 200 * MEBIBYTE + 11;
const SCRIPT = fileURLToPath(new URL('send-large.ts', import.meta.url));

interface Sent {
  readonly same: boolean;
  readonly before: number;
  readonly most: number;
}

/** The fake stays in this process: what is measured is the store's alone. */
async function sendLarge(config: DestinationConfig, env: Record<string, string>): Promise<Sent> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--max-old-space-size=128', '--import', 'jiti/register', SCRIPT, JSON.stringify(config), String(BYTES)],
    { env: { ...process.env, ...env } },
  );
  return JSON.parse(stdout);
}

/** 250 MB is the limit of all that a backup takes; of it Node, the client and this script's loader take 100. */
function expectFlat(before: number, most: number): void {
  expect(most).toBeLessThan(250 * MEBIBYTE);
  expect(most - before).toBeLessThan(150 * MEBIBYTE);
}

test('S3 sends and reads 200 MB without holding them', { timeout: 60_000 }, async () => {
  const fake = new S3Fake();
  await fake.start();
  try {
    const { accessKeyId, secretAccessKey } = fake.keys;
    const config = { type: 's3', bucket: fake.bucket, endpoint: fake.url } as const;
    const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const { same, before, most } = await sendLarge(config, keys);
    expect(same).toBe(true);
    expectFlat(before, most);
  } finally {
    await fake.stop();
  }
});

test('Supabase sends and reads 200 MB without holding them', { timeout: 60_000 }, async () => {
  const fake = new SupabaseFake();
  await fake.start();
  try {
    const config = { type: 'supabase', url: fake.url, bucket: fake.bucket } as const;
    const { same, before, most } = await sendLarge(config, { SUPABASE_SERVICE_ROLE_KEY: fake.key });
    expect(same).toBe(true);
    expectFlat(before, most);
  } finally {
    await fake.stop();
  }
});
