import type { SumDifference } from '../migrations/checksum.js';
import type { BranchPoints, Head } from '../migrations/describe-graph.js';
import type { NewRevisionOptions } from '../migrations/new-revision.js';
import type { MigrationCheck } from '../planning/check-migrations.js';
import type { GeneratedMigration } from '../planning/generate-migration.js';
import type { Validation } from '../planning/validate-migrations.js';
import type { ConsentOptions, RenameOptions } from './planning.js';
import type { CallOptions, ProjectSession } from './project-session.js';

/** `head` says what it follows. Default: the one head. */
export interface NewOptions extends CallOptions, NewRevisionOptions {
  readonly name: string;
  /** The revision's id. Default: as the configuration says. */
  readonly revision?: string | undefined;
  /** Its SQL and the reverse. Default: the configuration's template, or a comment. */
  readonly up?: string | undefined;
  readonly down?: string | undefined;
}

export interface DiffOptions extends CallOptions, RenameOptions, ConsentOptions {
  readonly name: string;
  /** Plan for tables in use. Default: as the configuration says, else where an environment is on a server. */
  readonly online?: boolean | undefined;
  /** Write nothing, and give the texts. */
  readonly dryRun?: boolean | undefined;
}

export interface ValidateOptions extends CallOptions {
  /** Run everything on the dev database too, up and down. */
  readonly replay?: boolean | undefined;
}

/** A migration that was written. */
export interface NewMigrationFiles {
  readonly revision: string;
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
  readonly branch: string | null;
  /** Names within the folder. */
  readonly files: readonly string[];
}

/** What `tidemark.sum` lists now, and how the files differed from it. */
export interface HashedFiles extends SumDifference {
  readonly files: Readonly<Record<string, string>>;
}

/** The calls of `tidemark migrate` about the folder. They leave the database alone. */
export interface MigrateFilesApi {
  /** Makes a migration and its reverse, with the SQL given. */
  readonly new: (options: NewOptions) => Promise<NewMigrationFiles>;
  /** Writes the migration that leads from the migrations to the schema files, proven up and down. */
  diff(options: DiffOptions): Promise<GeneratedMigration>;
  /** Whether the migrations lead to the schema files. */
  check(options?: CallOptions): Promise<MigrationCheck>;
  /** Checks the whole folder. */
  validate(options?: ValidateOptions): Promise<Validation>;
  /** The revisions on which none follows: one, as a rule. */
  heads(options?: CallOptions): Promise<{ readonly heads: readonly Head[] }>;
  /** The revisions on which several follow, and the labelled lines. */
  branches(options?: CallOptions): Promise<BranchPoints>;
  /** Writes `tidemark.sum` from the files as they are. */
  hash(options?: CallOptions): Promise<HashedFiles>;
}

export function migrateFilesApi(project: ProjectSession): MigrateFilesApi {
  const { environment, url } = project;
  const { migrations, newMigrations } = environment;
  const { naming, afterWrite, template } = newMigrations;
  return {
    new({ name, revision, up, down, signal, ...where }) {
      return project.call({ signal }, async () => {
        const { graphOf } = await import('../migrations/compare-history.js');
        const { readMigrationFolder } = await import('../migrations/folder.js');
        const { emptyMigration } = await import('../migrations/migration-template.js');
        const { placeNewRevision } = await import('../migrations/new-revision.js');
        const { writeMigration } = await import('../migrations/write-migration.js');
        const place = placeNewRevision(graphOf(await readMigrationFolder(migrations)), where);
        const text = up === undefined ? emptyMigration(name, template) : { up, down };
        const given = { name, version: revision, ...place, ...text, naming, afterWrite };
        const { version, parents, upFile, downFile } = await writeMigration(migrations, given);
        const files = [upFile, downFile].filter((file) => file !== undefined);
        return {
          revision: version,
          parents,
          dependsOn: place.dependsOn,
          branch: place.branch ?? null,
          files,
        };
      });
    },
    async diff({ name, dryRun, online, signal, ...renames }) {
      const { atWorkbench, planOptions, schemaSource } = await import('./planning.js');
      const { generateMigration } = await import('../planning/generate-migration.js');
      const { readMigrationFolder } = await import('../migrations/folder.js');
      const { plansOnline } = await import('../project/environment.js');
      return atWorkbench(project, { signal }, [], async (bench, given) => {
        const wanted = await schemaSource(project);
        const folder = await readMigrationFolder(migrations);
        const plan = {
          ...planOptions(project, bench, wanted, renames, 'refuse'),
          online: online ?? plansOnline(environment),
          inParts: true,
        };
        const consent = { allow: renames.allow ?? [] };
        const what = { folder, wanted, name, dryRun, plan, consent, naming, afterWrite, signal: given };
        return generateMigration(bench, what);
      });
    },
    async check(options = {}) {
      const { atWorkbench, opener, schemaSource } = await import('./planning.js');
      const { checkMigrations } = await import('../planning/check-migrations.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      return atWorkbench(project, options, [], async (bench, signal) => {
        const wanted = await schemaSource(project);
        const folder = await project.folder();
        return unlessAborted(checkMigrations(bench, folder, wanted, { open: opener(project) }), signal);
      });
    },
    async validate({ replay = false, ...options } = {}) {
      const { validateMigrations } = await import('../planning/validate-migrations.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const { loadDialect } = await import('../dialects.js');
      const validated = async (bench?: Parameters<typeof validateMigrations>[2]) =>
        validateMigrations(await project.folder(), await loadDialect(url.engine), bench);
      if (!replay) return project.call(options, (signal) => unlessAborted(validated(), signal));
      const { atWorkbench } = await import('./planning.js');
      return atWorkbench(project, options, [], (bench, signal) => unlessAborted(validated(bench), signal));
    },
    heads(options = {}) {
      return project.call(options, async () => {
        const { describeHeads } = await import('../migrations/describe-graph.js');
        return { heads: describeHeads(await project.folder()) };
      });
    },
    branches(options = {}) {
      return project.call(options, async () => {
        const { describeBranches } = await import('../migrations/describe-graph.js');
        return describeBranches(await project.folder());
      });
    },
    hash(options = {}) {
      return project.call(options, async () => {
        const { hashFolder } = await import('../migrations/hash-folder.js');
        const { sums, changes } = await hashFolder(migrations);
        return { files: Object.fromEntries(sums), ...changes };
      });
    },
  };
}
