import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../database/connection.js';
import type { PostgresUrl } from '../../database/database-url.js';
import { connectPostgres } from '../../database/postgres-server.js';
import { TidemarkError } from '../../errors.js';
import { requireNotAborted } from '../../migrations/abort.js';
import { quoteIdent } from '../../postgres/identifiers.js';
import { FILE_MODE } from '../safe-files.js';
import { scratchFolder } from '../scratch-folder.js';
import { findClient, type PostgresClient } from './find-client.js';
import { countTables, nameOf } from './read-facts.js';
import { restoreArchive, restoreJobs } from './restore-archive.js';
import { createDatabase } from './restore-create.js';
import { orDropped, type RestoreJob, result } from './restore-job.js';
import type { PostgresRestored, RestoredTable } from './restore-options.js';
import { type SelectedTable, selectTables } from './restore-tables.js';
import { runClient } from './run-client.js';
import { dropDatabase } from './swap-recover.js';

/** What a copy to look at and to take rows from comes with; no keys to other tables, no triggers. */
const AFTER_DATA = /^\d+; \d+ \d+ (CONSTRAINT|INDEX|INDEX ATTACH|STATISTICS) /;

/**
 * Restores only some tables, into a schema of their own in the live database: `restored_4fa9c1.users`. They are
 * filled in a database beside, with everything that they are made of, moved to that schema there, and copied over in
 * one transaction. No table of the live database is touched.
 */
export async function restoreSelection(job: RestoreJob): Promise<PostgresRestored> {
  const { backup, options, session, names, ready } = job;
  const { onEvent } = options;
  const started = performance.now();
  const beside: PostgresUrl = { ...options.url, database: names.beside };
  const live: PostgresUrl = { ...options.url, database: session.database };
  const { path: scratch, remove } = await scratchFolder(tmpdir());
  try {
    const tables = await orDropped(job, names.beside, async () => {
      onEvent?.({ type: 'phase', phase: `creating ${names.beside}` });
      await createDatabase(session.connection, names.beside, backup.manifest.engine, ready.facts.live, {
        state: 'restoring',
        of: session.database,
        backup: backup.manifest.id,
        at: new Date().toISOString(),
        comment: null,
      });
      const copied = await fill(job, beside, scratch);
      onEvent?.({ type: 'phase', phase: 'copying the tables' });
      await copyOver(job, beside, live, [...new Set(copied.map((table) => table.restoredSchema))], scratch);
      await dropDatabase(session.connection, names.beside);
      return copied;
    });
    job.notes.push(
      'The copies come with their keys, checks and indexes, and without owners, grants, triggers, policies and foreign keys.',
    );
    return {
      ...result(job, 'selection', session.database),
      tables: tables.filter(({ partitioned }) => !partitioned).map(({ partitioned: _, ...table }) => table),
      restoreMs: performance.now() - started,
    };
  } finally {
    await remove();
  }
}

type CopiedTable = RestoredTable & { readonly partitioned: boolean };

/** Fills the tables in the database beside, and moves them there to the schema that they come back in. */
async function fill(job: RestoreJob, url: PostgresUrl, scratch: string): Promise<CopiedTable[]> {
  const { backup, options, ready, names } = job;
  const { onEvent, signal } = options;
  const path = ready.archive.file ?? ready.archive.folder;
  const plain = ['--no-owner', '--no-privileges', '--no-tablespaces', '--no-publications'];
  const run = (args: readonly string[]) =>
    restoreArchive({ client: ready.client, path, url, args: [...plain, ...args], signal });
  onEvent?.({ type: 'phase', phase: `restoring into ${names.beside}` });
  await run(['--section=pre-data']);
  const connection = await connectPostgres(url);
  try {
    await connection.executeAll(['SET statement_timeout = 0']);
    const tables = await selectTables(connection, options.tables ?? [], options.schemas ?? []);
    const schemas = [...new Set(tables.map(({ schema }) => schema))];
    for (const schema of schemas) {
      const wanted = tables.filter((table) => table.schema === schema);
      const relations = wanted.flatMap(({ name, sequences }) => [
        name,
        ...sequences.filter((sequence) => sequence.schema === schema).map((sequence) => sequence.name),
      ]);
      await run([
        '--section=data',
        `--jobs=${restoreJobs(backup, options.jobs)}`,
        `--schema=${schema}`,
        ...[...new Set(relations)].map((name) => `--table=${name}`),
      ]);
    }
    requireNotAborted(signal);
    await run(['--section=post-data', `--use-list=${await afterData(ready.client, path, scratch, signal)}`]);
    const target = (schema: string) =>
      schemas.length === 1 ? `restored_${names.id}` : `restored_${names.id}_${schema}`;
    await move(connection, tables, target);
    onEvent?.({ type: 'phase', phase: 'comparing with the manifest' });
    return await compared(job, connection, tables, target);
  } finally {
    await connection.close().catch(() => {});
  }
}

