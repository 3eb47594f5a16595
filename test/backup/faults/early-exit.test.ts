import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runClient } from '../../../src/backup/postgres/run-client.js';

test.runIf(process.platform !== 'win32')(
  'a program that ends before its output is read loses none of it',
  async () => {
    const words = 'x'.repeat(30_000);
    let read = '';
    await runClient({
      client: { tool: 'pg_dump', path: '/bin/echo', version: '15', major: 15 },
      args: ['-n', words],
      url: undefined,
      signal: undefined,
      consume: async (output) => {
        await sleep(400);
        read = await text(output);
      },
    });
    expect(read).toBe(words);
  },
);
