import type { Importer, ImportTool } from './imported-project.js';

const IMPORTERS: Readonly<Record<ImportTool, () => Promise<{ readonly importer: Importer }>>> = {
  atlas: () => import('./tools/atlas.js'),
  alembic: () => import('./tools/alembic.js'),
  prisma: () => import('./tools/prisma.js'),
  drizzle: () => import('./tools/drizzle.js'),
  dbmate: () => import('./tools/dbmate.js'),
  flyway: () => import('./tools/flyway.js'),
  'golang-migrate': () => import('./tools/golang-migrate.js'),
  goose: () => import('./tools/goose.js'),
  'node-pg-migrate': () => import('./tools/node-pg-migrate.js'),
  knex: () => import('./tools/knex.js'),
  'liquibase-sql': () => import('./tools/liquibase-sql.js'),
};

/** Loads the importer of a tool; nothing of the others is loaded. */
export async function loadImporter(tool: ImportTool): Promise<Importer> {
  return (await IMPORTERS[tool]()).importer;
}
