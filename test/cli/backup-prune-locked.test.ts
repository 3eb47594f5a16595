import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { S3Fake } from '../backup/store/fakes/s3-fake.js';
import { inProcess } from '../support/cli-in-process.js';

let cwd: string;
let fake: S3Fake;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-locked-'));
  fake = new S3Fake();
  await fake.start();
  const database = await openDatabase(parseDatabaseUrl('sqlite:app.db', { folder: cwd }));
  await database.executeAll(['CREATE TABLE users (id INTEGER PRIMARY KEY)']);
  await database.close();
  config();
});
afterEach(async () => {
  await fake.stop();
  rmSync(cwd, { recursive: true, force: true });
});

function config(more: object = {}): void {
  const { bucket, region, url: endpoint } = fake;
  const backup = { destinations: { offsite: { type: 's3', bucket, region, endpoint } }, ...more };
  const text = { environments: { local: { url: 'sqlite:app.db', backup } } };
  writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify(text));
}

async function run(line: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { accessKeyId, secretAccessKey } = fake.keys;
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return inProcess(line.split(' '), { cwd, env });
}
const json = async (line: string) => JSON.parse((await run(`${line} --json`)).stdout);

test('what a place does not give up is a failure of prune, and a line of a schedule', async () => {
  const ids: string[] = [];
  for (let count = 0; count < 3; count++) ids.push((await json('backup create --upload')).result.id);
  const [oldest = '', middle = '', newest = ''] = ids;
  for (const key of fake.objects.keys()) if (key.includes(middle)) fake.locked.add(key);
  const prune = 'backup prune --keep-days off --min-keep 1';

  expect(await run(`${prune} --dry-run`)).toMatchObject({ code: 0 });
  const { code, stderr } = await run(prune);
  expect(code).toBe(1);
  expect(stderr).toContain(`offsite: ${middle} should go and is not given up: `);
  expect(stderr).toContain('local: deleted 2 of 3 backups');
  expect(stderr).toContain('offsite: deleted 1 of 3 backups');
  expect(stderr).toContain(`locked  ${middle}`);
  expect(stderr.match(new RegExp(`deleted +${middle}`, 'g')), 'gone from the folder alone').toHaveLength(1);
  const left = (await json('backup list')).result.backups;
  expect(left.map(({ id }: { id: string }) => id)).toEqual([newest, middle]);
  expect([...fake.objects.keys()].some((key) => key.includes(oldest))).toBe(false);
  expect((await json(prune)).error).toMatchObject({
    code: 'prune-locked',
    details: { place: 'offsite', locked: [middle] },
  });

  config({ retention: { keepDays: 'off', minKeep: 1 } });
  const scheduled = await run('backup schedule --once');
  expect(scheduled.code, scheduled.stderr).toBe(0);
  expect(scheduled.stdout + scheduled.stderr).toContain('1 of them not given up by the place');

  fake.locked.clear();
  expect(await run(prune)).toMatchObject({ code: 0 });
});
