import type { BackupConfig } from '../backup-config.js';

/** How new migrations are written. */
export interface NewMigrationsConfig {
  /**
   * The file's name without its ending, with `{revision} {slug} {year} {month} {day} {hour} {minute} {second}
   * {epoch}`. Default `{revision}_{slug}`. A file whose name does not begin with `{revision}_` says its revision and
   * its parent in directives.
   */
  readonly fileName?: string | undefined;
  /** The time zone of timestamps, by its IANA name. Default `UTC`. */
  readonly timeZone?: string | undefined;
  /** The longest slug, in characters: it ends after the last whole word that fits. Default 60. */
  readonly slugLength?: number | undefined;
  /** What a revision's id is: the time to the second (default), or the number after the newest one. */
  readonly revision?: 'timestamp' | 'number' | undefined;
  /**
   * The text that `migrate new` begins with: a `.sql` file, with its reverse in `.down.sql` beside it, or a `.ts`
   * file; not in the migrations folder. `{name}`, `{revision}` and `{date}` are filled in.
   */
  readonly template?: string | undefined;
  /**
   * A program and its arguments, run with the paths of the files after they are written and before their checksums
   * are taken: a formatter. There is no shell in between. If it fails, nothing is written.
   */
  readonly afterWrite?: readonly string[] | undefined;
}

/** What an environment can say; at the top of a configuration the same keys are defaults for all of them. */
export interface EnvironmentConfig {
  /**
   * The database: `postgres://…`, `pglite:folder`, `sqlite:file`. Leave the key out to take it from DATABASE_URL,
   * DB_HOST and its companions, or PGHOST and its companions. Relative paths start at the configuration file.
   */
  readonly url?: string | undefined;
  /** The wanted schema: a file, a folder, a glob, or a list of them. Default `schema.sql`. */
  readonly schema?: string | readonly string[] | undefined;
  /** The folder of migrations. Default `migrations`. */
  readonly migrations?: string | undefined;
  /** The folder that `schema snapshot` writes into. Default `snapshots` beside the migrations. */
  readonly snapshots?: string | undefined;
  /**
   * Where SQL is tried out: `embedded` (default), `server` (scratch databases on the environment's server)
   * or the URL of another server for scratch databases. Never a database of yours: work happens in scratch
   * databases alone. For SQLite it is always memory.
   */
  readonly dev?: string | undefined;
  /**
   * Plan so that tables in use stay usable (PostgreSQL servers): indexes concurrently, constraints validated apart, in
   * several transactions. Default true, but for `pglite:` databases, which have one user.
   */
  readonly online?: boolean | undefined;
  /** Objects left out everywhere: `schema.name` patterns with `*`, optionally `kind:pattern`. */
  readonly exclude?: readonly string[] | undefined;
  /** Only these objects are managed, with their parts, as far as `exclude` leaves them: patterns as in `exclude`. */
  readonly include?: readonly string[] | undefined;
  /** False leaves what is granted alone, and what is granted by default. Default true. */
  readonly privileges?: boolean | undefined;
  /** False leaves owners alone. Default true. */
  readonly owners?: boolean | undefined;
  /** False leaves comments alone. Default true. */
  readonly comments?: boolean | undefined;
  /** False leaves publications alone. Default true. */
  readonly publications?: boolean | undefined;
  /** False leaves subscriptions alone. Default true. */
  readonly subscriptions?: boolean | undefined;
  /** True manages roles of the server, their memberships and settings; never passwords. Default false. */
  readonly roles?: boolean | undefined;
  /** Guards the environment against resets. Default true for one named `production` or `prod`. */
  readonly production?: boolean | undefined;
  /** How new migrations are named and written; each key by itself. */
  readonly newMigrations?: NewMigrationsConfig | undefined;
  /** Where backups go, how often, and which stay; each key by itself. */
  readonly backup?: BackupConfig | undefined;
}

export interface Config extends EnvironmentConfig {
  /** The environment used when neither `--env` nor TIDEMARK_ENV names one. Default `local`, or the only one. */
  readonly defaultEnvironment?: string | undefined;
  readonly environments?: Readonly<Record<string, EnvironmentConfig>> | undefined;
}

/** What a configuration written as a function is called with. */
export interface ConfigInput {
  /** The environment asked for by `--env` or TIDEMARK_ENV, if any. */
  readonly env: string | undefined;
}

/** What a configuration file may export. */
export type ConfigExport = Config | Promise<Config> | ((input: ConfigInput) => Config | Promise<Config>);

/**
 * Gives its argument back; it is there so that editors check and complete a configuration.
 *
 *     export default defineConfig({ environments: { local: { url: 'pglite:./.tidemark/local' } } });
 */
export function defineConfig<T extends ConfigExport>(config: T): T {
  return config;
}
