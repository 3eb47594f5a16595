import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { databaseFolder } from '../../src/backup/part-name.js';
import { freshDatabase, query, servers } from '../support/postgres-server.js';
import { command, type Running } from './support/command.js';
import { CREATE, ledgerAt } from './support/ledger.js';
import { openLedger } from './support/ledger-database.js';
import { Random } from './support/random.js';
import { Writer } from './support/writer.js';

/*
 * A writer writes, backups run, all of it is killed at random, and after each round the newest backup is restored and
 * compared row by row with what the writer had done at that moment. TIDEMARK_SOAK_SECONDS for all engines together,
 * TIDEMARK_SOAK_SEED to run one again, TIDEMARK_SOAK_ENGINE=sqlite or postgres for one of them.
 */

const SECONDS = positive('TIDEMARK_SOAK_SECONDS', 600);
const SEED = positive('TIDEMARK_SOAK_SEED', 1 + Math.floor(Math.random() * 1_000_000));
const ENGINES = ['sqlite', 'postgres'].filter(
  (name) => (process.env.TIDEMARK_SOAK_ENGINE ?? name) === name,
) as ('sqlite' | 'postgres')[];
const BALLAST = 25_000;

describe.each(ENGINES)('soak on %s', (engine) => {
  const seconds = SECONDS / ENGINES.length;
  test(`for ${seconds} s`, { timeout: (seconds + 180) * 1000 }, async () => {
    console.log(`soak: ${engine}, seed ${SEED}, ${seconds} s`);
    const soak = await Soak.begin(engine, SEED);
    try {
      const end = Date.now() + seconds * 1000;
      do await soak.round();
      while (Date.now() < end);
      console.log(`soak: ${engine}, seed ${SEED}: ${JSON.stringify(soak.counted)}`);
      expect(soak.counted.backups).toBeGreaterThan(0);
      expect(soak.counted.compared).toBe(soak.counted.rounds);
    } catch (error) {
      console.log(
        `soak: ${engine}, seed ${SEED}, failed in round ${soak.counted.rounds}: ${soak.story.join(', ')}`,
      );
      throw error;
    } finally {
      await soak.close();
    }
  });
});

