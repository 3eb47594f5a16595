import { existsSync, readdirSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { TidemarkError } from '../../errors.js';
import { importModule } from '../../import-module.js';
import type { ReadOptions } from '../imported-project.js';
import { MadeSoFar } from '../made-so-far.js';
import { loadProjectPackage, projectPackageVersion } from '../project-package.js';
import { lineOf, type RenderedDirection, type RenderedProgram } from '../rendered-program.js';
import { type Capture, captureKnex, type Knex, type MakeKnex } from './knex-capture.js';

/** What the worker is asked. */
export interface KnexRequest {
  /** The folder knex runs in: that of the knexfile, when there is one. */
  readonly base: string;
  readonly knexfile: string | null;
  /** The folder of migrations; null: the knexfile says it. */
  readonly directory: string | null;
  readonly engine: ReadOptions['engine'];
}

export interface KnexProject {
  readonly programs: readonly RenderedProgram[];
  readonly table: { readonly schema: string | null; readonly name: string };
  /** The version of knex. */
  readonly version: string;
  /** The section of the knexfile that was taken, when it has sections. */
  readonly section: string | null;
}

type Settings = Readonly<Record<string, unknown>>;

const ENDINGS = ['.js', '.cjs', '.ts', '.co', '.coffee', '.eg', '.iced', '.litcoffee', '.ls'];
const READABLE = new Set(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts']);

/**
 * Loads a project's migrations and runs them against a knex that has no database: upwards in order, downwards in
 * reverse, upwards once more. On PostgreSQL `hasTable` and its kin are answered by what the migrations have made. Throws TidemarkError: `import-tool-missing`, `import-unsupported`.
 */
export async function renderKnex(request: KnexRequest): Promise<KnexProject> {
  const [makeKnex, version] = await loadKnex(request.base);
  const { settings, section } = await readSettings(request);
  const migrations = objectOf(settings.migrations);
  if (migrations.migrationSource !== undefined && migrations.migrationSource !== null) {
    throw new TidemarkError('import-unsupported', 'the knexfile has a migrationSource of its own', {
      hints: ['Only migrations that are files can be imported: give their folder as PATH.'],
    });
  }
  const files = migrationFiles(request, migrations);
  const made = request.engine === 'postgres' ? new MadeSoFar() : undefined;
  const capture = captureKnex(makeKnex, settings.client, settings, request.engine, made);
  const always = migrations.disableTransactions !== true;
  const prefix = searchPath(settings.searchPath);
  const modules: (LoadedMigration & { readonly file: string })[] = [];
  for (const file of files) modules.push({ file, ...(await loadMigration(file, always)) });
  const asking = new Set<string>();
  const render = async (one: (typeof modules)[number], way: 'up' | 'down'): Promise<RenderedDirection> => {
    const rendered = await renderOne(capture, one, one[way], prefix, () => asking.add(one.file));
    if (rendered === undefined || 'reason' in rendered) made?.lose(`${basename(one.file)} has no way ${way}`);
    return rendered;
  };
  const ups: RenderedDirection[] = [];
  for (const one of modules) ups.push(await render(one, 'up'));
  const downs: RenderedDirection[] = [];
  for (const one of [...modules].reverse()) downs.unshift(await render(one, 'down'));
  made?.startAgain();
  const programs: RenderedProgram[] = [];
  for (const [index, one] of modules.entries()) {
    const again = await render(one, 'up');
    programs.push({
      key: basename(one.file),
      file: one.file,
      up: ups[index],
      down: downs[index],
      changes: JSON.stringify(again) !== JSON.stringify(ups[index]),
      asked: asking.has(one.file),
    });
  }
  made?.startAgain();
  return {
    programs,
    table: {
      schema: textOf(migrations.schemaName) ?? null,
      name: textOf(migrations.tableName) ?? 'knex_migrations',
    },
    version,
    section,
  };
}

async function loadKnex(folder: string): Promise<[MakeKnex, string]> {
  const found = await loadProjectPackage('knex', folder);
  const make = [found.knex, found.default].find((candidate) => typeof candidate === 'function');
  if (make === undefined)
    throw new TidemarkError('import-tool-failed', `the knex of ${folder} exports no function`);
  return [make as MakeKnex, projectPackageVersion('knex', folder)];
}

/** The knexfile's settings for the engine that is asked for; made up when there is only a folder. */
async function readSettings(
  request: KnexRequest,
): Promise<{ readonly settings: Settings; readonly section: string | null }> {
  const { knexfile, engine } = request;
  if (knexfile === null) {
    return { settings: { client: engine === 'postgres' ? 'pg' : 'better-sqlite3' }, section: null };
  }
  const exported = await importModule(knexfile);
  const given: unknown = exported.default ?? exported;
  const all = objectOf(typeof given === 'function' ? await given() : given);
  if (all.client !== undefined) {
    if (!fits(all.client, engine)) throw otherEngine(knexfile, engine);
    return { settings: all, section: null };
  }
  const wanted = process.env.NODE_ENV ?? 'development';
  const names = [wanted, ...Object.keys(all).filter((name) => name !== wanted)];
  const section = names.find((name) => fits(objectOf(all[name]).client, engine));
  if (section === undefined) throw otherEngine(knexfile, engine);
  return { settings: objectOf(all[section]), section };
}

function fits(client: unknown, engine: ReadOptions['engine']): boolean {
  const name = typeof client === 'function' ? objectOf(client.prototype).driverName : client;
  return (engine === 'postgres' ? /^(?:pg|postgres)/ : /sqlite/).test(textOf(name) ?? '');
}

function otherEngine(knexfile: string, engine: ReadOptions['engine']): TidemarkError {
  const wanted = engine === 'postgres' ? 'PostgreSQL' : 'SQLite';
  return new TidemarkError('import-unsupported', `${knexfile} has no client for ${wanted}`, {
    hints: [
      `Give the knexfile a section whose client is ${engine === 'postgres' ? '"pg"' : '"better-sqlite3"'}.`,
    ],
  });
}

/** The files knex takes for migrations, in its order. */
function migrationFiles({ base, knexfile, directory }: KnexRequest, settings: Settings): string[] {
  const endings = listOf(settings.loadExtensions) ?? (knexfile === null ? [...ENDINGS, '.mjs'] : ENDINGS);
  const folders =
    directory !== null
      ? [directory]
      : (listOf(settings.directory) ?? ['./migrations']).map((path) => resolve(base, path));
  const found = folders.flatMap((path) => {
    if (!existsSync(path)) {
      throw new TidemarkError('import-not-found', `there is no folder ${path}`, {
        exitCode: 2,
        hints: ['The knexfile names it for the migrations.'],
      });
    }
    const names = readdirSync(path).filter(
      (name) => endings.includes(extname(name)) && !/\.d\.[cm]?ts$/.test(name),
    );
    return names.sort().map((name) => join(path, name));
  });
  if (settings.sortDirsSeparately !== true) {
    found.sort((a, b) => (basename(a) < basename(b) ? -1 : basename(a) > basename(b) ? 1 : 0));
  }
  const odd = found.find((file) => !READABLE.has(extname(file)));
  if (odd === undefined) return found;
  throw new TidemarkError('import-unsupported', `${odd} is neither JavaScript nor TypeScript`, {
    location: { file: odd, line: 1 },
    hints: ['Compile it to JavaScript first.'],
  });
}

interface LoadedMigration {
  readonly up: unknown;
  readonly down: unknown;
  readonly transaction: boolean;
}

async function loadMigration(file: string, transactions: boolean): Promise<LoadedMigration> {
  const loaded = await importModule(file);
  const inner = objectOf(loaded.default);
  const { up, down, config } = typeof loaded.up === 'function' ? loaded : inner;
  if (typeof up !== 'function') {
    throw new TidemarkError('import-unsupported', `${file} exports no function "up"`, {
      location: { file, line: 1 },
      hints: ['Move it out of the folder of migrations, or give it one.'],
    });
  }
  const { transaction } = objectOf(config);
  return { up, down, transaction: typeof transaction === 'boolean' ? transaction : transactions };
}

async function renderOne(
  capture: Capture,
  { file, transaction }: { readonly file: string; readonly transaction: boolean },
  work: unknown,
  prefix: readonly string[],
  onAsked: () => void,
): Promise<RenderedDirection> {
  if (typeof work !== 'function') return undefined;
  const run = async (knex: Knex): Promise<unknown> => work(knex);
  try {
    const { statements: all, asked } = await capture.statementsOf((knex) =>
      transaction ? knex.transaction(run) : run(knex),
    );
    if (asked) onAsked();
    const statements = transaction ? withoutTransactions(all) : all;
    if (statements === undefined) {
      return { reason: 'it rolls a part of its own work back', line: 1 };
    }
    return {
      statements: statements.length === 0 ? [] : [...prefix, ...statements],
      transaction: transaction ? 'file' : 'none',
    };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { reason: message.split('\n', 1)[0] ?? '', line: lineOf(error, file) };
  }
}

/** Without the transaction around all and the savepoints within; undefined when it rolls back to one. */
function withoutTransactions(all: readonly string[]): readonly string[] | undefined {
  if (all.some((sql) => /^\s*ROLLBACK\b/i.test(sql))) return undefined;
  const first = all.findIndex((sql) => /^\s*BEGIN\b/i.test(sql));
  const last = all.findLastIndex((sql) => /^\s*COMMIT\b/i.test(sql));
  return all.filter(
    (sql, index) =>
      index !== first &&
      index !== last &&
      !/^\s*(?:SAVEPOINT|RELEASE(?:\s+SAVEPOINT)?)\s+trx\d+;?\s*$/i.test(sql),
  );
}

/** knex sets it when it connects; here each migration says it. */
function searchPath(value: unknown): string[] {
  const path = listOf(value);
  if (path === undefined) return [];
  return [`SET search_path TO ${path.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ')}`];
}

function objectOf(value: unknown): Settings {
  return typeof value === 'object' && value !== null ? (value as Settings) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  const texts = list.map(textOf).filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts;
}
