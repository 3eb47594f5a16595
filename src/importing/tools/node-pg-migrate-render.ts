import { readFile } from 'node:fs/promises';
import { basename, dirname, extname } from 'node:path';
import { TidemarkError } from '../../errors.js';
import { importModule } from '../../import-module.js';
import { loadProjectPackage, projectPackageVersion } from '../project-package.js';
import {
  lineOf,
  NeedsDatabase,
  type RenderedDirection,
  type RenderedProgram,
  unread,
} from '../rendered-program.js';

/** What the worker is asked. */
export interface NodePgMigrateRequest {
  /** The migrations in order. */
  readonly files: readonly string[];
  readonly decamelize: boolean;
  /** The `--schema` of the project: where names without a schema lie. */
  readonly schema: readonly string[];
}

export interface NodePgMigrateProject {
  readonly programs: readonly RenderedProgram[];
  /** The version of node-pg-migrate; null when all migrations are SQL and it was not needed. */
  readonly version: string | null;
}

type Action = (builder: unknown) => Promise<void>;

/** What a file exports, whatever is not SQL. */
interface Actions {
  readonly file: string;
  readonly up: Action;
  /** `false`: there is no way back. Undefined: node-pg-migrate infers it. */
  readonly down: Action | false | undefined;
  /** All that the files so far have defined. */
  readonly shorthands: Readonly<Record<string, unknown>>;
}

/** The database that a MigrationBuilder and a Migration are given. */
interface Database {
  query(sql: unknown, values?: unknown): Promise<unknown>;
  select(sql: unknown, values?: unknown): Promise<unknown>;
  column(name: string, sql: unknown): Promise<unknown>;
}

/** node-pg-migrate's class `Migration`, the same since version 4. */
type MigrationClass = new (
  db: Database,
  path: string,
  actions: { up: Action; down: Action | false | undefined },
  options: object,
  shorthands: object,
  logger: object,
) => { apply(direction: 'up' | 'down'): Promise<unknown> };

