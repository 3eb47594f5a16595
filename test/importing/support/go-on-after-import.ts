import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ImportTool } from '../../../src/importing/imported-project.js';
import { inProcess } from '../../support/cli-in-process.js';
import { execute, rows } from './import-scenario.js';
import { differences } from './imported-sql.js';

interface Handover {
  readonly tool: ImportTool;
  /** The other tool's project. */
  readonly path: string;
  /** The other tool's tables; the first is to stay as it is. */
  readonly tables: readonly string[];
  /** A database that the tool has migrated in part. */
  readonly part: string;
  /** One that it has migrated to the end. */
  readonly whole: string;
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Queries whose rows have to be the same in both at the end. */
  readonly data: readonly string[];
  /** A database with nothing in it, to come back to: every revision has a way down. */
  readonly empty?: string;
}

/** On SQLite our own tables lie among the others. */
const OURS = /\btidemark_\w+/;

/**
 * Takes a database over from another tool and goes on with Tidemark: what was applied does not run again, what was
 * not does, and the end is what the other tool makes of it.
 */
export async function goOnAfterImport(handover: Handover): Promise<void> {
  const { tool, path, tables, part, whole, applied, pending, data, empty } = handover;
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-handover-'));
  // Alembic is found by what PATH names, as a shell would.
  const env = Object.fromEntries(
    ['PATH', 'ALEMBIC'].flatMap((name) =>
      process.env[name] === undefined ? [] : [[name, process.env[name]]],
    ),
  );
  const run = async (...words: string[]) => {
    const { stdout, stderr } = await inProcess([...words, '--migrations', 'tide', '--url', part, '--json'], {
      cwd: folder,
      env,
    });
    const { result, error } = JSON.parse(stdout === '' ? '{}' : stdout);
    expect(error ?? null, stderr).toBeNull();
    return result;
  };
  try {
    const own = () => rows(part, `SELECT * FROM ${tables[0]} ORDER BY 1`);
    const before = await own();
    const imported = await run('migrate', 'import', '--from', tool, path);
    expect(imported.recorded.revisions).toEqual(applied);
    expect(imported.differences).toEqual([]);
    const { migrations, problems } = await run('migrate', 'status');
    const inState = (wanted: string) =>
      migrations
        .filter(({ state }: { state: string }) => state === wanted)
        .map(({ revision }: { revision: string }) => revision);
    expect(problems).toEqual([]);
    expect(inState('applied')).toEqual(applied);
    expect(inState('pending')).toEqual(pending);
    const up = await run('migrate', 'up', ...(tool === 'alembic' ? ['heads'] : []));
    expect(up.steps.map(({ revision }: { revision: string }) => revision)).toEqual(pending);
    expect(await own()).toEqual(before);
    for (const sql of data) expect(await rows(part, sql)).toEqual(await rows(whole, sql));
    for (const url of [part, whole]) await execute(url, ...tables.map((table) => `DROP TABLE ${table}`));
    const left = async (from: string) =>
      (await differences(from, part)).filter((change) => !OURS.test(change));
    expect(await left(whole)).toEqual([]);
    if (empty === undefined) return;
    const down = await run('migrate', 'down', 'base');
    expect(down.steps).toHaveLength(applied.length + pending.length);
    expect(await left(empty)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
