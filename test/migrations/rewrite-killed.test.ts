import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { TidemarkError } from '../../src/errors.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { requireListed } from '../../src/migrations/require-listed.js';
import { testFolder } from './support/folder.js';

const jiti = join(dirname(createRequire(import.meta.url).resolve('jiti/package.json')), 'lib/jiti-cli.mjs');
const writer = fileURLToPath(new URL('support/rewrite-forever.ts', import.meta.url));

const NUMBERS = [1, 2, 3, 4];
const START = Object.fromEntries(
  NUMBERS.flatMap((number) => [
    [`${number}_x.sql`, `SELECT 'up ${number}';\n`],
    [`${number}_x.down.sql`, `SELECT 'down ${number}';\n`],
  ]),
);

/** What reading and checking the folder says is wrong; undefined when nothing is. */
async function complaint(path: string): Promise<string | undefined> {
  try {
    requireListed(await readMigrationFolder(path));
    return undefined;
  } catch (error) {
    if (error instanceof TidemarkError) return error.code;
    throw error;
  }
}

test('a writer killed at any moment loses no text, and what it left half is reported', {
  timeout: 60_000,
}, async () => {
  const complaints = new Set<string | undefined>();
  for (let round = 0; round < 8; round++) {
    const folder = await testFolder();
    try {
      await folder.put(START);
      const child = spawn(process.execPath, [jiti, writer, folder.path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      await sleep(20 + round * 7);
      child.kill('SIGKILL');
      await once(child, 'exit');

      const visible = (await readdir(folder.path)).filter((name) => name.endsWith('.sql'));
      const texts = await Promise.all(visible.map((name) => readFile(join(folder.path, name), 'utf8')));
      for (const text of Object.values(START)) {
        expect(
          texts.some((found) => found === text || found === `-- later\n${text}`),
          text,
        ).toBe(true);
      }
      const code = await complaint(folder.path);
      if (code === undefined) expect(visible).toHaveLength(2 * NUMBERS.length);
      complaints.add(code);
    } finally {
      await folder.remove();
    }
  }
  const known = [undefined, 'sum-mismatch', 'sum-missing', 'migration-duplicate', 'migration-orphan-down'];
  expect(known).toEqual(expect.arrayContaining([...complaints]));
});
