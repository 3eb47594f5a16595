import type { SumDifference } from '../migrations/checksum.js';
import type { LogRecord } from '../migrations/history.js';
import type { MigrateOptions, MigrateResult, MigrateUpOptions } from '../migrations/migrate-options.js';
import type { MigrationState, MigrationStatus } from '../migrations/status.js';
import type { NewMigration } from '../migrations/write-migration.js';
import type { GeneratedMigration } from '../planning/generate-migration.js';
import type { Validation } from '../planning/validate-migrations.js';
import type { RenameOptions } from './planning.js';
import type { CallOptions, ProjectSession } from './project-session.js';

/**
 * Milliseconds that a run waits for another one to end. Replicas that start together wait for the one that
 * migrates, however long its migrations take; a person at a terminal would rather hear of it.
 */
const LOCK_TIMEOUT_MS = 300_000;

/** `to` in place of the runner's `target`, and a longer wait for other runners. */
type To<Options extends MigrateOptions> = Omit<Options, 'target' | 'lockTimeoutMs'> & {
  /** A revision, `head`, `base`, `+2`, `-1`, … Default: `head` for up, one step for down. */
  readonly to?: MigrateOptions['target'];
  /** How long to wait for another runner, in milliseconds. Default 300,000. */
  readonly lockTimeoutMs?: number | undefined;
};

export type UpOptions = To<MigrateUpOptions>;
export type DownOptions = To<MigrateOptions>;

export interface NewOptions extends CallOptions, Pick<NewMigration, 'name' | 'version'> {
  /** Its SQL. Default: a comment that says what belongs there. */
  readonly up?: string | undefined;
  readonly down?: string | undefined;
}

export interface DiffOptions extends CallOptions, RenameOptions {
  readonly name: string;
  /** Write nothing, and give the texts. */
  readonly dryRun?: boolean | undefined;
}

export interface ValidateOptions extends CallOptions {
  /** Run everything on the dev database too, up and down. */
  readonly replay?: boolean | undefined;
}

/** What was done to a database, and where it is now. */
export interface MigrationHistory {
  readonly current: readonly string[];
  readonly migrations: readonly MigrationState[];
  /** Every operation, oldest first, failures included. */
  readonly log: readonly LogRecord[];
}

/** A migration that was written: names within the folder. */
export interface NewFiles {
  readonly revision: string;
  readonly files: readonly string[];
}

/** What `tidemark.sum` lists now, and what had changed. */
export interface HashedFolder extends SumDifference {
  readonly files: Readonly<Record<string, string>>;
}

/** The calls of `tidemark migrate`. What each throws stands with the command in the manual. */
export interface MigrateApi {
  /** Applies pending migrations. When several processes do this at once, one does the work, the others wait. */
  up(options?: UpOptions): Promise<MigrateResult>;
  /** Takes migrations down. */
  down(options?: DownOptions): Promise<MigrateResult>;
  /** Where database and migrations are. A database that is not there yet is an empty one, and is not made. */
  status(options?: CallOptions): Promise<MigrationStatus>;
  /** What was done to the database. */
  history(options?: CallOptions): Promise<MigrationHistory>;
  /** Checks the whole folder; the database is not asked. */
  validate(options?: ValidateOptions): Promise<Validation>;
  /** Writes `tidemark.sum` from the files as they are. */
  hash(options?: CallOptions): Promise<HashedFolder>;
  /** Makes a migration and its reverse, with the SQL given. */
  readonly new: (options: NewOptions) => Promise<NewFiles>;
  /** Writes the migration that leads from the migrations to the schema files, proven up and down. */
  diff(options: DiffOptions): Promise<GeneratedMigration>;
}

/** The calls of `project.migrate`. */
export function migrateApi(project: ProjectSession): MigrateApi {
  const { environment, url } = project;
  const dialect = async () => (await import('../dialects.js')).loadDialect(url.engine);
  return {
    up({ to, lockTimeoutMs = LOCK_TIMEOUT_MS, ...options } = {}) {
      return project.call(options, async (signal) => {
        const { migrateUp } = await import('../migrations/migrate-up.js');
        const { requireRunnable } = await import('../migrations/require-runnable.js');
        const { exclude } = environment;
        const given = { exclude, ...options, target: to, lockTimeoutMs, signal };
        const folder = await project.folder();
        requireRunnable(folder);
        return migrateUp(await project.session(signal), folder, await dialect(), given);
      });
    },
    down({ to, lockTimeoutMs = LOCK_TIMEOUT_MS, ...options } = {}) {
      return project.call(options, async (signal) => {
        const { migrateDown } = await import('../migrations/migrate-down.js');
        const given = { ...options, target: to, lockTimeoutMs, signal };
        return migrateDown(await project.session(signal), await project.folder(), await dialect(), given);
      });
    },
    async status(options = {}) {
      const { migrationStatus } = await import('../migrations/status.js');
      return project.look(options, async (session) => migrationStatus(session, await project.folder()));
    },
    async history(options = {}) {
      const { migrationStatus } = await import('../migrations/status.js');
      const { migrationEngine } = await import('../migrations/engine.js');
      return project.look(options, async (session) => {
        const { current, migrations } = await migrationStatus(session, await project.folder());
        const log = await (await migrationEngine(session)).history.readLog();
        return { current, migrations, log };
      });
    },
    async validate({ replay = false, ...options } = {}) {
      const { validateMigrations } = await import('../planning/validate-migrations.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const validated = async (bench?: Parameters<typeof validateMigrations>[2]) =>
        validateMigrations(await project.folder(), await dialect(), bench);
      if (!replay) return project.call(options, (signal) => unlessAborted(validated(), signal));
      const { atWorkbench } = await import('./planning.js');
      return atWorkbench(project, options, [], (bench, signal) => unlessAborted(validated(bench), signal));
    },
    hash(options = {}) {
      return project.call(options, async () => {
        const { hashFolder } = await import('../migrations/hash-folder.js');
        const { sums, changes } = await hashFolder(environment.migrations);
        return { files: Object.fromEntries(sums), ...changes };
      });
    },
    new({ name, version, up, down, ...options }) {
      return project.call(options, async () => {
        const { writeMigration } = await import('../migrations/write-migration.js');
        const { emptyMigration } = await import('../migrations/migration-template.js');
        const { newMigrations } = environment;
        const written = await writeMigration(environment.migrations, {
          name,
          version,
          naming: newMigrations.naming,
          afterWrite: newMigrations.afterWrite,
          ...emptyMigration(
            name,
            up === undefined && down === undefined ? newMigrations.template : undefined,
          ),
          ...(up === undefined ? {} : { up }),
          ...(down === undefined ? {} : { down }),
        });
        const files = [written.upFile, written.downFile].filter((file) => file !== undefined);
        return { revision: written.version, files };
      });
    },
    async diff({ name, dryRun, signal, ...renames }) {
      const { atWorkbench, planOptions, schemaSource } = await import('./planning.js');
      const { generateMigration } = await import('../planning/generate-migration.js');
      const { readMigrationFolder } = await import('../migrations/folder.js');
      return atWorkbench(project, { signal }, [], async (bench, given) => {
        const wanted = await schemaSource(project);
        const folder = await readMigrationFolder(environment.migrations);
        const plan = planOptions(project, bench, wanted, renames, 'refuse');
        const { naming, afterWrite } = environment.newMigrations;
        const generation = { folder, wanted, name, dryRun, plan, signal: given, naming, afterWrite };
        return generateMigration(bench, generation);
      });
    },
  };
}
