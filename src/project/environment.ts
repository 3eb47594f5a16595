import { basename, dirname, join, resolve } from 'node:path';
import type { BackupConfig } from '../backup-config.js';
import type { DatabaseUrl } from '../database/database-url.js';
import { parseDatabaseUrl } from '../database/database-url.js';
import type { DevSetting } from '../database/open-dev-database.js';
import { TidemarkError } from '../errors.js';
import { didYouMean } from '../suggest.js';
import type { Config, EnvironmentConfig, NewMigrationsConfig } from './config.js';
import { urlFromVariables } from './database-variables.js';
import type { LoadedVariables, Variables } from './dotenv.js';
import { kindsWithout, OPT_IN_KINDS } from './managed-kinds.js';

/** What the command line says about the environment; what is not said is left out. */
export interface EnvironmentFlags {
  readonly env?: string | undefined;
  readonly url?: string | undefined;
  readonly schema?: readonly string[] | undefined;
  readonly migrations?: string | undefined;
  readonly dev?: string | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly include?: readonly string[] | undefined;
}

/** Everything `resolveEnvironment` decides from. */
export interface EnvironmentSources {
  readonly flags: EnvironmentFlags;
  /** The configuration and the file it came from, when there is one. */
  readonly config: { readonly file: string; readonly folder: string; readonly value: Config } | undefined;
  readonly env: LoadedVariables;
  readonly cwd: string;
}

/** How new migrations are written, as `writeMigration` takes it. */
export interface NewMigrations {
  readonly naming: Pick<NewMigrationsConfig, 'fileName' | 'timeZone' | 'slugLength' | 'revision'>;
  /** The path of the text that `migrate new` begins with. */
  readonly template: string | undefined;
  readonly afterWrite:
    | { readonly command: readonly [program: string, ...args: string[]]; readonly cwd: string }
    | undefined;
}

/** What an environment says of its backups; `backupSettings` of the library settles the rest. */
export interface EnvironmentBackup {
  /** The environment's block over the top of the configuration, each key by itself. Paths are as written. */
  readonly config: BackupConfig;
  /** The variables with those of `.env`: BACKUP_KEEP_DAYS, keys of destinations. A call, so that nothing prints them. */
  readonly variables: () => Variables;
}

/** An environment with every choice made. Paths are absolute. */
export interface ResolvedEnvironment {
  readonly name: string;
  /** The folder of the configuration, or the working folder without one. */
  readonly root: string;
  readonly configFile: string | undefined;
  /** Undefined when no database is named anywhere: `requireUrl` says so to those who need one. */
  readonly url: DatabaseUrl | undefined;
  /** Where the URL came from, for messages: `--url`, `environment "local" of tidemark.config.ts`, `DATABASE_URL`. */
  readonly urlSource: string | undefined;
  /** Files, folders or globs; who reads the schema expands them. */
  readonly schema: readonly string[];
  readonly migrations: string;
  /** True when a flag or the configuration names the folder: then it has to be there for what reads it. */
  readonly migrationsNamed: boolean;
  /** Where snapshots of the schema are kept. */
  readonly snapshots: string;
  readonly dev: DevSetting;
  /** Plan for tables that others use meanwhile; undefined where the configuration does not say. */
  readonly online: boolean | undefined;
  /** True when any environment of the configuration may be on a server: migrations are for all of them. */
  readonly hasServers: boolean;
  readonly exclude: readonly string[];
  /** Only this is managed; undefined: everything. */
  readonly include: readonly string[] | undefined;
  /** Kinds of objects that are left alone. */
  readonly withoutKinds: readonly string[];
  /** Kinds that are managed only when asked for, and are. */
  readonly withKinds: readonly string[];
  readonly production: boolean;
  readonly newMigrations: NewMigrations;
  readonly backup: EnvironmentBackup;
  /** What the user may be surprised by, as full sentences. */
  readonly notes: readonly string[];
}

/**
 * Settles which environment is meant and what each of its settings is. Each setting comes from the first
 * that names it: the flag, the environment's block, the top of the configuration, (the URL only) the
 * variables as `urlFromVariables` reads them, the default. Paths of the configuration start at its folder,
 * those of flags at `cwd`. Throws TidemarkError with exit code 2: `environment-unknown`, `url-invalid`,
 * `service-unsupported`.
 */
