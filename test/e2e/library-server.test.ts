import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ProjectFolder, projectFolder } from '../library/support/project-folder.js';
import { connect } from '../migrations/support/database.js';
import { describeEachServer, freshDatabase } from '../support/postgres-server.js';

vi.setConfig({ testTimeout: 180_000 });

const PROGRAM = fileURLToPath(new URL('support/library-server.mjs', import.meta.url));

let folder: ProjectFolder;
const started: Server[] = [];
beforeEach(() => {
  folder = projectFolder();
});
afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
  folder.remove();
});

interface Message {
  readonly event?: string;
  readonly port?: number;
  readonly steps?: number;
  readonly after?: readonly string[];
  readonly code?: string;
  readonly message?: string;
}

/** The server as a process of its own. */
class Server {
  readonly child: ChildProcess;
  readonly #messages: Message[] = [];
  readonly #exit: Promise<unknown[]>;

  constructor(url: string) {
    this.child = fork(PROGRAM, [folder.path, url], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    this.child.on('message', (message) => this.#messages.push(message as Message));
    this.#exit = once(this.child, 'exit');
    started.push(this);
  }

  async until(fits: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.#messages.find(fits);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`ended: ${JSON.stringify(this.#messages)}`);
      await sleep(5);
    }
  }

  serving(): Promise<Message> {
    return this.until(({ port }) => port !== undefined);
  }

  /** Ends it as a supervisor does; gives its exit code, its last word, and how long it took. */
  async terminated(): Promise<{ code: unknown; last: Message | undefined; ms: number }> {
    const began = Date.now();
    this.child.kill('SIGTERM');
    const [code] = await this.#exit;
    return { code, last: this.#messages.at(-1), ms: Date.now() - began };
  }
}

async function health(port: number | undefined): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}/`)).json();
}

const ledger = (last: string) => ({
  '1_ran.sql': 'CREATE TABLE ran (n integer); INSERT INTO ran VALUES (1);',
  '2_m.sql': 'INSERT INTO ran VALUES (2);',
  '3_last.sql': last,
});

async function ran(url: string): Promise<unknown[]> {
  const db = await connect(url);
  try {
    return (await db.query<{ n: number }>('SELECT n FROM ran ORDER BY n')).map(({ n }) => n);
  } finally {
    await db.close();
  }
}

/** A server that is ended while it migrates, started again, and ended while it serves. */
async function lifeOf(
  url: string,
  slow: string,
  working: (server: Server) => Promise<unknown>,
): Promise<void> {
  await folder.migrations(ledger(slow));
  const first = new Server(url);
  await working(first);
  const { code, last, ms } = await first.terminated();
  expect({ code, last }).toEqual({
    code: 1,
    last: { code: 'aborted', message: 'the run was aborted while 3_last ran (SIGTERM)' },
  });
  expect(ms).toBeLessThan(10_000);
  expect(await ran(url)).toEqual([1, 2]);

  await folder.migrations(ledger('INSERT INTO ran VALUES (3);'));
  const second = new Server(url);
  const { port, steps, after } = await second.serving();
  expect({ steps, after }).toEqual({ steps: 1, after: ['3'] });
  expect(await health(port)).toEqual({ current: ['3'], pending: 0 });
  expect(await ran(url)).toEqual([1, 2, 3]);
  expect((await second.terminated()).code).toBe(0);
}

/** Ten replicas that start at once. */
async function replicas(url: string, slow: string): Promise<void> {
  await folder.migrations(ledger(slow));
  const servers = Array.from({ length: 10 }, () => new Server(url));
  const words = await Promise.all(servers.map((server) => server.serving()));
  expect(words.map(({ steps }) => steps).sort()).toEqual([...Array(9).fill(0), 3]);
  for (const { after, port } of words) {
    expect(after).toEqual(['3']);
    expect(await health(port)).toEqual({ current: ['3'], pending: 0 });
  }
  expect(await ran(url)).toEqual([1, 2, 3]);
  const ends = await Promise.all(servers.map((server) => server.terminated()));
  expect(ends.map(({ code }) => code)).toEqual(Array(10).fill(0));
}

describeEachServer(
  'a server that migrates when it starts',
  (server) => {
    let url: string;
    let drop: () => Promise<void>;
    beforeEach(async () => {
      ({ url, drop } = await freshDatabase(server));
    });
    afterEach(() => drop());

    test('is ended by SIGTERM while it migrates, and starts again', async () => {
      const db = await connect(url);
      try {
        await lifeOf(url, 'INSERT INTO ran VALUES (3); SELECT pg_sleep(600);', async () => {
          const asleep =
            "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
          while ((await db.query(asleep)).length === 0) await sleep(10);
        });
      } finally {
        await db.close();
      }
    });

    test('in ten replicas: one migrates, nine wait and find it done', () =>
      replicas(url, 'INSERT INTO ran SELECT 3 FROM pg_sleep(3);'));
  },
  { newest: true },
);

describe('a server that migrates when it starts (SQLite)', () => {
  const url = () => `sqlite:${join(folder.path, 'app.db')}`;
  const fill = `CREATE TABLE IF NOT EXISTS filler (i);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO filler SELECT i FROM n;
DELETE FROM filler;\n`;

  test('is ended by SIGTERM while it migrates, and starts again', () =>
    lifeOf(url(), `INSERT INTO ran VALUES (3);\n${fill.repeat(3000)}`, async (server) => {
      await server.until(({ event }) => event === 'migration-done');
      await sleep(500);
    }));

  test('in ten replicas: one migrates, nine wait and find it done', () =>
    replicas(url(), `INSERT INTO ran VALUES (3);\n${fill.repeat(60)}`));
});