const silent = { debug: undefined, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Gives the SQL of migrations. Files of SQL are cut in two as they are; programs are run with the project's own
 * node-pg-migrate and a database that keeps the SQL: upwards in order, downwards, upwards once more. Throws
 * TidemarkError: `import-tool-missing`, `import-unsupported`.
 */
export async function renderNodePgMigrate(request: NodePgMigrateRequest): Promise<NodePgMigrateProject> {
  const { files } = request;
  const firstProgram = files.find((file) => !isSql(file));
  const folder = dirname(firstProgram ?? '');
  const Migration = firstProgram === undefined ? undefined : await loadMigrationClass(folder);
  const programs: RenderedProgram[] = [];
  let shorthands: Actions['shorthands'] = {};
  for (const file of files) {
    const key = basename(file, extname(file));
    if (Migration === undefined || isSql(file)) {
      programs.push({ key, file, ...cutSql(await readFile(file, 'utf8'), request.schema), changes: false });
      continue;
    }
    const actions = await loadActions(file, shorthands);
    shorthands = actions.shorthands;
    const render = (way: 'up' | 'down') => renderOne(Migration, actions, way, request);
    const [up, down, again] = [await render('up'), await render('down'), await render('up')];
    programs.push({ key, file, up, down, changes: JSON.stringify(up) !== JSON.stringify(again) });
  }
  return {
    programs,
    version: Migration === undefined ? null : projectPackageVersion('node-pg-migrate', folder),
  };
}

function isSql(file: string): boolean {
  return extname(file).toLowerCase() === '.sql';
}

/** As node-pg-migrate's sqlMigration.ts: what stands under each marker, without markers all of it is the way up. */
function cutSql(
  given: string,
  schema: readonly string[],
): { readonly up: RenderedDirection; readonly down: RenderedDirection } {
  const text = given.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const up = /^\s*--[\s-]*up\s+migration.*$/im.exec(text);
  const down = /^\s*--[\s-]*down\s+migration.*$/im.exec(text);
  const section = (from: RegExpExecArray | null, to: RegExpExecArray | null): string => {
    const start = from === null ? 0 : from.index + from[0].length;
    return text.slice(start, to !== null && to.index >= start ? to.index : undefined);
  };
  const script = (sql: string): RenderedDirection => ({
    statements: [...searchPath(schema), sql],
    transaction: 'file',
  });
  const upSql = up === null && down !== null ? text : section(up, down);
  return { up: script(upSql), down: down === null ? undefined : script(section(down, up)) };
}

async function loadMigrationClass(folder: string): Promise<MigrationClass> {
  const found = await loadProjectPackage('node-pg-migrate', folder);
  const inner = found.default;
  const Migration =
    found.Migration ??
    (typeof inner === 'object' && inner !== null && 'Migration' in inner ? inner.Migration : undefined);
  if (typeof Migration !== 'function') {
    throw new TidemarkError('import-tool-failed', 'this node-pg-migrate has no class Migration', {
      hints: ['Tidemark knows versions 6 to 9: update it in the project, and import again.'],
    });
  }
  return Migration as MigrationClass;
}

async function loadActions(file: string, before: Actions['shorthands']): Promise<Actions> {
  const loaded = await importModule(file);
  const inner = loaded.default;
  const exported: Readonly<Record<string, unknown>> =
    loaded.up === undefined && typeof inner === 'object' && inner !== null ? { ...inner } : loaded;
  const { up, down, shorthands } = exported;
  if (typeof up !== 'function') {
    throw new TidemarkError('import-unsupported', `${file} exports no function "up"`, {
      location: { file, line: 1 },
      hints: ['Move it out of the folder of migrations, or give it one.'],
    });
  }
  return {
    file,
    up: actionOf(up),
    down: typeof down === 'function' ? actionOf(down) : down === false ? false : undefined,
    shorthands: { ...before, ...(typeof shorthands === 'object' ? shorthands : {}) },
  };
}

/** A function of a migration, with or without a callback, as one that gives a promise. */
function actionOf(work: object): Action {
  const call = work as (builder: unknown, done?: () => void) => unknown;
  if (call.length < 2) return async (builder) => void (await call(builder));
  return (builder) =>
    new Promise((resolve, reject) => {
      try {
        call(builder, resolve);
      } catch (error) {
        reject(error);
      }
    });
}

async function renderOne(
  Migration: MigrationClass,
  { file, up, down, shorthands }: Actions,
  way: 'up' | 'down',
  { decamelize, schema }: NodePgMigrateRequest,
): Promise<RenderedDirection> {
  if (way === 'down' && down === false) return undefined;
  const asked: string[] = [];
  const steps: string[] = [];
  let inside = false;
  let refused: unknown;
  const refuse = (what: string): never => {
    const error = new NeedsDatabase(what);
    refused ??= error;
    throw error;
  };
  // While the function of the migration runs, what comes here is its own `pgm.db`; afterwards it is the steps.
  const database: Database = {
    query: async (sql, values) => {
      if (!inside) {
        steps.push(String(sql));
        return { rows: [] };
      }
      if (typeof sql !== 'string' || values !== undefined) refuse('it passes parameters to pgm.db.query()');
      asked.push(String(sql));
      return unread(() => refuse('it uses what pgm.db.query() gives back'));
    },
    select: async () => refuse('it reads the database with pgm.db.select()'),
    column: async () => refuse('it reads the database'),
  };
  const entered = (action: Action): Action => {
    return async (builder) => {
      inside = true;
      try {
        await action(builder);
      } finally {
        inside = false;
      }
    };
  };
  const actions = { up: entered(up), down: typeof down === 'function' ? entered(down) : down };
  const options = { migrationsTable: 'pgmigrations', singleTransaction: false, decamelize };
  try {
    await new Migration(database, file, actions, options, shorthands, silent).apply(way);
    if (refused !== undefined) throw refused;
  } catch (caught) {
    const error = refused ?? caught;
    const message = error instanceof Error ? error.message : String(error);
    // Nothing is lost: node-pg-migrate has no way back for it either.
    if (way === 'down' && down === undefined && /automatically infer down/i.test(message)) return undefined;
    return { reason: message.split('\n', 1)[0] ?? '', line: lineOf(error, file) };
  }
  const inTransaction = /^BEGIN;?$/.test(steps[0] ?? '') && /^COMMIT;?$/.test(steps.at(-1) ?? '');
  // The last step is the line in its own table.
  const own = inTransaction ? steps.slice(1, -2) : steps.slice(0, -1);
  const statements = [...asked, ...own];
  return {
    statements: statements.length === 0 ? [] : [...searchPath(schema), ...statements],
    transaction: inTransaction ? 'file' : 'none',
  };
}

/** node-pg-migrate sets it when it connects; here each migration says it. */
function searchPath(schema: readonly string[]): string[] {
  if (schema.length === 0) return [];
  return [`SET search_path TO ${schema.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ')}`];
}