export function resolveEnvironment(sources: EnvironmentSources): ResolvedEnvironment {
  const { flags, config, cwd } = sources;
  const name = environmentName(sources);
  const root = config?.folder ?? cwd;
  const block = config?.value.environments?.[name] ?? {};
  const setting = <K extends keyof EnvironmentConfig>(key: K): EnvironmentConfig[K] =>
    block[key] ?? config?.value[key];
  const fromRoot = (path: string) => resolve(root, path);
  const fromCwd = (path: string) => resolve(cwd, path);
  const schema = setting('schema') ?? 'schema.sql';
  const found = databaseUrl(sources, name, block);
  const migrations =
    flags.migrations === undefined
      ? fromRoot(setting('migrations') ?? 'migrations')
      : fromCwd(flags.migrations);
  const snapshots = setting('snapshots');
  return {
    name,
    root,
    configFile: config?.file,
    url: found?.url,
    urlSource: found?.source,
    schema: flags.schema?.map(fromCwd) ?? (typeof schema === 'string' ? [schema] : schema).map(fromRoot),
    migrations,
    migrationsNamed: (flags.migrations ?? setting('migrations')) !== undefined,
    snapshots: snapshots === undefined ? join(dirname(migrations), 'snapshots') : fromRoot(snapshots),
    dev: devSetting(sources, name, block),
    online: setting('online'),
    hasServers: hasServers(sources, found?.url),
    exclude: [...new Set([...(setting('exclude') ?? []), ...(flags.exclude ?? [])])],
    include: flags.include ?? setting('include'),
    withoutKinds: kindsWithout(setting),
    withKinds: setting('roles') === true ? OPT_IN_KINDS.roles : [],
    production: setting('production') ?? /^prod(uction)?$/i.test(name),
    newMigrations: newMigrations({ ...config?.value.newMigrations, ...saidIn(block.newMigrations) }, root),
    backup: {
      config: mergedBackup(config?.value.backup, block.backup),
      variables: () => sources.env.variables,
    },
    notes: found?.notes ?? [],
  };
}

/**
 * Whether a database is planned for as one that others use meanwhile: as the configuration says, else where it is on a
 * server. Without a database it is about migrations, which are for every environment.
 */
export function plansOnline(
  { online, hasServers }: Pick<ResolvedEnvironment, 'online' | 'hasServers'>,
  database?: DatabaseUrl,
): boolean {
  return online ?? (database === undefined ? hasServers : database.adapter === 'server');
}

/** An environment without a url takes it from variables, and may be anywhere. */
function hasServers({ config }: EnvironmentSources, chosen: DatabaseUrl | undefined): boolean {
  if (chosen?.adapter === 'server') return true;
  const { url: top, environments = {} } = config?.value ?? {};
  const urls = Object.values(environments).map(({ url }) => url ?? top);
  return urls.length === 0
    ? chosen === undefined
    : urls.some((url) => !/^(?:pglite|sqlite):/i.test(url ?? ''));
}

