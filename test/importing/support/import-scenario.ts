import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { parseDatabaseUrl } from '../../../src/database/database-url.js';
import { openDatabase } from '../../../src/database/open-database.js';
import type { CliResult } from '../../support/cli.js';
import { inProcess } from '../../support/cli-in-process.js';
import { freshDatabase, type TestServer } from '../../support/postgres-server.js';

/** A project of another tool, made by hand in a folder of its own. */
export interface Project {
  readonly folder: string;
  put(files: Readonly<Record<string, string | Buffer>>): void;
  text(file: string): string;
  /** The names in a folder, sorted; none when it is not there. */
  names(folder: string): string[];
  /** Runs a command line there and gives what it printed. */
  run(...args: readonly string[]): Promise<CliResult>;
  /** As `run` with `--json`: its result, or its error. */
  json(...args: readonly string[]): Promise<Answer>;
  remove(): void;
}

export interface Answer {
  readonly code: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are what the tests check
  readonly result: any;
  readonly error: { readonly code: string; readonly message: string; readonly hints: string[] } | null;
}

export function makeProject(files: Readonly<Record<string, string | Buffer>> = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
  const run = (...args: readonly string[]) => inProcess(args, { cwd: folder });
  const project: Project = {
    folder,
    put(more) {
      for (const [name, text] of Object.entries(more)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
    },
    text: (file) => readFileSync(join(folder, file), 'utf8'),
    names(path) {
      try {
        return readdirSync(join(folder, path)).sort();
      } catch {
        return [];
      }
    },
    run,
    async json(...args) {
      const { code, stdout, stderr } = await run(...args, '--json');
      if (stdout === '') throw new Error(stderr);
      const document = JSON.parse(stdout);
      return { code, result: document.result, error: document.error ?? null };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  project.put(files);
  return project;
}

/** A database of the engine: a real server's, or a SQLite file. */
export async function makeDatabase(
  engine: TestServer | 'sqlite',
): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  if (engine !== 'sqlite') return freshDatabase(engine);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-import-db-'));
  return {
    url: `sqlite:${join(folder, 'app.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs statements on a database. */
export async function execute(url: string, ...statements: readonly string[]): Promise<void> {
  const connection = await openDatabase(parseDatabaseUrl(url));
  try {
    await connection.executeAll(statements);
  } finally {
    await connection.close();
  }
}

export async function rows(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const connection = await openDatabase(parseDatabaseUrl(url));
  try {
    return await connection.query(sql);
  } finally {
    await connection.close();
  }
}

export interface Scenario {
  readonly tool: string;
  readonly engine: TestServer | 'sqlite';
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Within the project; default the project's folder. */
  readonly path?: string;
  /** What the tool did to the database: its own table, the rows, and the migrations' statements. */
  readonly done: (project: Project) => readonly string[];
  /** The tool's table, to be found unchanged. */
  readonly table: string;
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Ids that have a way down. */
  readonly down?: readonly string[];
}

/**
 * The whole of an import: files are converted and run up and down on an empty database of the engine; then the
 * database that the tool has migrated is taken over. Nothing runs again, the tool's table stays as it was, what was
 * pending runs, and doing it again changes nothing.
 */
export async function importWholly(scenario: Scenario): Promise<void> {
  const { tool, engine, files, table, applied, pending } = scenario;
  const project = makeProject(files);
  const [live, empty] = [await makeDatabase(engine), await makeDatabase(engine)];
  const path = join(project.folder, scenario.path ?? '.');
  const words = ['migrate', 'import', '--from', tool, path, '--migrations', 'tide'];
  try {
    await execute(live.url, ...scenario.done(project));
    const before = await rows(live.url, `SELECT * FROM ${table}`);
    const dry = await project.json(...words, '--url', live.url, '--dry-run');
    expect(dry.error).toBeNull();
    expect(project.names('tide')).toEqual([]);
    const status = () => project.json('migrate', 'status', '--migrations', 'tide', '--url', live.url);

    const first = await project.json(...words, '--url', live.url);
    expect(first.error).toBeNull();
    expect(first.result.recorded.revisions).toEqual(applied);
    expect(first.result.revisions.map(({ revision }: { revision: string }) => revision).sort()).toEqual(
      [...applied, ...pending].sort(),
    );
    expect(first.result.differences).toEqual([]);
    expect(dry.result).toEqual({ ...first.result, dryRun: true });
    expect(await rows(live.url, `SELECT * FROM ${table}`)).toEqual(before);

    const standing = await status();
    expect(standing.error).toBeNull();
    const state = standing.result;
    expect(state.problems.filter(({ code }: { code: string }) => code !== 'out-of-order')).toEqual([]);
    const ids = (wanted: string) =>
      state.migrations
        .filter((one: { state: string }) => one.state === wanted)
        .map(({ revision }: { revision: string }) => revision);
    expect(ids('applied').sort()).toEqual([...applied].sort());
    expect(ids('pending')).toEqual(pending);
    const imported = state.migrations.filter((one: { state: string }) => one.state === 'applied');
    for (const one of imported) expect(one.origin).toBe('import');

    const again = await project.json(...words, '--url', live.url);
    expect(again.result.wrote).toBe(false);
    expect(again.result.recorded.revisions).toEqual([]);
    expect(again.result.recorded.already).toEqual(applied);

    const up = await project.json('migrate', 'up', '--migrations', 'tide', '--url', live.url);
    expect(up.error).toBeNull();
    expect(up.result.steps.map(({ revision }: { revision: string }) => revision)).toEqual(pending);
    expect(await rows(live.url, `SELECT * FROM ${table}`)).toEqual(before);

    // The patterns that it gave keep the tool's table out of every comparison.
    const patterns = first.result.exclude.flatMap((pattern: string) => ['--exclude', pattern]);
    const states = ['--from', 'migrations:tide', '--to', live.url, '--url', live.url];
    const compared = await project.json('schema', 'diff', ...states, ...patterns);
    expect(compared.error).toBeNull();
    expect(compared.result.sql).toBe('');

    // From nothing, and back as far as there is a way.
    const all = await project.json('migrate', 'up', '--migrations', 'tide', '--url', empty.url);
    expect(all.error).toBeNull();
    expect(all.result.steps).toHaveLength(applied.length + pending.length);
    if (scenario.down !== undefined) {
      const withDown = first.result.revisions.filter(
        (one: { downFile: string | null }) => one.downFile !== null,
      );
      expect(withDown.map(({ revision }: { revision: string }) => revision)).toEqual(scenario.down);
      const back = (target: string) =>
        project.json('migrate', 'down', target, '--migrations', 'tide', '--url', empty.url);
      if (scenario.down.length === applied.length + pending.length) {
        const taken = await back('base');
        expect(taken.error).toBeNull();
        expect(taken.result.steps).toHaveLength(scenario.down.length);
      } else if (!scenario.down.includes(pending.at(-1) ?? applied.at(-1)!)) {
        expect((await back('-1')).code).toBe(4);
      }
    }
  } finally {
    await live.drop();
    await empty.drop();
    project.remove();
  }
}
