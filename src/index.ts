/** What `import { … } from 'tidemark'` gives. Everything heavy stays behind the functions that need it. */

export type { BackupStatus, BackupVerdict, StatusBackup } from './backup/backup-status.js';
export type { Verified } from './backup/catalog.js';
export type { BackupEvent } from './backup/events.js';
export type { Manifest } from './backup/manifest.js';
export type { ScheduleEnd, ScheduleEvent } from './backup/schedule.js';
export type { VerifyLevel, VerifyResult } from './backup/verify-backup.js';
export type {
  BackupConfig,
  BackupHooks,
  DestinationConfig,
  FolderDestination,
  RetentionConfig,
  S3Destination,
  SupabaseDestination,
} from './backup-config.js';
export { type Connection, DatabaseError, type Row } from './database/connection.js';
export { type ExitCode, type SourceLocation, TidemarkError, type TidemarkErrorOptions } from './errors.js';
export type { ImportOutcome } from './importing/import-outcome.js';
export type { ImportTool } from './importing/imported-project.js';
export type { DroppedDatabase } from './library/backups/kept-databases.js';
export type {
  BackupList,
  BackupStatusReport,
  ListedBackup,
  PinnedBackup,
  PlaceOfBackup,
  ShownBackup,
} from './library/backups/look-at-backups.js';
export type { MadeBackup } from './library/backups/make-backup.js';
export type { MovedBackup } from './library/backups/move-backups.js';
export type { PrunedBackups, PrunedPlace } from './library/backups/prune-places.js';
export type { RepairedRestore, RestoredBackup, UndoneRestore } from './library/backups/restore-backup.js';
export type { BackupScheduleEvent } from './library/backups/schedule-backups.js';
export type { VerifiedBackup } from './library/backups/verify-backups.js';
export type {
  BackupCreateOptions,
  BackupListOptions,
  BackupMoveOptions,
  BackupPruneOptions,
  BackupRestoreOptions,
  BackupSchedule,
  BackupScheduleOptions,
  BackupStatusOptions,
  BackupsApi,
  BackupVerifyOptions,
} from './library/backups-api.js';
export type { CheckOptions, DatabaseApi } from './library/database-api.js';
export type { MigrateApi } from './library/migrate-api.js';
export type {
  BackupFirstOptions,
  CurrentRevisions,
  DownOptions,
  HistoryOptions,
  MigrationHistory,
  ShowOptions,
  StampOptions,
  UpOptions,
  UpResult,
} from './library/migrate-database-api.js';
export type {
  DiffOptions,
  HashedFiles,
  NewMigrationFiles,
  NewOptions,
  ValidateOptions,
} from './library/migrate-files-api.js';
export type { ImportOptions } from './library/migrate-import-api.js';
export type {
  MergedHeads,
  MergeOptions,
  RebasedMigrations,
  RebaseOptions,
  SquashedMigrations,
  SquashOptions,
} from './library/migrate-rewrite-api.js';
export { openProject, type Project, type ProjectOptions } from './library/open-project.js';
export type { ConsentOptions, RenameOptions } from './library/planning.js';
export type { CallOptions } from './library/project-session.js';
export type {
  DetectOptions,
  InspectOptions,
  SchemaApi,
  SchemaDiffOptions,
  SnapshotOptions,
} from './library/schema-api.js';
export type { BranchPoints, Head } from './migrations/describe-graph.js';
export type { Standing } from './migrations/graph/standing.js';
export type { LogRecord } from './migrations/history.js';
export type { MigrateEvent, MigrateResult, MigrateStep } from './migrations/migrate-options.js';
export type { MigrationDatabase } from './migrations/migration-database.js';
export type { ShownMigration } from './migrations/show-migrations.js';
export type { StampResult } from './migrations/stamp-plan.js';
export type { MigrationState, MigrationStatus } from './migrations/status.js';
export type { MigrationCheck } from './planning/check-migrations.js';
export type { DetectedChange } from './planning/detect-change.js';
export type { Difference } from './planning/difference.js';
export type { GeneratedMigration } from './planning/generate-migration.js';
export type { InspectedState } from './planning/inspect-state.js';
export type { TakenSnapshot } from './planning/take-snapshot.js';
export type { Validation } from './planning/validate-migrations.js';
export {
  type Config,
  type ConfigExport,
  type ConfigInput,
  defineConfig,
  type EnvironmentConfig,
  type NewMigrationsConfig,
} from './project/config.js';
