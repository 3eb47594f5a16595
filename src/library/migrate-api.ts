import { type MigrateDatabaseApi, migrateDatabaseApi } from './migrate-database-api.js';
import { type MigrateFilesApi, migrateFilesApi } from './migrate-files-api.js';
import { type MigrateImportApi, migrateImportApi } from './migrate-import-api.js';
import { type MigrateRewriteApi, migrateRewriteApi } from './migrate-rewrite-api.js';
import type { ProjectSession } from './project-session.js';

/** The calls of `tidemark migrate`. What each throws stands with its command in the manual. */
export interface MigrateApi
  extends MigrateDatabaseApi,
    MigrateFilesApi,
    MigrateRewriteApi,
    MigrateImportApi {}

/** The calls of `project.migrate`. */
export function migrateApi(project: ProjectSession): MigrateApi {
  return {
    ...migrateDatabaseApi(project),
    ...migrateFilesApi(project),
    ...migrateRewriteApi(project),
    ...migrateImportApi(project),
  };
}
