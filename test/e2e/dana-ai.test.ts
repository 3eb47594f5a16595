import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dumpableServers } from '../backup/postgres/support/restore.js';
import { tidemark } from '../support/cli.js';
import { freshDatabase } from '../support/postgres-server.js';
import { openSession } from '../support/session.js';

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const strips = Boolean((process.features as { typescript?: unknown }).typescript);
const jiti = join(root, 'node_modules', 'jiti', 'lib', 'jiti-cli.mjs');

/** Under four seconds. */
const OFTEN = { BACKUP_INTERVAL_HOURS: '0.001' };
const HOURLY = { BACKUP_INTERVAL_HOURS: '1' };
/** How long a busy machine may take for one thing. */
const PATIENCE_MS = 30_000;
const PRODUCTION = { NODE_ENV: 'production' };

type Variables = Readonly<Record<string, string>>;

let folder: string;
const running: Server[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-dana-ai-'));
  cpSync(join(root, 'examples', 'dana-ai'), folder, {
    recursive: true,
    filter: (path) => !/[\\/](\.tidemark|node_modules|backups|\.env|data[\\/](?!\.gitkeep).*)$/.test(path),
  });
  // As npm would have installed them.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'tidemark'), 'dir');
  symlinkSync(join(root, 'node_modules', 'fastify'), join(folder, 'node_modules', 'fastify'), 'dir');
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.killed();
  rmSync(folder, { recursive: true, force: true });
});

interface Health {
  readonly database: { readonly ok: boolean };
  readonly migrations: { readonly ok: boolean; readonly pending: number };
  readonly backups: {
    readonly scheduled: boolean;
    readonly last: { readonly id: string; readonly createdAt: string; readonly rows: number } | null;
    readonly nextDue: string;
    readonly overdue: boolean;
    readonly complete: number;
    readonly problems: readonly string[];
    readonly failure: string | null;
  };
}

/** The application as a process of its own, started as its scripts start it. */
class Server {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #said = '';