/** The keys that are said: one with undefined leaves the choice to the top of the configuration. */
function saidIn<T extends object>(settings: T | undefined): Partial<T> {
  const said = Object.entries(settings ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<T>;
}

/** When backups are due is one choice: an environment's `cron` takes the place of an `interval` above, and the reverse. */
function mergedBackup(top: BackupConfig | undefined, block: BackupConfig | undefined): BackupConfig {
  const own: BackupConfig = saidIn(block);
  const { interval, cron, ...above }: BackupConfig = saidIn(top);
  const due = own.interval === undefined && own.cron === undefined ? saidIn({ interval, cron }) : {};
  return { ...above, ...due, ...own };
}

/** A command runs in the project's folder, so that it finds what is installed there. */
function newMigrations(
  { template, afterWrite = [], ...naming }: NewMigrationsConfig,
  root: string,
): NewMigrations {
  const [program, ...args] = afterWrite;
  return {
    naming,
    template: template === undefined ? undefined : resolve(root, template),
    afterWrite: program === undefined ? undefined : { command: [program, ...args], cwd: root },
  };
}

/** The environment's URL, or TidemarkError (`url-missing`, exit code 2) with the ways to name one. */
export function requireUrl(environment: ResolvedEnvironment): DatabaseUrl {
  const { name, configFile, url, urlSource } = environment;
  if (url) return url;
  if (urlSource !== undefined) throw emptyUrl(urlSource);
  const where = configFile ? `environment "${name}" of ${configFile}` : 'no configuration was found, and';
  throw new TidemarkError(
    'url-missing',
    configFile ? `${where} names no database` : `${where} no database is named`,
    {
      exitCode: 2,
      hints: [
        'Give one with --url, for example --url postgres://user@localhost:5432/app, --url pglite:./.tidemark/local or --url sqlite:./app.db.',
        'Or set DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, here or in .env.',
        configFile
          ? `Or give the environment a url in ${basename(configFile)}.`
          : 'Or run `tidemark init` to make a configuration.',
      ],
    },
  );
}

function environmentName({ flags, config, env }: EnvironmentSources): string {
  const asked = flags.env ?? (env.variables.TIDEMARK_ENV || undefined);
  if (config === undefined) return asked ?? 'local';
  const names = Object.keys(config.value.environments ?? {});
  const { file, value } = config;
  if (asked !== undefined) {
    if (names.includes(asked) || (names.length === 0 && asked === 'local')) return asked;
    const by = flags.env === undefined ? 'TIDEMARK_ENV' : '--env';
    const message = `${file} has no environment "${asked}" (asked for by ${by})${didYouMean(asked, names)}`;
    throw unknownEnvironment(message, names, value);
  }
  if (value.defaultEnvironment !== undefined) return value.defaultEnvironment;
  if (names.length === 0 || names.includes('local')) return 'local';
  if (names.length === 1) return names[0]!;
  throw unknownEnvironment(`${file} has several environments and none is chosen`, names, value);
}

function unknownEnvironment(message: string, names: readonly string[], config: Config): TidemarkError {
  const there =
    names.length > 0
      ? `There are: ${names.join(', ')}. Choose one with --env NAME or TIDEMARK_ENV.`
      : 'It has no "environments" at all: leave --env and TIDEMARK_ENV out, or add the environment.';
  const hints = [there];
  if (names.length > 1 && config.defaultEnvironment === undefined)
    hints.push('Or set "defaultEnvironment" in the configuration.');
  return new TidemarkError('environment-unknown', message, {
    exitCode: 2,
    hints,
    details: { environments: names },
  });
}

function devSetting({ flags, config, env, cwd }: EnvironmentSources, name: string, block: EnvironmentConfig) {
  const text = flags.dev ?? block.dev ?? config?.value.dev ?? 'embedded';
  if (text === 'embedded' || text === 'server') return text;
  const source = block.dev === undefined ? config?.file : `environment "${name}" of ${config?.file}`;
  return flags.dev === undefined
    ? parseDatabaseUrl(text, {
        source: `dev of ${source}`,
        folder: config?.folder ?? cwd,
        env: env.variables,
      })
    : parseDatabaseUrl(text, { source: '--dev', folder: cwd, env: env.variables });
}

interface FoundUrl {
  readonly url: DatabaseUrl | undefined;
  readonly source: string;
  readonly notes: readonly string[];
}

function databaseUrl(
  sources: EnvironmentSources,
  name: string,
  block: EnvironmentConfig,
): FoundUrl | undefined {
  const { flags, config, env, cwd } = sources;
  const parse = (text: string, source: string, folder: string, notes: readonly string[] = []): FoundUrl => ({
    url: parseDatabaseUrl(text, { source, folder, env: env.variables }),
    source,
    notes,
  });
  if (flags.url !== undefined) return parse(flags.url, '--url', cwd);
  const fromVariables = urlFromVariables(env.variables);
  const named =
    config &&
    (Object.hasOwn(block, 'url') ? 'block' : Object.hasOwn(config.value, 'url') ? 'top' : undefined);
  if (config && named) {
    const source = named === 'block' ? `environment "${name}" of ${config.file}` : config.file;
    const text = named === 'block' ? block.url : config.value.url;
    if (!text) return { url: undefined, source, notes: [] };
    // A variable of the shell or of CI is meant for this run; one of .env is there for the application.
    const [variable] = fromVariables?.variables ?? [];
    const shadows = variable === 'DATABASE_URL' && !env.files.has(variable) && fromVariables?.url !== text;
    return parse(
      text,
      source,
      config.folder,
      shadows ? [`DATABASE_URL is set but not used: ${source} has its own url.`] : [],
    );
  }
  return fromVariables && parse(fromVariables.url, fromVariables.variables.join(', '), config?.folder ?? cwd);
}

/**
 * A url that is there but holds nothing reads a variable that is not set. Falling through to DATABASE_URL
 * could then mean another database than the one the environment is named for.
 */
function emptyUrl(source: string): TidemarkError {
  return new TidemarkError('url-missing', `${source} has a url, but it is empty`, {
    exitCode: 2,
    hints: [
      'Set the environment variable that the configuration reads it from, here or in .env.',
      'Or remove the url: then DATABASE_URL, or DB_HOST and its companions, are used.',
      'Or give the database with --url.',
    ],
  });
}
