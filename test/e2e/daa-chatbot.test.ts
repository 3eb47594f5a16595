import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection, Row } from '../../src/database/connection.js';
import { openProject, type Project } from '../../src/index.js';

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-daa-'));
  cpSync(join(root, 'examples', 'daa-chatbot'), folder, {
    recursive: true,
    filter: (path) => !/storage\/.*\.db|\.env$/.test(path),
  });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Tables = Readonly<Record<string, readonly Row[]>>;

async function contents(database: Connection): Promise<Tables> {
  const tables = await database.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'tidemark%' AND name NOT LIKE 'sqlite%' ORDER BY 1`,
  );
  const found: Record<string, readonly Row[]> = {};
  for (const { name } of tables)
    found[name] = await database.query(`SELECT rowid AS _rowid, * FROM ${name} ORDER BY rowid`);
  return found;
}

/** What a revision is meant to do to rows, up or down: columns by their other name, columns whose values change. */
const MEANT: Readonly<
  Record<string, { readonly renamed?: readonly [string, string]; readonly changed?: string }>
> = {
  '20250910090000': { changed: 'messages.tokens' },
  '20250911090000': { changed: 'messages.tokens' },
  '20250915090000': { renamed: ['messages.sender', 'messages.role'] },
  '20250916090000': { changed: 'messages.role' },
};

/** Every row of every table that is on both sides is there, with the values of all columns that are on both. */
function requireSameRows(revision: string, before: Tables, after: Tables): void {
  const { renamed = [] as readonly string[], changed } = MEANT[revision] ?? {};
  for (const [table, rows] of Object.entries(before)) {
    const now = after[table];
    if (now === undefined) continue;
    const names = new Map<string, string>();
    for (const column of Object.keys(rows[0] ?? {})) {
      const other = renamed.find((name) => name !== `${table}.${column}`)?.split('.')[1];
      const isRenamed = renamed.includes(`${table}.${column}`);
      const name = isRenamed ? other! : column;
      if (`${table}.${column}` !== changed && name in (now[0] ?? {})) names.set(column, name);
    }
    expect(names.size, `${table} at ${revision}`).toBeGreaterThan(1);
    const kept = (list: readonly Row[], pick: (pair: [string, string]) => string) =>
      list.map((row) => [...names].map((pair) => row[pick(pair)]));
    expect(
      kept(now, ([, name]) => name),
      `${table} at ${revision}`,
    ).toEqual(kept(rows, ([name]) => name));
  }
}

/** A row more in every table there is, each with children, as the application of that time would write them. */
async function addRows(database: Connection, mark: string): Promise<void> {
  const there = await contents(database);
  const columns = async (table: string) =>
    new Set(
      (await database.query<{ name: string }>('SELECT name FROM pragma_table_info(?1)', [table])).map(
        ({ name }) => name,
      ),
    );
  const insert = async (table: string, values: Row): Promise<number> => {
    if (there[table] === undefined) return 0;
    const known = await columns(table);
    const entries = Object.entries(values).filter(([name]) => known.has(name));
    const [row] = await database.query<{ id: number }>(
      `INSERT INTO ${table} (${entries.map(([name]) => name).join(', ')})
       VALUES (${entries.map((_, at) => `?${at + 1}`).join(', ')}) RETURNING id`,
      entries.map(([, value]) => value),
    );
    return row!.id;
  };
  const project_id = await insert('projects', { name: `project ${mark}`, description: `it's ${mark}; déjà` });
  await insert('documents', { project_id, filename: `${mark}.pdf`, path: `/files/${mark}.pdf` });
  const chat_id = await insert('chats', { project_id, title: null });
  const modern = (await columns('messages')).has('role');
  const isInteger =
    (
      await database.query(
        `SELECT 1 FROM pragma_table_info('messages') WHERE name = 'tokens' AND type = 'INTEGER'`,
      )
    ).length > 0;
  for (const role of ['user', modern ? 'assistant' : 'bot']) {
    const tokens = isInteger ? 7 : role === 'user' ? '12' : null;
    // Before they are numbers, none may be without a value once they have been counted.
    const counted =
      (await database.query(`SELECT 1 FROM tidemark_revision WHERE revision = '20250910090000'`)).length > 0;
    await insert('messages', {
      chat_id,
      sender: role,
      role,
      content: `${mark}\n${role}`,
      tokens: tokens ?? (counted ? '3' : null),
    });
  }
  await insert('settings', { project_id, key: 'model', value: mark });
}