/** A list for pg_restore of what an empty copy is finished with. */
async function afterData(
  client: PostgresClient,
  path: string,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  let list = '';
  await runClient({
    client,
    args: ['--list', path],
    url: undefined,
    signal,
    consume: async (output) => {
      for await (const piece of output.setEncoding('utf8')) list += piece;
    },
  });
  const file = join(scratch, 'after-data.list');
  const lines = list.split('\n').filter((line) => AFTER_DATA.test(line));
  await writeFile(file, `${lines.join('\n')}\n`, { mode: FILE_MODE });
  return file;
}

async function move(
  connection: Connection,
  tables: readonly SelectedTable[],
  target: (schema: string) => string,
): Promise<void> {
  const chosen = new Set(tables.map(nameOf));
  const statements: string[] = ['BEGIN'];
  for (const schema of new Set(tables.map((table) => table.schema)))
    statements.push(`CREATE SCHEMA ${quoteIdent(target(schema))}`);
  for (const table of tables) {
    // A copy that still belonged to a table that stays behind would be hung on the live one.
    for (const parent of table.parents.filter((one) => !chosen.has(nameOf(one))))
      statements.push(
        table.isPartition
          ? `ALTER TABLE ${nameOf(parent)} DETACH PARTITION ${nameOf(table)}`
          : `ALTER TABLE ${nameOf(table)} NO INHERIT ${nameOf(parent)}`,
      );
  }
  for (const table of tables)
    statements.push(`ALTER TABLE ${nameOf(table)} SET SCHEMA ${quoteIdent(target(table.schema))}`);
  await connection.executeAll([...statements, 'COMMIT']);
}

async function compared(
  { backup, names }: RestoreJob,
  connection: Connection,
  tables: readonly SelectedTable[],
  target: (schema: string) => string,
): Promise<CopiedTable[]> {
  const counts = new Map((await countTables(connection)).map((table) => [nameOf(table), table.rows]));
  const recorded = new Map(backup.manifest.tables.map((table) => [nameOf(table), table.rows]));
  const differences: string[] = [];
  const copied = tables.map(({ schema, name, partitioned }) => {
    const restoredSchema = target(schema);
    const rows = counts.get(nameOf({ schema: restoredSchema, name })) ?? 0;
    const wanted = recorded.get(nameOf({ schema, name })) ?? null;
    if (!partitioned && wanted !== null && wanted !== rows)
      differences.push(`table ${schema}.${name} has ${rows} rows, not ${wanted}`);
    return { schema, name, restoredSchema, rows, partitioned };
  });
  if (differences.length === 0) return copied;
  throw new TidemarkError('restore-differs', `what was restored is not what ${backup.label} says it holds`, {
    excerpt: differences.map((difference) => `- ${difference}`).join('\n'),
    hints: [`The live database is untouched; "${names.beside}" was removed.`],
    details: { differences },
  });
}

/** From the database beside to the live one, by a dump of the schemas, in one transaction. */
async function copyOver(
  { options, ready }: RestoreJob,
  from: PostgresUrl,
  to: PostgresUrl,
  schemas: readonly string[],
  scratch: string,
): Promise<void> {
  const { dumper } = ready;
  if (dumper === undefined) throw new Error('a selection was not checked');
  const { signal } = options;
  const file = join(scratch, 'tables.dump');
  await writeFile(file, '', { mode: FILE_MODE });
  await runClient({
    client: dumper,
    args: [
      '--format=custom',
      '--compress=1',
      '--no-password',
      `--file=${file}`,
      ...schemas.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`),
    ],
    url: from,
    signal,
  });
  const client = await findClient('pg_restore', dumper.major, options.find);
  await restoreArchive({
    client,
    path: file,
    url: to,
    args: ['--single-transaction', '--no-owner', '--no-privileges', '--no-tablespaces'],
    signal,
  });
}
