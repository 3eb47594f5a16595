import type { Connection, EngineName } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import type { DevDatabase } from '../database/dev-database.js';
import type { WhenMissing } from '../database/open-database.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { ResolvedEnvironment } from '../project/environment.js';
import type { Dialect } from '../schema/dialect.js';
import type { Output } from './output.js';
import type { ParsedOptions } from './parsed-options.js';
import type { Prompt } from './prompt.js';
import { preferQuickWasm } from './quick-wasm.js';

export interface ContextParts {
  readonly options: ParsedOptions;
  readonly arguments: ReadonlyMap<string, readonly string[]>;
  readonly output: Output;
  readonly prompt: Prompt;
  readonly cwd: string;
  readonly env: Record<string, string | undefined>;
}

/** What a command may use. Everything heavy is made when it is first asked for, and closed by `close`. */
export class Context {
  readonly options: ParsedOptions;
  readonly output: Output;
  readonly prompt: Prompt;
  readonly cwd: string;
  readonly env: Record<string, string | undefined>;
  /** False while a child process has the terminal: ctrl-c is then the child's affair. */
  interruptible = true;
  /** Set by a command that runs until a signal ends it: what the first one does, in place of interrupting. */
  onSignal: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #arguments: ReadonlyMap<string, readonly string[]>;
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #interruption = new AbortController();
  #stopsByItself = false;
  #closed = false;
  #environment: Promise<ResolvedEnvironment> | undefined;

  constructor(parts: ContextParts) {
    this.options = parts.options;
    this.output = parts.output;
    this.prompt = parts.prompt;
    this.cwd = parts.cwd;
    this.env = parts.env;
    this.#arguments = parts.arguments;
  }

  /** The value of an argument of the command's table; undefined when it was left out. */
  argument(name: string): string | undefined {
    return this.#arguments.get(name)?.[0];
  }

  /** As `argument`, for one that the table calls required. */
  required(name: string): string {
    const value = this.argument(name);
    if (value === undefined) throw new Error(`the command declares no required argument ${name}`);
    return value;
  }

  /** All values of an argument that takes several; empty when it was left out. */
  several(name: string): readonly string[] {
    return this.#arguments.get(name) ?? [];
  }

  environment(): Promise<ResolvedEnvironment> {
    this.#environment ??= this.#loadEnvironment();
    return this.#environment;
  }

  /** The environment's URL. Throws TidemarkError (`url-missing`) when it has none. */
  async url(): Promise<DatabaseUrl> {
    const { requireUrl } = await import('../project/environment.js');
    return requireUrl(await this.environment());
  }

  /**
   * The environment's migrations. Throws TidemarkError (`migrations-missing`, exit code 2) when the folder was
   * named and is not there.
   */
  async migrations(): Promise<MigrationFolder> {
    const { migrations, migrationsNamed } = await this.environment();
    const { readMigrationFolder } = await import('../migrations/folder.js');
    return readMigrationFolder(migrations, { mustExist: migrationsNamed });
  }

  /**
   * A session with the environment's database. A command that only looks says `refuse` or `empty`, so that
   * looking makes nothing; of `empty` the user is told, because the path may be mistyped.
   */
  async openTarget(missing: WhenMissing = 'create'): Promise<Connection> {
    const url = await this.url();
    if (url.adapter === 'embedded') await preferQuickWasm();
    const { openDatabase } = await import('../database/open-database.js');
    if (missing === 'empty') {
      const { isMissing, noDatabase } = await import('../database/missing-database.js');
      if (isMissing(url)) this.output.warn(`${noDatabase(url).message} yet`);
    }
    return this.closing(await openDatabase(url, { missing }));
  }

  /** What the environment names: its database, else its dev database; PostgreSQL when it names neither. */
  async engine(): Promise<EngineName> {
    const { url, dev } = await this.environment();
    return url?.engine ?? (typeof dev === 'object' ? dev.engine : 'postgres');
  }

  /** The dev database that the environment asks for. */
  async openDev(engine: EngineName): Promise<DevDatabase> {
    const { dev, url: target } = await this.environment();
    await preferQuickWasm();
    const { openDevDatabase } = await import('../database/open-dev-database.js');
    return this.closing(await openDevDatabase({ engine, dev, target }));
  }

  /** The dialect of an engine; without one, of the environment's. */
  async dialect(engine?: EngineName): Promise<Dialect> {
    const wanted = engine ?? (await this.engine());
    await preferQuickWasm();
    const { loadDialect } = await import('../dialects.js');
    return loadDialect(wanted);
  }

  /** Yes by `--yes`, else by asking; not for what loses data. */
  async confirm(question: string): Promise<boolean> {
    return this.options.flag('yes') || this.prompt.confirm(question, '--yes');
  }

  /** Has the output mask the password of a URL wherever it turns up. */
  keepSecret(url: DatabaseUrl | undefined): void {
    if (url?.adapter === 'server' && url.password) this.output.secrets.add(url.password.reveal());
  }

  /**
   * Has `close` close it too, also when the command fails or is interrupted. Gives its argument back. What
   * comes after `close` (it was still opening when the command failed) is closed at once: nobody else would.
   */
  closing<T extends { close(): Promise<void> }>(resource: T): T {
    if (this.#closed) void resource.close().catch(() => undefined);
    else this.#closers.push(() => resource.close());
    return resource;
  }

  /**
   * The signal that comes when the process is interrupted. Who takes it ends by itself, with its word in the history;
   * of others the connections are closed under them.
   */
  interruption(): AbortSignal {
    this.#stopsByItself = true;
    return this.#interruption.signal;
  }

  /** Gives up what took the signal. False when nothing did. */
  giveUp(reason: Error): boolean {
    this.#interruption.abort(reason);
    return this.#stopsByItself;
  }

  /** Closes what was opened, the last first. What fails to close is gone anyway. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const close of this.#closers.splice(0).reverse()) await close().catch(() => undefined);
  }

  async #loadEnvironment(): Promise<ResolvedEnvironment> {
    const { loadEnvironment } = await import('../project/load-environment.js');
    const { options, cwd, env, output } = this;
    const several = (name: string) => (options.given(name) ? options.list(name) : undefined);
    const environment = await loadEnvironment({
      cwd,
      env,
      config: options.text('config'),
      envFiles: options.list('dotenv'),
      flags: {
        // TIDEMARK_ENV is read with the other variables: it may stand in .env too.
        env: options.given('env') ? options.text('env') : undefined,
        url: options.text('url'),
        schema: several('schema'),
        migrations: options.text('migrations'),
        dev: options.text('dev'),
        exclude: several('exclude'),
        include: several('include'),
      },
    });
    const { secretsOf } = await import('./mask.js');
    for (const secret of secretsOf(env)) output.secrets.add(secret);
    this.keepSecret(environment.url);
    if (typeof environment.dev === 'object') this.keepSecret(environment.dev);
    for (const note of environment.notes) output.warn(note);
    if (environment.configFile) output.detail(`configuration: ${environment.configFile}`);
    output.detail(`environment: ${environment.name}`);
    return environment;
  }
}
