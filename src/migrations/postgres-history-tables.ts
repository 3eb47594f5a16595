/** The format of the bookkeeping tables that this version writes. */
export const HISTORY_FORMAT = 2;

/**
 * The statements that bring the tables from format N to N + 1; entry 0 makes them. Append only: databases
 * in every format are out there.
 */
export const HISTORY_UPGRADES: readonly (readonly string[])[] = [
  [
    // Not CREATE SCHEMA IF NOT EXISTS: it asks for CREATE on the database even when the schema is there.
    `DO $$ BEGIN
       IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'tidemark') THEN
         CREATE SCHEMA tidemark;
       END IF;
     END $$`,
    `CREATE TABLE tidemark.format (version integer NOT NULL, since timestamptz NOT NULL)`,
    `INSERT INTO tidemark.format VALUES (0, pg_catalog.clock_timestamp())`,
    `CREATE TABLE tidemark.revision (
       revision text PRIMARY KEY,
       position bigint GENERATED ALWAYS AS IDENTITY,
       name text NOT NULL,
       parents text[] NOT NULL,
       depends_on text[] NOT NULL,
       state text NOT NULL CHECK (state IN ('applied', 'applying', 'reverting')),
       origin text NOT NULL CHECK (origin IN ('run', 'baseline', 'stamp')),
       checksum text NOT NULL,
       down_sql text,
       down_checksum text,
       transaction_mode text NOT NULL CHECK (transaction_mode IN ('file', 'none')),
       statements_done integer NOT NULL,
       statements_total integer NOT NULL,
       statement_hashes text[] NOT NULL DEFAULT '{}',
       attempt jsonb,
       error text,
       applied_at timestamptz NOT NULL,
       applied_by text NOT NULL,
       duration_ms bigint,
       tool_version text NOT NULL
     )`,
    `CREATE TABLE tidemark.log (
       id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       run text NOT NULL,
       at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
       operation text NOT NULL,
       revision text,
       outcome text NOT NULL CHECK (outcome IN ('started', 'done', 'failed', 'interrupted')),
       statement integer,
       error text,
       sqlstate text,
       by_whom text NOT NULL,
       host text NOT NULL,
       process_id integer NOT NULL,
       database_role text NOT NULL DEFAULT SESSION_USER,
       backend_pid integer NOT NULL DEFAULT pg_catalog.pg_backend_pid(),
       tool_version text NOT NULL
     )`,
    `COMMENT ON SCHEMA tidemark IS 'Which migrations this database has; kept by tidemark'`,
  ],
  // Revisions that another tool had applied have an origin of their own.
  [
    `ALTER TABLE tidemark.revision DROP CONSTRAINT IF EXISTS revision_origin_check`,
    `ALTER TABLE tidemark.revision ADD CONSTRAINT revision_origin_check
       CHECK (origin IN ('run', 'baseline', 'stamp', 'import'))`,
  ],
];

/** The columns of the log in this version's format. */
export const LOG_COLUMNS = [
  'id',
  'run',
  'at',
  'operation',
  'revision',
  'outcome',
  'statement',
  'error',
  'sqlstate',
  'by_whom',
  'host',
  'process_id',
  'database_role',
  'backend_pid',
  'tool_version',
];
