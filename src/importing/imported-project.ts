import type { Connection } from '../database/connection.js';

/** The tools whose histories can be brought in. */
export const IMPORT_TOOLS = [
  'atlas',
  'alembic',
  'prisma',
  'drizzle',
  'dbmate',
  'flyway',
  'golang-migrate',
  'goose',
  'node-pg-migrate',
  'knex',
  'liquibase-sql',
] as const;
export type ImportTool = (typeof IMPORT_TOOLS)[number];

/** One migration of another tool, as Tidemark keeps it. */
export interface ImportedRevision {
  /** The id that the tool's own table and people know it by, as far as ours may be written so. */
  readonly id: string;
  /** For the file's name; free text. */
  readonly name: string;
  /** Undefined: it follows the one before it in the list. `[]`: it starts a line of its own. */
  readonly parents: readonly string[] | undefined;
  readonly dependsOn: readonly string[];
  /** The label of the line it begins. */
  readonly branch: string | undefined;
  readonly up: string;
  /** Undefined when the tool has no reverse for it. */
  readonly down: string | undefined;
  readonly transaction: 'file' | 'none';
  readonly downTransaction: 'file' | 'none';
  /** How the tool's own table names it (a version, a file's name, a hash). */
  readonly key: string;
  /** The file it comes from, for messages. */
  readonly source: string;
}

/** A project of another tool, read and checked. */
export interface ImportedProject {
  readonly tool: ImportTool;
  /** Parents before children. */
  readonly revisions: readonly ImportedRevision[];
  /** What a person should know, as full sentences: what was left out, what could not be verified. */
  readonly notes: readonly string[];
}

/** What a tool's own bookkeeping table says. */
export interface RecordedElsewhere {
  /** `public.atlas_schema_revisions`; undefined when there is no such table. */
  readonly table: string | undefined;
  /** Ids of the project's revisions that are applied, in the order in which they were. */
  readonly applied: readonly string[];
  /** What the table names and the project has not, as the table names it. */
  readonly unknown: readonly string[];
  /** What stands in the way, as full sentences: a failed or half-done migration. */
  readonly problems: readonly string[];
  /**
   * Files that are not what was applied, by the tool's own checksums, as full sentences. They stand in the way
   * unless the user has looked at them and says so.
   */
  readonly edited?: readonly string[];
  /** What a person should know besides, as full sentences. */
  readonly notes?: readonly string[];
}

/** What reading a project may be told. */
export interface ReadOptions {
  /** The SQL the imported files are written in. */
  readonly engine: 'postgres' | 'sqlite';
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
}

/** One tool. */
export interface Importer {
  readonly tool: ImportTool;
  /**
   * Reads a project from its folder (or file), verifies the checksums it carries, and converts its migrations.
   * Never writes. Throws TidemarkError: `import-not-found` (exit code 2) when the folder is not such a project,
   * `import-checksum` when its own checksums do not hold, `import-unsupported` with the place of what cannot be
   * converted.
   */
  read(path: string, options: ReadOptions): Promise<ImportedProject>;
  /** Reads the tool's bookkeeping in a database. Never writes. */
  recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere>;
}
