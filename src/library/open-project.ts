import type { Connection } from '../database/connection.js';
import { safeUrl } from '../database/database-url.js';
import type { MigrateOptions, MigrateResult, MigrateUpOptions } from '../migrations/migrate-options.js';
import type { MigrationStatus } from '../migrations/status.js';
import type { ResolvedEnvironment } from '../project/environment.js';
import type { SqliteCheck, SqliteRequirement } from '../sqlite/check-database.js';

export type { SqliteCheck, SqliteRequirement };

export interface ProjectOptions {
  /** Where the configuration is looked for, upwards from here, and relative paths start. Default: the working folder. */
  readonly folder?: string | undefined;
  /** Default: TIDEMARK_ENV, or what the configuration says. */
  readonly environment?: string | undefined;
  /** Another database than the environment's. */
  readonly url?: string | undefined;
}

/** One environment of a project, with one session on its database that is opened when first needed. */
export interface Project {
  readonly environment: ResolvedEnvironment;
  /** The database's address without its password. */
  readonly label: string;
  /** The session; it belongs to the project and is closed with it. */
  connection(): Promise<Connection>;
  /** Applies pending migrations, as `tidemark migrate up`. */
  up(options?: MigrateUpOptions): Promise<MigrateResult>;
  /** Takes migrations down, as `tidemark migrate down`. */
  down(options?: MigrateOptions): Promise<MigrateResult>;
  /** Where database and migrations are. A database that is not there yet is an empty one, and is not made. */
  status(): Promise<MigrationStatus>;
  /** Looks a SQLite database over, as `tidemark db check`; that it is not there is one of its problems. Throws TidemarkError (`engine-unsupported`) for another. */
  check(options?: { readonly require?: readonly SqliteRequirement[] }): Promise<SqliteCheck>;
  close(): Promise<void>;
}

/**
 * Opens a project as the command line does: its configuration, `.env` and environment. Nothing is connected
 * yet. Throws TidemarkError when the configuration cannot be used or names no database.
 */
export async function openProject(options: ProjectOptions = {}): Promise<Project> {
  const [{ loadEnvironment }, { requireUrl }, { openDatabase }, { loadDialect }] = await Promise.all([
    import('../project/load-environment.js'),
    import('../project/environment.js'),
    import('../database/open-database.js'),
    import('../dialects.js'),
  ]);
  const environment = await loadEnvironment({
    cwd: options.folder ?? process.cwd(),
    flags: { env: options.environment, url: options.url },
    env: process.env,
  });
  const url = requireUrl(environment);
  let session: Promise<Connection> | undefined;
  const connection = () => {
    session ??= openDatabase(url);
    return session;
  };
  const folder = async () => {
    const { readMigrationFolder } = await import('../migrations/folder.js');
    return readMigrationFolder(environment.migrations, { mustExist: environment.migrationsNamed });
  };
  /** A session for who only looks: a database that is not there is an empty one, and `problems` says so. */
  const look = async <T>(
    work: (session: Connection, problems: readonly string[]) => Promise<T>,
  ): Promise<T> => {
    const { isMissing, noDatabase } = await import('../database/missing-database.js');
    if (session !== undefined || !isMissing(url)) return work(await connection(), []);
    const empty = await openDatabase(url, { missing: 'empty' });
    return work(empty, [noDatabase(url).message]).finally(() => empty.close());
  };

  return {
    environment,
    label: safeUrl(url),
    connection,
    async up(upOptions = {}) {
      const { migrateUp } = await import('../migrations/migrate-up.js');
      const dialect = await loadDialect(url.engine);
      return migrateUp(await connection(), await folder(), dialect, {
        exclude: environment.exclude,
        ...upOptions,
      });
    },
    async down(downOptions = {}) {
      const { migrateDown } = await import('../migrations/migrate-down.js');
      return migrateDown(await connection(), await folder(), await loadDialect(url.engine), downOptions);
    },
    async status() {
      const { migrationStatus } = await import('../migrations/status.js');
      const files = await folder();
      return look((open) => migrationStatus(open, files));
    },
    async check({ require = [] } = {}) {
      if (url.adapter !== 'sqlite') {
        const { TidemarkError } = await import('../errors.js');
        throw new TidemarkError(
          'engine-unsupported',
          'only a SQLite database can be checked through the library',
        );
      }
      const { checkSqlite, filesBeside } = await import('../sqlite/check-database.js');
      const files = session === undefined && url.path !== undefined ? filesBeside(url.path) : [];
      return look(async (open, problems) => {
        const check = await checkSqlite(open, { require, files });
        return { ...check, problems: [...problems, ...check.problems] };
      });
    },
    async close() {
      const open = await session?.catch(() => undefined);
      session = undefined;
      await open?.close();
    },
  };
}
