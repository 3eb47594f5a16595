import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { freshDatabase, type TestServer } from './postgres-server.js';
import { openSession } from './session.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const example = join(root, 'examples', 'dana-db');
const tidemark = `${process.execPath} ${join(root, 'dist', 'cli', 'main.js')}`;

/** What is undefined is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** A copy of the example in a folder of its own, and commands run there as a person would run them. */
export class DanaProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-dana-'));
  /** Everything any command said. */
  said = '';
  #drop: (() => Promise<void>) | undefined;

  constructor() {
    cpSync(example, this.folder, {
      recursive: true,
      filter: (path) => !path.includes('.tidemark') && !path.endsWith('.env'),
    });
  }

  /** The variables that name a fresh database of the server; for the embedded engine there are none. */
  async database(server: TestServer): Promise<Variables> {
    if (server.embedded) return {};
    const { url, drop } = await freshDatabase(server);
    this.#drop = drop;
    return { DATABASE_URL: url };
  }

  run(command: string, args: readonly string[], variables: Variables = {}, input = '') {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(DATABASE_URL|DB_|PG|TIDEMARK|ENV$|MAKE|CI$)/.test(name),
    );
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.folder,
      env: { ...Object.fromEntries(inherited), TIDEMARK: tidemark, ...variables },
      input,
      encoding: 'utf8',
    });
    this.said += stdout + stderr;
    return { status, stdout, stderr };
  }

  make(target: string, variables: Variables = {}, input = '') {
    return this.run('make', target.split(' ').filter(Boolean), variables, input);
  }

  /** Runs what has to succeed. */
  must(target: string, variables: Variables = {}) {
    const result = this.make(target, variables);
    expect(result, result.stderr).toMatchObject({ status: 0 });
    return result;
  }

  script(args: string, variables: Variables = {}) {
    return this.run('scripts/migrate.sh', args.split(' ').filter(Boolean), variables);
  }

  migrations(): string[] {
    return readdirSync(join(this.folder, 'migrations')).filter((file) => file.endsWith('.sql'));
  }

  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  }

  /** Looks into the database with the plain driver. */
  async ask(sql: string, variables: Variables, environment = 'local') {
    const url = variables.DATABASE_URL ?? `pglite:${join(this.folder, '.tidemark', environment)}`;
    const session = await openSession(url);
    try {
      return await session.query(sql);
    } finally {
      await session.close();
    }
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await this.#drop?.();
  }
}