/** The steps between which a backup's last one must lie. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

class Soak {
  readonly counted = {
    rounds: 0,
    backups: 0,
    killed: 0,
    pruned: 0,
    swapped: 0,
    compared: 0,
    rows: 0,
    steps: 0,
  };
  /** What this round did, for the message of a failure. */
  story: string[] = [];
  readonly #random: Random;
  readonly #seed: number;
  readonly #engine: 'sqlite' | 'postgres';
  readonly #folder: string;
  readonly #url: string;
  readonly #name: string;
  readonly #writer: Writer;
  readonly #ballast: string;
  readonly #drop: () => Promise<void>;
  /** What is known of each backup. */
  readonly #bounds = new Map<string, Bounds>();
  /** How long one backup takes, to kill within it. */
  #usual = 1000;
  /** Backups that no pruning may have taken. */
  #kept: string[] = [];
  #made = 0;

  private constructor(
    engine: 'sqlite' | 'postgres',
    seed: number,
    folder: string,
    url: string,
    ballast: string,
    drop: () => Promise<void>,
  ) {
    this.#engine = engine;
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#folder = folder;
    this.#url = url;
    this.#name = engine === 'sqlite' ? 'app.db' : new URL(url).pathname.slice(1);
    this.#ballast = ballast;
    this.#drop = drop;
    this.#writer = new Writer(url, seed);
  }

  static async begin(engine: 'sqlite' | 'postgres', seed: number): Promise<Soak> {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-soak-'));
    mkdirSync(join(folder, 'tmp'));
    const [server] = servers().filter(({ name }) => name === '15' || servers().length === 1);
    let [url, drop] = [`sqlite:${join(folder, 'app.db')}`, async () => {}];
    if (engine === 'postgres') {
      if (server === undefined) throw new Error('no PostgreSQL server here');
      ({ url, drop } = await freshDatabase(server));
    }
    const config = {
      environments: {
        local: { url, backup: { destinations: { offsite: { type: 'folder', path: './offsite' } } } },
      },
    };
    writeFileSync(join(folder, 'tidemark.config.json'), JSON.stringify(config));
    const database = await openLedger(url);
    await database.transaction(CREATE);
    await database.fillBallast(BALLAST);
    const ballast = await database.ballast();
    await database.close();
    const soak = new Soak(engine, seed, folder, url, ballast, drop);
    soak.#writer.start();
    return soak;
  }

  async close(): Promise<void> {
    await this.#writer.stop();
    if (this.#engine === 'postgres') await this.#dropOthers();
    await this.#drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async round(): Promise<void> {
    this.counted.rounds++;
    this.story = [];
    const random = this.#random;
    await sleep(random.below(300));
    if (random.chance(0.15)) {
      this.#tell('the writer is killed');
      this.#writer.kill();
    }
    await this.#backUp();
    if (random.chance(0.3)) await this.#prune();
    if (random.chance(0.2)) await this.#swapIn();
    await this.#nothingRuns();
    await this.#everythingIsListed();
    await this.#compareNewest();
  }

  /** One backup, or two at once, to its end or killed. */
  async #backUp(): Promise<void> {
    const random = this.#random;
    const least = Math.max(this.#writer.acknowledged, 0);
    const before = new Set(this.#complete());
    const words = [
      'backup',
      'create',
      '--lock-timeout',
      '60s',
      '--verify',
      random.of(['0', '1', '2', '2', '3']),
    ];
    if (random.chance(0.3)) words.push('--upload');
    if (random.chance(0.15)) words.push('--pin');
    const running = [this.#run(words)];
    if (random.chance(0.2)) running.push(this.#run(['backup', 'create', '--lock-timeout', '60s']));
    const killed = random.chance(0.5) ? running[0] : undefined;
    if (killed !== undefined) {
      const signal = random.of(['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGINT'] as const);
      const after = Math.round(random.next() * this.#usual * 1.1);
      this.#tell(`${words.slice(4).join(' ')} gets ${signal} after ${after} ms`);
      await sleep(after);
      killed.kill(signal);
      this.counted.killed++;
    }
    for (const one of running) {
      const end = await one.ended;
      const id = end.document?.ok ? String(end.document.result?.id) : undefined;
      if (one !== killed) {
        expect(end, this.#where()).toMatchObject({ code: 0 });
        this.#usual = 0.7 * this.#usual + 0.3 * end.milliseconds;
      }
      // No success is told that is none, and no failure with the exit code of a success.
      if (end.code === 0) expect(id, this.#where()).toBeDefined();
      if (id === undefined) continue;
      this.counted.backups++;
      expect(this.#complete(), this.#where()).toContain(id);
      this.#kept.push(id);
    }
    const most = await this.#liveHead();
    // One whose process died after its commit is a backup too.
    for (const id of this.#complete()) if (!before.has(id)) this.#bounds.set(id, { least, most });
  }

  async #prune(): Promise<void> {
    const random = this.#random;
    const before = this.#complete();
    const old = new Date(Date.now() - 2 * 86_400_000);
    const partial = this.#entries().filter(
      (name) => name.startsWith('.partial-') || name.startsWith('.use-'),
    );
    for (const name of partial) utimesSync(join(this.#place(), name), old, old);
    const pruning = this.#run('backup prune --keep-days off --keep-last 3 --min-keep 2 --force'.split(' '));
    const verifying = random.chance(0.5)
      ? this.#run(['backup', 'verify', 'latest', '--level', '1'])
      : undefined;
    const kill = random.chance(0.4);
    this.#tell(kill ? 'pruning, killed' : 'pruning');
    if (kill) {
      await sleep(random.below(500));
      pruning.kill('SIGKILL');
    }
    const end = await pruning.ended;
    if (!kill) {
      expect(end, this.#where()).toMatchObject({ code: 0 });
      const left = this.#entries();
      expect(
        partial.filter((name) => left.includes(name)),
        this.#where(),
      ).toEqual([]);
      this.counted.pruned++;
    }
    if (verifying !== undefined) expect(await verifying.ended, this.#where()).toMatchObject({ code: 0 });
    const after = this.#complete();
    const mustStay = before.slice(0, 3);
    expect(after, this.#where()).toEqual(expect.arrayContaining(mustStay));
    this.#kept = this.#kept.filter((id) => after.includes(id));
  }

  /** The newest becomes live, killed at random; then the next run brings it to an end. */
  async #swapIn(): Promise<void> {
    const random = this.#random;
    const before = new Set(this.#complete());
    await this.#writer.stop();
    // The server may still commit what a killed writer had sent. The latest backup may have more than what is live,
    // where a swap before this one went back further.
    const live = (await this.#liveHead()) + 1;
    const most = Math.max(live, ...[...this.#bounds.values()].map((bounds) => bounds.most));
    const words = ['backup', 'restore', 'latest', '--yes', '--force', this.#name, '--no-keep-old'];
    const restoring = this.#run(words);
    const kill = random.chance(0.5);
    this.#tell(kill ? 'restored over the live one, killed' : 'restored over the live one');
    if (kill) {
      await sleep(Math.round(random.next() * this.#usual * 3));
      restoring.kill('SIGKILL');
      this.counted.killed++;
    }
    const end = await restoring.ended;
    if (!kill || end.code === 0) expect(end, this.#where()).toMatchObject({ code: 0 });
    if (kill) {
      const [oldest] = [...before].sort();
      const again = ['backup', 'restore', oldest ?? 'latest', ...words.slice(3)];
      expect(await this.#run(again).ended, this.#where()).toMatchObject({ code: 0 });
    }
    await this.#compare(this.#url, { least: 0, most });
    this.counted.swapped++;
    // What was live is backed up before it goes: after a killed swap that may be the new or the old one.
    for (const id of this.#complete()) if (!before.has(id)) this.#bounds.set(id, { least: 0, most });
    this.#writer.start();
  }

  async #compareNewest(): Promise<void> {
    const complete = this.#complete();
    expect(await this.#listed(), this.#where()).toEqual(complete);
    for (const id of this.#kept) expect(complete, this.#where()).toContain(id);
    const [newest] = complete;
    if (newest === undefined) {
      // Every one so far was killed; then there is one now.
      await this.#backUp();
      return this.#compareNewest();
    }
    const name =
      this.#engine === 'sqlite'
        ? join(this.#folder, `copy-${++this.#made}.db`)
        : `soak_${++this.#made}_${this.#name}`;
    const end = await this.#run(['backup', 'restore', newest, '--to-database', name]).ended;
    expect(end, this.#where()).toMatchObject({ code: 0 });
    expect(end.document?.result?.id, this.#where()).toBe(newest);
    const bounds = this.#bounds.get(newest);
    if (bounds === undefined) throw new Error(`${newest} comes from nowhere (${this.#where()})`);
    await this.#compare(this.#addressOf(name), bounds);
    this.counted.compared++;
    await this.#remove(name);
  }

  async #compare(url: string, { least, most }: Bounds): Promise<void> {
    const database = await openLedger(url);
    try {
      const rows = await database.rows();
      expect(rows.head, this.#where()).toBeGreaterThanOrEqual(least);
      expect(rows.head, this.#where()).toBeLessThanOrEqual(most);
      const wanted = ledgerAt(this.#seed, rows.head);
      // As text: a difference is shown, and a hundred thousand rows are compared in no time.
      expect(rows.accounts, this.#where()).toEqual(wanted.accounts);
      expect(rows.events.map(String).join('\n') === wanted.events.map(String).join('\n'), this.#where()).toBe(
        true,
      );
      expect(await database.ballast(), this.#where()).toBe(this.#ballast);
      this.counted.rows += rows.events.length;
      this.counted.steps = Math.max(this.counted.steps, rows.head);
    } finally {
      await database.close();
    }
  }

  /** What a killed process started is gone within seconds: no session, no lock. */
  async #nothingRuns(): Promise<void> {
    if (this.#engine === 'sqlite') return;
    const sessions = () =>
      query(
        this.#url,
        `SELECT application_name, state, query FROM pg_stat_activity WHERE datname = current_database()
         AND pid <> pg_backend_pid() AND application_name <> 'soak writer' AND backend_type = 'client backend'`,
      );
    await expect.poll(sessions, { timeout: 15_000, message: this.#where() }).toEqual([]);
  }

  /** Nothing lies about that no command tells of. */
  async #everythingIsListed(): Promise<void> {
    const end = await this.#run(['backup', 'status']).ended;
    expect([0, 3], this.#where()).toContain(end.code);
    const told = JSON.stringify(end.document?.result);
    for (const name of this.#entries()) {
      if (name === 'marks' || name.startsWith('.use-')) continue;
      const id = /^(?:\.partial-)?(\d{8}T\d{9}Z-\w{6})$/.exec(name)?.[1];
      expect(id, `${name} (${this.#where()})`).toBeDefined();
      if (name.startsWith('.')) expect(told, this.#where()).toContain(id);
    }
    // What a killed process was unpacking bears its id; the next one that unpacks removes it.
    const scratch = () =>
      readdirSync(join(this.#folder, 'tmp')).filter((name) => {
        const pid = /^tidemark-scratch-(\d+)-/.exec(name)?.[1];
        return pid === undefined || existsSync(`/proc/${pid}`);
      });
    await expect.poll(scratch, { timeout: 10_000, message: this.#where() }).toEqual([]);
  }

  /** The complete backups of the folder, newest first: a name of its own and a manifest are the commit. */
  #complete(): string[] {
    return this.#entries()
      .filter((name) => /^\d{8}T/.test(name) && existsSync(join(this.#place(), name, 'manifest.json')))
      .sort()
      .reverse();
  }

  /** The command line sees the same. */
  async #listed(): Promise<string[]> {
    const { document, stderr } = await this.#run(['backup', 'list', '--limit', '1000']).ended;
    if (!document?.ok) throw new Error(`backup list: ${JSON.stringify(document)} ${stderr}`);
    const { backups } = document.result as {
      backups: { id: string; places: { place: string; state: string }[] }[];
    };
    return backups
      .filter(({ places }) => places.some(({ place, state }) => place === 'local' && state === 'complete'))
      .map(({ id }) => id);
  }

  #place(): string {
    return join(this.#folder, 'backups', databaseFolder(this.#name));
  }

  #entries(): string[] {
    try {
      return readdirSync(this.#place());
    } catch {
      return [];
    }
  }

  async #liveHead(): Promise<number> {
    const database = await openLedger(this.#url);
    try {
      return await database.head();
    } finally {
      await database.close();
    }
  }

  #addressOf(name: string): string {
    if (this.#engine === 'sqlite') return `sqlite:${name}`;
    const url = new URL(this.#url);
    url.pathname = name;
    return url.href;
  }

  async #remove(name: string): Promise<void> {
    if (this.#engine === 'postgres') await this.#admin(`DROP DATABASE "${name}" WITH (FORCE)`);
    else {
      for (const file of readdirSync(this.#folder)) {
        if (join(this.#folder, file).startsWith(name)) rmSync(join(this.#folder, file));
      }
    }
  }

  /** Databases beside this one that a killed restore of the last round left. */
  async #dropOthers(): Promise<void> {
    const rows = await this.#admin('SELECT datname FROM pg_database');
    for (const { datname } of rows) {
      if (datname !== this.#name && String(datname).includes(this.#name)) {
        await this.#admin(`DROP DATABASE "${datname}" WITH (FORCE)`);
      }
    }
  }

  #admin(sql: string): Promise<Record<string, unknown>[]> {
    const url = new URL(this.#url);
    url.pathname = 'postgres';
    return query(url.href, sql);
  }

  #run(words: readonly string[]): Running {
    return command(words, { cwd: this.#folder, env: { TMPDIR: join(this.#folder, 'tmp') } });
  }

  #tell(what: string): void {
    this.story.push(what);
  }

  #where(): string {
    return `round ${this.counted.rounds} of seed ${this.#seed}: ${this.story.join(', ')}; writers said ${this.#writer.complaints.slice(-1).join()}`;
  }
}

function positive(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0)
    throw new Error(`${name} must be a number above 0, not ${text}`);
  return number;
}
