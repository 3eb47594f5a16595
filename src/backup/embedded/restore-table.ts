import { DatabaseError } from '../../database/connection.js';
import type { EmbeddedConnection } from '../../database/embedded-connection.js';
import { TidemarkError } from '../../errors.js';
import { requireStillWanted } from '../../migrations/abort.js';
import type { OpenBackup } from '../open-backup.js';
import { nameOf } from '../postgres/read-facts.js';
import type { RestoredTable, TableRestoreOptions } from '../sqlite/restore-table.js';
import { requireEngine } from '../unpack-part.js';
import { dumpSql } from './dump-sql.js';
import { openWhenFree, startRestored } from './embedded-backup.js';

/**
 * Copies one table of a backup into the live database, beside its own in the same schema, under a name that nothing
 * there has, in one transaction. The copy is columns and rows alone: no key, no default and no trigger. The table is
 * named as `table`, `public.table` or `schema.table`. Throws TidemarkError: `table-unknown`, `table-ambiguous`,
 * `table-exists` (exit code 2), `backup-damaged`, `database-locked` (4), `restore-failed` for a type that the live
 * database lacks.
 */
export async function restoreEmbeddedTable(
  backup: OpenBackup,
  options: TableRestoreOptions,
): Promise<RestoredTable> {
  const { path, lockTimeoutMs, signal, onEvent } = options;
  requireEngine(backup, 'embedded');
  await requireStillWanted(signal);
  const { schema, name } = findTable(backup, options.table);
  const url = { engine: 'postgres', adapter: 'embedded', path } as const;
  const live = await openWhenFree(url, { lockTimeoutMs, signal, onEvent });
  try {
    const target = { schema, name: await freeName(live, schema, name, options.as) };
    onEvent?.({ type: 'phase', phase: `copying ${schema}.${name} as ${schema}.${target.name}` });
    const restored = await startRestored(backup, signal);
    let sql: string;
    let rows: number;
    try {
      // A table of its own there, so that what is dumped has its name and nothing else. One that has the name is moved.
      const source = { schema, name: name === target.name ? 'tidemark_source' : name };
      await restored.executeAll([
        `ALTER TABLE IF EXISTS ${nameOf(target)} RENAME TO tidemark_source`,
        `CREATE TABLE ${nameOf(target)} AS TABLE ${nameOf(source)}`,
      ]);
      const [row] = await restored.query<{ rows: string }>(
        `SELECT pg_catalog.count(*)::text AS rows FROM ${nameOf(target)}`,
      );
      rows = Number(row?.rows ?? 0);
      const args = [`--table=${nameOf(target)}`, '--no-owner', '--no-privileges'];
      ({ sql } = await dumpSql(restored, signal, args));
    } finally {
      await restored.close();
    }
    await requireStillWanted(signal);
    await run(live, sql);
    return { table: `${schema}.${target.name}`, rows };
  } finally {
    await live.close();
  }
}

async function run(live: EmbeddedConnection, sql: string): Promise<void> {
  await live.executeAll(['BEGIN']);
  try {
    await live.executeAll([sql, 'COMMIT']);
  } catch (error) {
    await live.executeAll(['ROLLBACK']);
    if (!(error instanceof DatabaseError)) throw error;
    throw new TidemarkError('restore-failed', `the table cannot be made there: ${error.message}`, {
      hints: [
        'Nothing was changed. Restore the whole backup under another path, and take the rows from there.',
      ],
      cause: error,
    });
  }
}

function findTable({ manifest, label }: OpenBackup, wanted: string): { schema: string; name: string } {
  const { tables } = manifest;
  const full = ({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`;
  const exact = tables.filter((table) => full(table) === wanted);
  const found = exact.length > 0 ? exact : tables.filter(({ name }) => name === wanted);
  const inPublic = found.find(({ schema }) => schema === 'public');
  const table = found.length === 1 ? found[0] : inPublic;
  if (table !== undefined) return table;
  const several = found.length > 1;
  throw new TidemarkError(
    several ? 'table-ambiguous' : 'table-unknown',
    several
      ? `${label} has several tables ${JSON.stringify(wanted)}`
      : `${label} has no table ${JSON.stringify(wanted)}`,
    {
      exitCode: 2,
      hints: [`It has: ${(several ? found : tables).slice(0, 20).map(full).join(', ')}.`],
    },
  );
}

async function freeName(
  live: EmbeddedConnection,
  schema: string,
  table: string,
  wanted: string | undefined,
): Promise<string> {
  const isTaken = async (name: string) => {
    const rows = await live.query(
      `SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relname = $2`,
      [schema, name],
    );
    return rows.length > 0;
  };
  if (wanted !== undefined) {
    if (!(await isTaken(wanted))) return wanted;
    throw new TidemarkError(
      'table-exists',
      `the database has ${JSON.stringify(`${schema}.${wanted}`)} already`,
      {
        exitCode: 2,
        hints: ['Choose another name: a table is never restored over one that is there.'],
      },
    );
  }
  for (let count = 1; ; count++) {
    const name = `${table}_restored${count === 1 ? '' : `_${count}`}`;
    if (!(await isTaken(name))) return name;
  }
}