  constructor(variables: Variables) {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(DATABASE_URL|DB_|PG|TIDEMARK|BACKUP_|NODE_ENV|VITEST)/.test(name),
    );
    this.#child = spawn(process.execPath, [...(strips ? [] : [jiti]), join('src', 'server.ts')], {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), NODE_NO_WARNINGS: '1', PORT: '0', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exit = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    }
    running.push(this);
  }

  get said(): string {
    return this.#said;
  }

  /** Waits for words in the log; gives what they caught. */
  async says(words: RegExp): Promise<string> {
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const found = words.exec(this.#said);
      if (found !== null) return found[1] ?? found[0];
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`it ended without saying ${words}: ${this.#said}`);
      }
      if (Date.now() > end) throw new Error(`it does not say ${words}: ${this.#said}`);
      await sleep(20);
    }
  }

  async ask(path: string, body?: object): Promise<{ status: number; answer: unknown }> {
    const address = await this.says(/listening at (http:\/\/127\.0\.0\.1:\d+)/);
    const response = await fetch(
      address + path,
      body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
    );
    return { status: response.status, answer: await response.json() };
  }

  async health(): Promise<Health> {
    const { status, answer } = await this.ask('/health');
    expect(status, JSON.stringify(answer)).toBe(200);
    return answer as Health;
  }

  /** Health, once a backup that was begun after this call is whole. */
  async backedUp(): Promise<Health> {
    const asked = new Date().toISOString();
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const health = await this.health();
      if (health.backups.last !== null && health.backups.last.createdAt > asked) return health;
      if (Date.now() > end) throw new Error(`no backup: ${JSON.stringify(health)} ${this.#said}`);
      await sleep(50);
    }
  }

  /** Ends it as a supervisor does. */
  async terminated(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    return this.ended();
  }

  async ended(): Promise<unknown> {
    return (await this.#exit)[0];
  }

  /** Ends it as a power cut does. */
  async killed(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}

const cli = (line: string, env: Variables = {}) =>
  tidemark(line.split(' '), { cwd: folder, env: { ...PRODUCTION, ...env } });

async function must(line: string, env: Variables = {}): Promise<string> {
  const { code, stdout, stderr } = await cli(line, env);
  expect(code, `${line}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

async function newestBackups(env: Variables = {}): Promise<{ id: string; state: string }[]> {
  const { result } = JSON.parse(await must('backup list --limit all --json', env));
  return result.backups.filter(({ state }: { state: string }) => state === 'complete');
}

const snapshots = () => readdirSync(join(folder, 'data', 'snapshots'));

/** Two notes, one with a question that is answered. */
async function writeNotes(server: Server): Promise<void> {
  const first = await server.ask('/notes', { title: "it's a tide", body: 'déjà vu; "twice" a day' });
  expect(first.status).toBe(201);
  expect((await server.ask('/notes', { title: 'moon', body: 'far' })).status).toBe(201);
  const { id } = first.answer as { id: string };
  const asked = await server.ask(`/notes/${id}/questions`, { question: 'Why twice?' });
  expect(asked.status).toBe(201);
  const question = asked.answer as { id: string };
  const answered = await server.ask(`/questions/${question.id}/answer`, { answer: 'The Moon.', rating: 5 });
  expect(answered).toMatchObject({ status: 200, answer: { answer: 'The Moon.', rating: 5, note_id: id } });
}

/** All that the application knows. */
async function everything(server: Server): Promise<unknown[]> {
  const { answer } = await server.ask('/notes');
  const notes: unknown[] = [];
  for (const { id } of answer as { id: string }[]) notes.push((await server.ask(`/notes/${id}`)).answer);
  return notes;
}

test('backs up, is killed, goes on by the catalog, and comes back when its database is broken', async () => {
  const first = new Server({ ...PRODUCTION, ...OFTEN });
  await first.says(/took the first snapshot/);
  await writeNotes(first);
  const written = await everything(first);
  expect(written).toHaveLength(2);
  expect(written).toContainEqual(
    expect.objectContaining({ questions: [expect.objectContaining({ answer: 'The Moon.', rating: 5 })] }),
  );
  await first.backedUp();
  const { backups, database, migrations } = await first.backedUp();
  expect({ database, migrations, backups }).toMatchObject({
    database: { ok: true },
    migrations: { ok: true, pending: 0 },
    backups: { scheduled: true, overdue: false, problems: [], failure: null },
  });
  // Not in the middle of one: the turn of a schedule that is killed lapses after two minutes only.
  await first.says(new RegExp(`"id":"${backups.last?.id}"[^\\n]*backed up[^]*the next backup is due`));
  await first.killed();

  // Nothing that was whole is lost, and a restart makes no backup of its own: the next one is due by the newest.
  const before = (await newestBackups()).map(({ id }) => id);
  expect(before).toContain(backups.last?.id);
  expect(before.length).toBeGreaterThanOrEqual(2);
  expect(snapshots()).toHaveLength(1);
  const second = new Server({ ...PRODUCTION, ...HOURLY });
  const due = new Date(await second.says(/the next backup is due at ([^"]+)"/));
  const after = await second.health();
  expect(after.backups.last?.id).toBe(before[0]);
  expect(due.getTime() - new Date(after.backups.last?.createdAt ?? 0).getTime()).toBe(3_600_000);
  expect(after.backups).toMatchObject({
    nextDue: due.toISOString(),
    complete: before.length,
    overdue: false,
  });
  expect(await everything(second)).toEqual(written);
  expect(await second.terminated(), second.said).toBe(0);
  expect((await newestBackups()).map(({ id }) => id)).toEqual(before);
  expect(snapshots()).toHaveLength(1);

  // Broken: it serves nothing, says what is wrong, and makes no backup of it.
  const file = join(folder, 'data', 'dana.db');
  const bytes = readFileSync(file);
  writeFileSync(file, Buffer.concat([Buffer.alloc(4096, 0xaa), bytes.subarray(4096)]));
  for (const name of ['-wal', '-shm']) rmSync(file + name, { force: true });
  const broken = new Server({ ...PRODUCTION, ...OFTEN });
  expect(await broken.ended()).toBe(1);
  expect(broken.said).toMatch(/not a database/);
  expect(broken.said).not.toMatch(/listening|backed up/);
  expect((await newestBackups()).map(({ id }) => id)).toEqual(before);

  // Without the database's name nothing is replaced.
  const unforced = await cli('backup restore latest --no-backup-first');
  expect(unforced.code, unforced.stdout + unforced.stderr).toBe(4);
  await must('backup restore latest --no-backup-first --force dana.db');
  const third = new Server({ ...PRODUCTION, ...HOURLY });
  expect(await everything(third)).toEqual(written);
  expect((await third.health()).migrations).toMatchObject({ ok: true, pending: 0 });
  expect(await third.terminated(), third.said).toBe(0);
});

describe('its rules', () => {
  test('no production, no backups; it serves and ends by SIGTERM with 0', async () => {
    const server = new Server({});
    await writeNotes(server);
    const { backups } = await server.health();
    expect(backups).toMatchObject({ scheduled: false, last: null, overdue: false, complete: 0 });
    expect(await server.terminated(), server.said).toBe(0);
    expect(readdirSync(folder)).not.toContain('backups');
    expect(readdirSync(join(folder, 'data'))).not.toContain('snapshots');
  });

  test('a variable that cannot be ends the start and is named', async () => {
    const server = new Server({ ...PRODUCTION, BACKUP_KEEP_DAYS: '3O' });
    expect(await server.ended()).toBe(1);
    expect(server.said).toContain('BACKUP_KEEP_DAYS must be');
    expect(server.said).not.toContain('listening');
  });

  test('a body that is none is refused, and what is not there is 404', async () => {
    const server = new Server({});
    expect((await server.ask('/notes', { title: 'no body' })).status).toBe(400);
    expect((await server.ask('/notes/none/questions', { question: '?' })).status).toBe(404);
    expect((await server.ask('/notes/none')).status).toBe(404);
    expect((await server.ask('/notes')).answer).toEqual([]);
  });

  test('a backup that cannot be made is told and stops nothing', async () => {
    writeFileSync(join(folder, 'backups'), 'a file where the folder should be');
    const server = new Server({ ...PRODUCTION, ...OFTEN });
    await server.says(/"level":50/);
    await writeNotes(server);
    expect(await everything(server)).toHaveLength(2);
    expect((await server.health()).backups.failure).toEqual(expect.any(String));
    expect(await server.terminated(), server.said).toBe(0);
  });
});

describe.each((await dumpableServers()).slice(-1))('on PostgreSQL ($name)', (server) => {
  let url: string;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ url, drop } = await freshDatabase(server));
  });
  afterEach(() => drop());

  test('rows that somebody deleted are back after a restore', async () => {
    const env = { ...PRODUCTION, DATABASE_URL: url };
    const first = new Server({ ...env, ...OFTEN });
    await writeNotes(first);
    const written = await everything(first);
    await first.backedUp();
    expect(await first.terminated(), first.said).toBe(0);

    const session = await openSession(url);
    await session.query('DELETE FROM notes');
    await session.close();
    const emptied = new Server({ ...env, ...HOURLY });
    expect(await everything(emptied)).toEqual([]);
    expect(await emptied.terminated(), emptied.said).toBe(0);

    await must(`backup restore latest --force ${basename(new URL(url).pathname)}`, { DATABASE_URL: url });
    const restored = new Server({ ...env, ...HOURLY });
    expect(await everything(restored)).toEqual(written);
    expect(await restored.terminated(), restored.said).toBe(0);
  });
});
