import type { Connection } from '../database/connection.js';
import type { ObjectFilter } from '../schema/dialect.js';
import { patternParts } from '../schema/object-filter.js';

/**
 * Schemas that hosting platforms and job schedulers make in every database: Supabase, Google Cloud SQL and
 * AlloyDB, Amazon RDS, Azure, Neon, Heroku, Timescale, Hasura, pgAgent, pg_cron, pg_partman and the like.
 * What an extension owns is found in the catalog; these are the ones it does not show.
 */
const PLATFORM_SCHEMAS = [
  'auth',
  'storage',
  'realtime',
  '_realtime',
  'extensions',
  'graphql',
  'graphql_public',
  'vault',
  'pgsodium',
  'pgsodium_masks',
  'pgbouncer',
  'supabase_functions',
  'supabase_migrations',
  '_analytics',
  '_supavisor',
  'net',
  'google_vacuum_mgmt',
  'google_ml',
  'google_db_advisor',
  'aws_commons',
  'aws_s3',
  'aws_lambda',
  'rds_tools',
  'azure',
  'azure_ai',
  'azure_storage',
  'neon',
  'neon_auth',
  'neon_control_plane',
  'heroku_ext',
  '_heroku',
  'hdb_catalog',
  'pgagent',
  'cron',
  'partman',
  'pglogical',
  'repack',
  'topology',
  'tiger',
  'tiger_data',
  'cloudsqladmin',
  'rdsadmin',
  'timescaledb_information',
  'timescaledb_experimental',
];

const FIND = `
  SELECT CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
     AND n.nspname !~ '^pg_' AND n.nspname !~ '^_timescaledb_'
     AND n.nspname NOT IN ('information_schema', 'tidemark') AND NOT n.nspname = ANY($1::text[])
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                      WHERE d.deptype = 'e'
                        AND ((d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid)
                          OR (d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid)))
     AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS pattern
                      WHERE n.nspname || '.' || c.relname LIKE pattern ESCAPE '\\' OR n.nspname LIKE pattern ESCAPE '\\')
     AND ($4::text[] IS NULL
          OR EXISTS (SELECT FROM unnest($4::text[]) AS pattern
                      WHERE n.nspname || '.' || c.relname LIKE pattern ESCAPE '\\' OR n.nspname LIKE pattern ESCAPE '\\'
                         OR c.relname LIKE pattern ESCAPE '\\'))
   ORDER BY 1 LIMIT $3`;

/**
 * Names the user's tables and views. The filter holds patterns of the configuration (`schema.name` with
 * `*`, optionally `kind:` in front).
 */
export async function userTables(
  connection: Connection,
  { exclude, include }: ObjectFilter,
  limit: number,
): Promise<readonly string[]> {
  const likes = (patterns: readonly string[]) =>
    patterns.map((pattern) =>
      patternParts(pattern)
        .name.replace(/[\\%_]/g, '\\$&')
        .replaceAll('*', '%'),
    );
  const rows = await connection.query<{ name: string }>(FIND, [
    PLATFORM_SCHEMAS,
    likes(exclude),
    limit,
    include === undefined ? null : likes(include),
  ]);
  return rows.map((row) => row.name);
}
