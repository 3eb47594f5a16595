import { type Connection, DatabaseError } from '../database/connection.js';
import {
  type BrokenObject,
  brokenObjects,
  foreignKeyViolations,
  type Violation,
} from '../database/sqlite-health.js';
import { TidemarkError } from '../errors.js';
import type { OfflineFrame } from './engine-sql.js';
import type { Script } from './script.js';
import { quoted } from './sqlite-literal.js';
import { type Rebuild, readRebuilds } from './sqlite-rebuilds.js';
import { askBefore, askEarly, type RowQuestion, rowQuestions } from './sqlite-row-questions.js';
import type { TransactionFrame } from './transaction-frame.js';

const FOREIGN_KEYS =
  /^pragma\s+(?:main\s*\.\s*)?foreign_keys\s*[=(]\s*['"]?(on|off|true|false|yes|no|1|0)['"]?\s*\)?$/i;
const FOREIGN_KEY_CHECK = /^pragma\s+(?:main\s*\.\s*)?foreign_key_check$/i;
const IGNORES_ROW_COUNT = /^--\s*tidemark:ignore\s+row-count\b/m;

/** The views and triggers that do not compile, found once for each state of a schema within a run. */
export interface KnownBroken {
  schemaVersion: number | undefined;
  broken: readonly BrokenObject[];
}

/**
 * Everything that a migration of SQLite needs beside its transaction. `PRAGMA foreign_keys` does nothing
 * inside one, so the switch at the head of a file is thrown before it, on this connection, and read back;
 * without enforcement, what the migration did is checked before it is committed. The commit is on disk before
 * it counts (synchronous = FULL). Afterwards the session is as it was.
 */
export async function sqliteFrame(
  connection: Connection,
  script: Script,
  known: KnownBroken,
): Promise<TransactionFrame> {
  const covered = coveredStatements(script);
  const enforced = !switchesOff(script, covered);
  const rebuilds = readRebuilds(script);
  let questions: readonly RowQuestion[] = rowQuestions(script, rebuilds);
  const before = {
    foreignKeys: await pragma(connection, 'foreign_keys'),
    synchronous: await pragma(connection, 'synchronous'),
  };
  await connection.executeAll([
    `PRAGMA foreign_keys = ${enforced ? 'ON' : 'OFF'}`,
    // EXTRA is stronger than FULL and stays.
    ...(before.synchronous < 2 ? ['PRAGMA synchronous = FULL'] : []),
  ]);
  if ((await pragma(connection, 'foreign_keys')) !== (enforced ? 1 : 0)) {
    throw new TidemarkError(
      'foreign-keys-stuck',
      'PRAGMA foreign_keys did not take: a transaction is open already',
    );
  }
  const onlyAdds = cannotBreak(script, covered);
  let schemaVersion = 0;
  let newest = 0;
  let broken = new Set<string>();
  let violations: readonly Violation[] = [];
  const analysed = new Set<string>();

  return {
    covered,

    async opened() {
      questions = await askEarly(connection, questions);
      schemaVersion = await pragma(connection, 'schema_version');
      const [row] = await connection.query<{ newest: number }>(
        'SELECT coalesce(max(rowid), 0) AS newest FROM sqlite_schema',
      );
      newest = row!.newest;
      if (!onlyAdds && known.schemaVersion !== schemaVersion) {
        known.broken = await brokenObjects(connection);
        known.schemaVersion = schemaVersion;
      }
      broken = new Set(known.broken.map(({ name }) => name));
      if (!enforced) violations = await foreignKeyViolations(connection);
      for (const { table } of rebuilds) if (await hasStatistics(connection, table)) analysed.add(table);
    },

    async before(statement) {
      await askBefore(connection, questions, statement);
      const rebuild = rebuilds.find(({ filledAt }) => filledAt === statement);
      if (rebuild !== undefined) await requireSameCount(connection, rebuild, script);
    },

    async verify() {
      if (!enforced) {
        requireNoNewViolations(violations, await foreignKeyViolations(connection));
        for (const { table } of rebuilds) await requireIntegrity(connection, table);
      }
      for (const table of analysed) await connection.executeAll([`ANALYZE ${quoted(table)}`]);
      const reached = await pragma(connection, 'schema_version');
      if (reached === schemaVersion) return;
      const found = await brokenObjects(connection, onlyAdds ? newest : 0);
      const now = found.find(({ name }) => onlyAdds || !broken.has(name));
      if (!onlyAdds) known.broken = found;
      if (!onlyAdds || known.schemaVersion === schemaVersion) known.schemaVersion = reached;
      if (now !== undefined) {
        throw new DatabaseError(`${now.type} ${now.name} is broken by it: ${now.message}`, {
          hint: 'Drop it before the change and create it again after it, in the same migration.',
        });
      }
    },

    async close() {
      await connection.executeAll([
        `PRAGMA foreign_keys = ${before.foreignKeys}`,
        `PRAGMA synchronous = ${before.synchronous}`,
        'PRAGMA legacy_alter_table = OFF',
      ]);
    },
  };
}

/** The same for a script: what can be said in SQL. New orphans are printed, and it is for the reader to see them. */
export function offlineFrame(script: Script): OfflineFrame {
  const covered = coveredStatements(script);
  if (!switchesOff(script, covered)) return { covered, before: [], after: [], first: [], last: [] };
  const violations = '(SELECT count(*) FROM pragma_foreign_key_check)';
  const message = 'rows refer to nothing after this migration: PRAGMA foreign_key_check';
  return {
    covered,
    before: ['PRAGMA foreign_keys = OFF'],
    after: ['PRAGMA foreign_keys = ON'],
    // As in a run, what was broken before is not held against the migration.
    first: [
      `CREATE TEMP TABLE tidemark_violations (before INTEGER, after INTEGER, CONSTRAINT ${quoted(message)} CHECK (after <= before))`,
      `INSERT INTO temp.tidemark_violations VALUES (${violations}, NULL)`,
    ],
    last: [
      `UPDATE temp.tidemark_violations SET after = ${violations}`,
      'DROP TABLE temp.tidemark_violations',
    ],
  };
}

function switchesOff({ statements }: Script, covered: ReadonlySet<number>): boolean {
  return statements.some(({ sql }, at) => covered.has(at) && isOff(FOREIGN_KEYS.exec(sql)?.[1]));
}

/** True when all that a script can break is what it makes itself: most migrations, in a database of any size. */
function cannotBreak({ statements }: Script, covered: ReadonlySet<number>): boolean {
  const harmless = /^(?:create|insert|replace|update|delete|select|with|analyze)\b/i;
  return statements.length > 0 && statements.every(({ sql }, at) => covered.has(at) || harmless.test(sql));
}

/** The switches at the head and at the end of the file, and the check that belongs to them. */
function coveredStatements({ statements }: Script): Set<number> {
  const covered = new Set<number>();
  const covers = (at: number): boolean => {
    const sql = statements[at]?.sql ?? '';
    return FOREIGN_KEYS.test(sql) || FOREIGN_KEY_CHECK.test(sql);
  };
  for (let at = 0; covers(at); at++) covered.add(at);
  for (let at = statements.length - 1; covers(at); at--) covered.add(at);
  return covered;
}

function isOff(value: string | undefined): boolean {
  return value !== undefined && /^(off|false|no|0)$/i.test(value);
}

async function requireSameCount(connection: Connection, rebuild: Rebuild, script: Script): Promise<void> {
  if (IGNORES_ROW_COUNT.test(script.text)) return;
  const { table, copy } = rebuild;
  const [row] = await connection.query<{ old: number; copied: number }>(
    `SELECT (SELECT count(*) FROM ${quoted(table)}) AS old, (SELECT count(*) FROM ${quoted(copy)}) AS copied`,
  );
  if (row!.old === row!.copied) return;
  throw new DatabaseError(
    `table ${table} has ${row!.old} rows and ${copy}, which is to take its place, has ${row!.copied}`,
    {
      hint: `Copy every row, or delete the others before; if it is meant so, put "-- tidemark:ignore row-count WHY" at the top of the file.`,
    },
  );
}

function requireNoNewViolations(before: readonly Violation[], now: readonly Violation[]): void {
  const count = (list: readonly Violation[], key: string) =>
    list.find((entry) => entry.key === key)?.rows ?? 0;
  const worse = now.find(({ key, rows }) => rows > count(before, key));
  if (worse === undefined) return;
  const rows = worse.rows - count(before, worse.key);
  throw new DatabaseError(
    `${rows} ${rows === 1 ? 'row' : 'rows'} of ${worse.table} would refer to rows of ${worse.parent} that are not there`,
    { sqlstate: 'SQLITE_CONSTRAINT_FOREIGNKEY', hint: `See all of them with: ${worse.query}` },
  );
}

async function requireIntegrity(connection: Connection, table: string): Promise<void> {
  // For one table since 3.33; before that the argument would be taken for a number.
  const argument = connection.versionNumber >= 3_033_000 ? `(${quoted(table)})` : '';
  const rows = await connection.query<{ integrity_check: string }>(`PRAGMA integrity_check${argument}`);
  if (rows[0]?.integrity_check === 'ok') return;
  throw new DatabaseError(
    `the integrity check of ${table} says: ${rows
      .map((row) => row.integrity_check)
      .slice(0, 3)
      .join('; ')}`,
    { sqlstate: 'SQLITE_CORRUPT' },
  );
}

async function hasStatistics(connection: Connection, table: string): Promise<boolean> {
  const there = await connection.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'");
  if (there.length === 0) return false;
  return (
    (await connection.query('SELECT 1 FROM sqlite_stat1 WHERE tbl = ?1 COLLATE NOCASE', [table])).length > 0
  );
}

async function pragma(connection: Connection, name: string): Promise<number> {
  const [row] = await connection.query<Record<string, number>>(`PRAGMA ${name}`);
  return row![name]!;
}
