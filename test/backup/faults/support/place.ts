import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { databaseFolder } from '../../../../src/backup/part-name.js';
import { inProcess } from '../../../support/cli-in-process.js';
import { query } from '../../../support/postgres-server.js';

/** The children stand in another folder, from which the name alone would lead nowhere. */
const LOADER = pathToFileURL(
  join(dirname(createRequire(import.meta.url).resolve('jiti/package.json')), 'lib', 'jiti-register.mjs'),
).href;
const CACHE = join(tmpdir(), 'jiti');
const PROGRAM = fileURLToPath(new URL('command-process.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Waits until it has written this to standard error. */
  says(words: string): Promise<void>;
}

/** What these tests look at in the results of the commands that they run. */
export interface BackupResult {
  readonly id: string;
  readonly backups: readonly {
    readonly id: string;
    readonly state: string;
    readonly verified: { readonly level: number } | null;
    readonly places: readonly { readonly place: string; readonly state: string }[];
  }[];
}

export interface CommandResult {
  readonly code: number | null;
  readonly result: BackupResult;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** Everything that was printed. */
  readonly text: string;
}

/** A project whose backups go wrong: its folder, its commands, and what must hold after every fault. */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-fault-'));
  /** Of the database, as backups name it. */
  readonly name: string;
  #kept: string | undefined;

  constructor(url: string, backup: object = {}) {
    this.name = url.startsWith('sqlite:') ? 'app.db' : new URL(url).pathname.slice(1);
    mkdirSync(join(this.folder, 'tmp'));
    // What the loader of TypeScript keeps is shared, or every child would compile the command line anew.
    mkdirSync(CACHE, { recursive: true });
    symlinkSync(CACHE, join(this.folder, 'tmp', 'jiti'));
    this.configure(url, backup);
  }

  configure(url: string, backup: object = {}): void {
    const config = { environments: { local: { url, backup } } };
    writeFileSync(join(this.folder, 'tidemark.config.json'), JSON.stringify(config));
  }

  get env(): Record<string, string> {
    return { PATH: process.env.PATH ?? '', HOME: this.folder, TMPDIR: join(this.folder, 'tmp') };
  }

  /** Runs a command to its end, in this process. */
  async run(line: string, env: Record<string, string> = {}): Promise<CommandResult> {
    const words = [...line.split(' '), '--json'];
    const { code, stdout, stderr } = await inProcess(words, {
      cwd: this.folder,
      env: { ...this.env, ...env },
    });
    const { result, error } = JSON.parse(stdout);
    return { code, result, error, text: stdout + stderr };
  }

  /** Starts a command in a process of its own; before it, a shell's words. */
  start(line: string, env: Record<string, string> = {}, before: readonly string[] = []): Started {
    const program = [process.execPath, '--import', LOADER, PROGRAM, ...line.split(' ')];
    const [file = '', ...args] = [...before, ...program];
    const child = spawn(file, args, {
      cwd: this.folder,
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    return {
      process: child,
      ended,
      says: (words) => expect.poll(() => stderr, { timeout: 40_000, interval: 20 }).toContain(words),
    };
  }

  get backups(): string {
    return join(this.folder, 'backups', databaseFolder(this.name));
  }

  entries(): string[] {
    return existsSync(this.backups) ? readdirSync(this.backups).sort() : [];
  }

  /** Names that look like backups. */
  complete(): string[] {
    return this.entries().filter((name) => /^\d{8}T/.test(name));
  }

  /** A good backup before the fault. */
  async good(): Promise<string> {
    const { code, result, text } = await this.run('backup create');
    if (code !== 0) throw new Error(text);
    this.#kept = String(result.id);
    return this.#kept;
  }

  /**
   * After any fault: the good backup is there and restores, nothing new passes for one, what is left lying is told by
   * status, nothing lies in the folder for temporary files, and the next backup succeeds.
   */
  async holds({ next = true }: { readonly next?: boolean } = {}): Promise<void> {
    const kept = this.#kept === undefined ? [] : [this.#kept];
    expect(this.complete()).toEqual(kept);
    const listed = await this.run('backup list');
    const complete = listed.result.backups.filter(({ state }) => state === 'complete');
    expect(complete.map(({ id }: { id: string }) => id)).toEqual(kept);
    const status = JSON.stringify((await this.run('backup status')).result);
    for (const name of this.entries()) {
      const partial = /^\.partial-(.+)$/.exec(name)?.[1];
      if (partial !== undefined) expect(status).toContain(partial);
      else if (name !== 'marks' && !name.startsWith('.use-')) expect(kept).toContain(name);
    }
    await expect.poll(() => readdirSync(join(this.folder, 'tmp')), { timeout: 10_000 }).toEqual(['jiti']);
    if (this.#kept !== undefined) {
      expect(await this.run(`backup verify ${this.#kept} --level 3`)).toMatchObject({ code: 0 });
    }
    if (next) expect(await this.run('backup create --verify 3')).toMatchObject({ code: 0 });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Sessions of a database besides the one that asks. */
export async function sessions(url: string): Promise<Record<string, unknown>[]> {
  return query(
    url,
    `SELECT application_name, query FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`,
  );
}

/** Processes whose command line matches and whose environment names the folder; Linux only. */
export function processesOf(words: RegExp, folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return words.test(line) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
      } catch {
        return false; // It has ended meanwhile.
      }
    });
}
