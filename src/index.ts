/** What `import { … } from 'tidemark'` gives. Everything heavy stays behind the functions that need it. */

export { type Connection, DatabaseError, type Row } from './database/connection.js';
export { type ExitCode, type SourceLocation, TidemarkError, type TidemarkErrorOptions } from './errors.js';
export {
  openProject,
  type Project,
  type ProjectOptions,
  type SqliteCheck,
  type SqliteRequirement,
} from './library/open-project.js';
export type {
  MigrateEvent,
  MigrateOptions,
  MigrateResult,
  MigrateStep,
  MigrateUpOptions,
} from './migrations/migrate-options.js';
export type { MigrationDatabase } from './migrations/migration-database.js';
export type { MigrationState, MigrationStatus } from './migrations/status.js';
export {
  type Config,
  type ConfigExport,
  type ConfigInput,
  defineConfig,
  type EnvironmentConfig,
} from './project/config.js';