describe('the story of daa-chatbot', () => {
  let project: Project;
  beforeEach(async () => {
    mkdirSync(join(folder, 'storage'), { recursive: true });
    project = await openProject({ folder, url: `sqlite:${join(folder, 'storage', 'story.db')}` });
  });
  afterEach(() => project.close());

  test('goes up, down to base and up again, and no row is lost or changed that is not meant to be', async () => {
    const database = await project.connection();
    const revisions = (await project.migrate.status()).migrations.map(({ revision }) => revision);
    expect(revisions.length).toBeGreaterThanOrEqual(8);
    const step = async (direction: 'up' | 'down'): Promise<void> => {
      const before = await contents(database);
      const { steps } =
        direction === 'up'
          ? await project.migrate.up({ to: '+1' })
          : await project.migrate.down({ to: '-1' });
      const after = await contents(database);
      requireSameRows(steps[0]!.revision, before, after);
      expect((await project.database.check()).problems).toEqual([]);
      if (Object.keys(after).length > 0) await addRows(database, `${direction} ${steps[0]!.revision}`);
    };
    for (const _ of revisions) await step('up');
    const full = await contents(database);
    expect(full.messages).toHaveLength(2 * revisions.length);
    expect(full.messages!.every(({ tokens, role }) => Number.isInteger(tokens) && role !== 'bot')).toBe(true);
    for (const _ of revisions) await step('down');
    expect(await contents(database)).toEqual({});
    for (const _ of revisions) await step('up');
    expect((await project.migrate.status()).pending).toBe(0);

    await database.query('DELETE FROM projects WHERE id = 1');
    const left = await contents(database);
    for (const table of ['documents', 'chats', 'settings']) {
      expect(left[table]!.some(({ project_id }) => project_id === 1)).toBe(false);
    }
    expect(left.messages!.some(({ chat_id }) => chat_id === 1)).toBe(false);
  });

  test('counts the tokens of old messages, and goes back', async () => {
    const database = await project.connection();
    await project.migrate.up({ to: '20250909090000' });
    await addRows(database, 'old');
    const said: string[] = [];
    await project.migrate.up({ onEvent: (event) => event.type === 'message' && said.push(event.text) });
    expect(said).toEqual(['1 messages estimated']);
    expect(await database.query('SELECT role, tokens FROM messages ORDER BY id')).toEqual([
      { role: 'user', tokens: 12 },
      { role: 'assistant', tokens: 2 },
    ]);
    await project.migrate.down({ to: '20250911090000' });
    expect(await database.query('SELECT sender FROM messages ORDER BY id')).toEqual([
      { sender: 'user' },
      { sender: 'bot' },
    ]);
  });
});

describe('its scripts', () => {
  const strips = Boolean((process.features as { typescript?: unknown }).typescript);
  const jiti = join(root, 'node_modules', 'jiti', 'lib', 'jiti-cli.mjs');

  const run = (args: readonly string[]) => {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(DATABASE_URL|DB_|PG|TIDEMARK)/.test(name),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      env: { ...Object.fromEntries(inherited), NODE_NO_WARNINGS: '1' },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const script = (name: string) => run([...(strips ? [] : [jiti]), join('scripts', `${name}.ts`)]);
  const tidemark = (...args: string[]) => run([join(root, 'dist', 'cli', 'main.js'), ...args]);

  beforeEach(() => {
    // As npm would have installed it.
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'tidemark'), 'dir');
    rmSync(join(folder, 'storage'), { recursive: true });
    mkdirSync(join(folder, 'storage'));
  });

  test('set it up, check it, and the command line agrees', () => {
    const before = script('check-setup');
    expect(before.status, before.stderr).toBe(1);
    expect(before.stderr).toContain('problem: storage/documents is missing');
    expect(before.stderr).toContain('table:projects does not exist');
    expect(before.stderr).toContain('11 migrations are pending');

    const first = script('init-db');
    expect(first, first.stderr).toMatchObject({ status: 0 });
    expect(first.stdout).toContain('applied 20250910090000 count_tokens');
    expect(first.stdout).toContain('added a first project');
    expect(existsSync(join(folder, 'storage', 'vectors'))).toBe(true);
    const again = script('init-db');
    expect(again, again.stderr).toMatchObject({ status: 0, stdout: expect.stringContaining('as it was') });
    expect(again.stdout).not.toContain('added');

    const check = script('check-setup');
    expect(check, check.stderr).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('ok: the chatbot can start'),
    });
    for (const args of [
      ['migrate', 'status', '--check'],
      ['db', 'check', '--require', 'table:messages'],
      ['migrate', 'validate'],
    ]) {
      const result = tidemark(...args);
      expect(result, result.stderr).toMatchObject({ status: 0 });
    }
    const diff = tidemark('migrate', 'diff', 'nothing');
    expect(diff.stdout, diff.stderr).toContain('nothing to do');
  });
});
