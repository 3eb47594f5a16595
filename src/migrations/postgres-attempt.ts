import type { Connection } from '../database/connection.js';
import type { Settlement } from './engine.js';
import type { Attempt } from './history.js';

/** A name as SQL writes it, with its schema or not. */
const NAME = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const PATH = `${NAME}(?:\\s*\\.\\s*${NAME})*`;
const GAP = String.raw`(?:\s+|/\*[\s\S]*?\*/|--[^\n]*\n)+`;

function pattern(source: string): RegExp {
  return new RegExp(`^${source.replaceAll(' ', GAP)}`, 'iu');
}

const CREATE_INDEX = pattern(
  `CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?(?:(?<index>(?!ON\\b)${NAME}) )?ON (?:ONLY )?(?<table>${PATH})`,
);
const DROP_INDEX = pattern(`DROP INDEX CONCURRENTLY (?:IF EXISTS )?(?<index>${PATH})`);
const REINDEX = /^REINDEX\b/i;
const DETACH = pattern(
  `ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?<table>${PATH}) DETACH PARTITION (?<partition>${PATH}) CONCURRENTLY`,
);

/** Indexes there before a statement: enough to recognise what it left behind. */
interface Before {
  /** Oids of the indexes of the table, or of all invalid ones (REINDEX). */
  readonly indexes: readonly number[];
}

/** What has to be known before a statement outside a transaction to find out later how it ended. */
export async function beforeAttempt(connection: Connection, sql: string): Promise<Before | null> {
  const create = CREATE_INDEX.exec(sql)?.groups;
  if (create !== undefined) {
    return { indexes: (await indexesOf(connection, create.table!)).map((index) => index.oid) };
  }
  if (REINDEX.test(sql)) return { indexes: (await invalidIndexes(connection)).map((index) => index.oid) };
  return null;
}

/**
 * Looks up how an interrupted statement ended. An index that was built is kept, one that was not is dropped,
 * a concurrent DETACH is finalised; anything else is simply run again.
 */
export async function settleAttempt(connection: Connection, attempt: Attempt): Promise<Settlement> {
  const known = new Set((attempt.before as Before | null)?.indexes ?? []);
  const create = CREATE_INDEX.exec(attempt.sql)?.groups;
  if (create !== undefined) return settleCreateIndex(connection, create.index, create.table!, known);
  const drop = DROP_INDEX.exec(attempt.sql)?.groups;
  if (drop !== undefined) {
    const there = await exists(connection, drop.index!);
    return there ? redo() : done(`index ${drop.index} was dropped already`);
  }
  if (REINDEX.test(attempt.sql)) {
    const left = (await invalidIndexes(connection)).filter(
      (index) => !known.has(index.oid) && /_cc(?:new|old)\d*$/.test(index.bareName),
    );
    for (const index of left) await connection.executeAll([`DROP INDEX CONCURRENTLY ${index.name}`]);
    return redo(
      left.length > 0
        ? `dropped what an interrupted REINDEX left: ${left.map((i) => i.name).join(', ')}`
        : undefined,
    );
  }
  const detach = DETACH.exec(attempt.sql)?.groups;
  if (detach !== undefined) return settleDetach(connection, detach.table!, detach.partition!);
  return redo();
}

async function settleCreateIndex(
  connection: Connection,
  name: string | undefined,
  table: string,
  known: ReadonlySet<number>,
): Promise<Settlement> {
  const made = (await indexesOf(connection, table)).filter(
    (index) => !known.has(index.oid) && (name === undefined || index.bareName === foldName(name)),
  );
  const invalid = made.filter((index) => !index.valid);
  for (const index of invalid) await connection.executeAll([`DROP INDEX CONCURRENTLY ${index.name}`]);
  if (invalid.length > 0)
    return redo(
      `dropped the invalid index ${invalid.map((index) => index.name).join(', ')}, to build it again`,
    );
  return made.length > 0 ? done(`index ${made[0]!.name} had been built`) : redo();
}

async function settleDetach(connection: Connection, table: string, partition: string): Promise<Settlement> {
  const [row] = await connection.query<{ pending: boolean | null }>(
    `SELECT (to_jsonb(i) ->> 'inhdetachpending')::boolean AS pending FROM pg_catalog.pg_inherits i
      WHERE i.inhrelid = to_regclass($1) AND i.inhparent = to_regclass($2)`,
    [partition, table],
  );
  if (row === undefined) return done(`partition ${partition} was detached already`);
  if (row.pending !== true) return redo();
  await connection.executeAll([`ALTER TABLE ${table} DETACH PARTITION ${partition} FINALIZE`]);
  return done(`finished detaching partition ${partition}`);
}

interface FoundIndex {
  readonly oid: number;
  /** Qualified and quoted, as SQL needs it. */
  readonly name: string;
  readonly bareName: string;
  readonly valid: boolean;
}

const INDEX_COLUMNS = `i.indexrelid::bigint::float8 AS oid, format('%I.%I', n.nspname, c.relname) AS name,
  c.relname::text AS "bareName", i.indisvalid AS valid
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

function indexesOf(connection: Connection, table: string): Promise<FoundIndex[]> {
  return connection.query<FoundIndex>(
    `SELECT ${INDEX_COLUMNS} WHERE i.indrelid = to_regclass($1) ORDER BY 1`,
    [table],
  );
}

function invalidIndexes(connection: Connection): Promise<FoundIndex[]> {
  return connection.query<FoundIndex>(`SELECT ${INDEX_COLUMNS} WHERE NOT i.indisvalid ORDER BY 1`);
}

async function exists(connection: Connection, relation: string): Promise<boolean> {
  const [row] = await connection.query<{ found: boolean }>('SELECT to_regclass($1) IS NOT NULL AS found', [
    relation,
  ]);
  return row!.found;
}

/** A name as the catalog stores it. */
function foldName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

function done(note: string): Settlement {
  return { verdict: 'done', note };
}

function redo(note?: string): Settlement {
  return { verdict: 'redo', note };
}
