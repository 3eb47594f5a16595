import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { main } from './cli.js';
import { freshDatabase, type TestServer } from './postgres-server.js';
import { openSession, type PlainRow } from './session.js';

const example = fileURLToPath(new URL('../../examples/sentinai', import.meta.url));

/** What is undefined is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

export interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `upgrade head` and the like: by the shell script or by npm. */
export type Runner = 'migrate-db.sh' | 'npm';

/** A copy of the example with Tidemark installed as npm would, and commands run there as a person would run them. */
export class SentinaiProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-sentinai-'));
  /** Everything any command said. */
  said = '';
  /** Names the database; for the embedded engine there are none, and it is in `.tidemark/local`. */
  variables: Variables = {};
  #drop: (() => Promise<void>) | undefined;

  constructor() {
    cpSync(example, this.folder, {
      recursive: true,
      filter: (path) => !/[\\/](\.tidemark|node_modules|\.env)$/.test(path),
    });
    const bin = join(this.folder, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'tidemark'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`);
    chmodSync(join(bin, 'tidemark'), 0o755);
  }

  /** Gives the project a fresh database of the server. */
  async connect(server: TestServer): Promise<void> {
    if (server.embedded) return;
    const { url, drop } = await freshDatabase(server);
    this.variables = { DATABASE_URL: url };
    this.#drop = drop;
  }

  run(command: string, args: readonly string[], variables: Variables = this.variables): Said {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(DATABASE_URL|TEST_DATABASE_URL|DB_|PG|TIDEMARK|npm_|CI$)/i.test(name),
    );
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.folder,
      // npm would ask its registry for a newer npm.
      env: { ...Object.fromEntries(inherited), npm_config_update_notifier: 'false', ...variables },
      encoding: 'utf8',
    });
    this.said += stdout + stderr;
    return { status, stdout, stderr };
  }

  /** `upgrade head`, `downgrade -1`, … in the words of the script; npm gets them as its scripts have them. */
  migrate(words: string, runner: Runner = 'migrate-db.sh', variables?: Variables): Said {
    const [action = '', ...args] = words.split(' ');
    if (runner === 'migrate-db.sh')
      return this.run('scripts/migrate-db.sh', words.split(' ').filter(Boolean), variables);
    return this.run('npm', ['run', '--silent', `db:${action}`, '--', ...args], variables);
  }

  /** Runs what has to succeed, and gives what it printed. */
  must(words: string, runner?: Runner): string {
    const result = this.migrate(words, runner);
    expect(result, `${words}: ${result.stderr}`).toMatchObject({ status: 0 });
    return result.stdout;
  }

  /** Any other command of Tidemark's. */
  tidemark(...args: string[]): Said {
    return this.run(join('node_modules', '.bin', 'tidemark'), args);
  }

  /** Accepts what was edited in the migrations folder. */
  hash(): void {
    expect(this.tidemark('migrate', 'hash')).toMatchObject({ status: 0 });
  }

  path(...names: string[]): string {
    return join(this.folder, ...names);
  }

  migrations(): string[] {
    return readdirSync(this.path('migrations')).filter((file) => file.endsWith('.sql'));
  }

  edit(file: string, change: (text: string) => string): void {
    writeFileSync(this.path(file), change(readFileSync(this.path(file), 'utf8')));
  }

  /** One statement by the plain driver, so that a check does not lean on what it checks. */
  async ask(sql: string): Promise<PlainRow[]> {
    const session = await openSession(this.#url());
    return session.query(sql).finally(() => session.close());
  }

  /** A whole script by the plain driver: what somebody did by hand. */
  async byHand(sql: string): Promise<void> {
    mkdirSync(this.path('.tidemark'), { recursive: true });
    const session = await openSession(this.#url());
    await session.run(sql).finally(() => session.close());
  }

  #url(): string {
    return this.variables.DATABASE_URL ?? `pglite:${this.path('.tidemark', 'local')}`;
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await this.#drop?.();
  }
}
