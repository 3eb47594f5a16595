/** The format of the bookkeeping tables that this version writes. */
export const HISTORY_FORMAT = 2;

/** ISO 8601 in UTC with milliseconds. */
export const NOW = `strftime('%Y-%m-%dT%H:%M:%fZ', 'now')`;

/**
 * The statements that bring the tables from format N to N + 1; entry 0 makes them. Append only: databases
 * in every format are out there. Every name of ours begins with `tidemark_`: that is how a schema is told
 * from its bookkeeping.
 */
export const HISTORY_UPGRADES: readonly (readonly string[])[] = [
  [
    `CREATE TABLE tidemark_format (version INTEGER NOT NULL, since TEXT NOT NULL)`,
    `INSERT INTO tidemark_format VALUES (0, ${NOW})`,
    `CREATE TABLE tidemark_revision (
       revision TEXT NOT NULL UNIQUE,
       position INTEGER PRIMARY KEY AUTOINCREMENT,
       name TEXT NOT NULL,
       parents TEXT NOT NULL,
       depends_on TEXT NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('applied', 'applying', 'reverting')),
       origin TEXT NOT NULL CHECK (origin IN ('run', 'baseline', 'stamp')),
       checksum TEXT NOT NULL,
       down_sql TEXT,
       down_checksum TEXT,
       transaction_mode TEXT NOT NULL CHECK (transaction_mode IN ('file', 'none')),
       statements_done INTEGER NOT NULL,
       statements_total INTEGER NOT NULL,
       statement_hashes TEXT NOT NULL DEFAULT '[]',
       attempt TEXT,
       error TEXT,
       applied_at TEXT NOT NULL,
       applied_by TEXT NOT NULL,
       duration_ms INTEGER,
       tool_version TEXT NOT NULL
     )`,
    `CREATE TABLE tidemark_log (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       run TEXT NOT NULL,
       at TEXT NOT NULL DEFAULT (${NOW}),
       operation TEXT NOT NULL,
       revision TEXT,
       outcome TEXT NOT NULL CHECK (outcome IN ('started', 'done', 'failed', 'interrupted')),
       statement INTEGER,
       error TEXT,
       sqlstate TEXT,
       by_whom TEXT NOT NULL,
       host TEXT NOT NULL,
       process_id INTEGER NOT NULL,
       tool_version TEXT NOT NULL
     )`,
  ],
  // Revisions that another tool had applied have an origin of their own. A check cannot be altered, and a table
  // cannot be renamed where some view is broken: so it is kept aside, made anew, and filled again.
  [
    `CREATE TEMP TABLE tidemark_kept AS SELECT * FROM main.tidemark_revision`,
    `DROP TABLE main.tidemark_revision`,
    `CREATE TABLE tidemark_revision (
       revision TEXT NOT NULL UNIQUE,
       position INTEGER PRIMARY KEY AUTOINCREMENT,
       name TEXT NOT NULL,
       parents TEXT NOT NULL,
       depends_on TEXT NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('applied', 'applying', 'reverting')),
       origin TEXT NOT NULL CHECK (origin IN ('run', 'baseline', 'stamp', 'import')),
       checksum TEXT NOT NULL,
       down_sql TEXT,
       down_checksum TEXT,
       transaction_mode TEXT NOT NULL CHECK (transaction_mode IN ('file', 'none')),
       statements_done INTEGER NOT NULL,
       statements_total INTEGER NOT NULL,
       statement_hashes TEXT NOT NULL DEFAULT '[]',
       attempt TEXT,
       error TEXT,
       applied_at TEXT NOT NULL,
       applied_by TEXT NOT NULL,
       duration_ms INTEGER,
       tool_version TEXT NOT NULL
     )`,
    `INSERT INTO main.tidemark_revision SELECT * FROM temp.tidemark_kept ORDER BY position`,
    `DROP TABLE temp.tidemark_kept`,
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
  'tool_version',
];
