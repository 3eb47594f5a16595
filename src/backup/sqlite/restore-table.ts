import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { noDatabase } from '../../database/missing-database.js';
import { connectSqlite } from '../../database/sqlite-connection.js';
import { TidemarkError } from '../../errors.js';
import { requireStillWanted } from '../../migrations/abort.js';
import { migrationEngine } from '../../migrations/engine.js';
import type { BackupRun } from '../events.js';
import type { OpenBackup } from '../open-backup.js';
import { partWithRole, requireEngine, unpackPart } from '../unpack-part.js';
import { plainScratch } from './plain-scratch.js';
import { checkUnpacked, SQLITE_ROLE, sqliteUrlOf } from './sqlite-backup.js';

export interface TableRestoreOptions extends BackupRun {
  /** The live database; it must be there. */
  readonly path: string;
  readonly table: string;
  /** The name that the copy gets. Default: the table's with `_restored`, and a number where that is taken. */
  readonly as?: string | undefined;
  readonly lockTimeoutMs: number;
}

export interface RestoredTable {
  readonly table: string;
  readonly rows: number;
}

/**
 * Copies one table of a backup into the live database under a name that nothing there has, in one transaction, so that
 * its rows can be looked at and taken over. The copy is rows alone: no key, no check and no trigger, which could refuse
 * or change them. Throws TidemarkError: `table-unknown`, `table-exists` (exit code 2), `cannot-connect`, `backup-damaged`, `locked` (4).
 */
export async function restoreSqliteTable(
  backup: OpenBackup,
  options: TableRestoreOptions,
): Promise<RestoredTable> {
  const { path, lockTimeoutMs, signal, onEvent } = options;
  requireEngine(backup, 'sqlite');
  await requireStillWanted(signal);
  if (!existsSync(path)) throw noDatabase(sqliteUrlOf(path));
  const table = findTable(backup, options.table);
  const part = partWithRole(backup, SQLITE_ROLE);
  const encrypted = backup.manifest.encryption !== null;
  const scratch = await plainScratch(encrypted ? part.plainBytes : Number.POSITIVE_INFINITY);
  try {
    const copy = join(scratch.folder, 'database.sqlite');
    onEvent?.({ type: 'phase', phase: 'unpacking' });
    await unpackPart(backup, part.name, copy, options);
    await checkUnpacked(backup, copy);
    await requireStillWanted(signal);
    const connection = await connectSqlite(sqliteUrlOf(path));
    try {
      const engine = await migrationEngine(connection);
      const release = await engine.lock(lockTimeoutMs, () => {}, signal);
      try {
        await connection.query('ATTACH DATABASE ?1 AS tidemark_backup', [copy]);
        await connection.executeAll(['BEGIN IMMEDIATE']);
        try {
          const target = await freeName(connection.query.bind(connection), table, options.as);
          onEvent?.({ type: 'phase', phase: `copying ${table} as ${target}` });
          await connection.executeAll([
            `CREATE TABLE main.${quoted(target)} AS SELECT * FROM tidemark_backup.${quoted(table)}`,
          ]);
          const [row] = await connection.query<{ rows: number }>(
            `SELECT count(*) AS rows FROM main.${quoted(target)}`,
          );
          await connection.executeAll(['COMMIT']);
          return { table: target, rows: Number(row?.rows ?? 0) };
        } catch (error) {
          await connection.executeAll(['ROLLBACK']);
          throw error;
        }
      } finally {
        await release();
      }
    } finally {
      await connection.close();
    }
  } finally {
    await scratch.remove();
  }
}

function findTable(backup: OpenBackup, name: string): string {
  const { tables } = backup.manifest;
  const found = tables.find((table) => table.name === name);
  if (found !== undefined) return found.name;
  const names = tables.map((table) => table.name);
  throw new TidemarkError('table-unknown', `${backup.label} has no table ${JSON.stringify(name)}`, {
    exitCode: 2,
    hints: [names.length === 0 ? 'It has no table at all.' : `It has: ${names.slice(0, 20).join(', ')}.`],
  });
}

async function freeName(
  query: (sql: string, parameters: readonly unknown[]) => Promise<readonly object[]>,
  table: string,
  wanted: string | undefined,
): Promise<string> {
  const isTaken = async (name: string) =>
    (await query('SELECT 1 FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE', [name])).length > 0;
  if (wanted !== undefined) {
    if (!(await isTaken(wanted))) return wanted;
    throw new TidemarkError('table-exists', `the database has ${JSON.stringify(wanted)} already`, {
      exitCode: 2,
      hints: ['Choose another name: a table is never restored over one that is there.'],
    });
  }
  for (let count = 1; ; count++) {
    const name = `${table}_restored${count === 1 ? '' : `_${count}`}`;
    if (!(await isTaken(name))) return name;
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
