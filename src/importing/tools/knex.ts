import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { type ConfiguredTable, findConfigured } from '../configured-table.js';
import { notFound } from '../import-error.js';
import { importedPrograms } from '../imported-programs.js';
import type { ImportedProject, Importer, ReadOptions, RecordedElsewhere } from '../imported-project.js';
import { runApart } from '../run-apart.js';
import { isFile, isFolder } from '../source-file.js';
import type { KnexProject, KnexRequest } from './knex-render.js';

/** A project whose knexfile may name the table. */
interface ImportedKnex extends ImportedProject {
  readonly table: ConfiguredTable;
}

/**
 * knex. Its migrations are programs: they are run, in a process of their own and with the rights of whoever
 * imports, against the project's own knex with a client that keeps the SQL and has no database. Whether a table or
 * column is there is answered by what the migrations before make; what asks for rows cannot be brought over that way
 * and is refused with its place.
 */
export const importer: Importer = { tool: 'knex', read, recorded };

const KNEXFILES = ['js', 'cjs', 'mjs', 'ts', 'cts', 'mts'].map((ending) => `knexfile.${ending}`);

/** @param path the folder with the knexfile, the knexfile, or the folder of migrations */
async function read(path: string, options: ReadOptions): Promise<ImportedKnex> {
  const request = await findProject(resolve(path), options);
  const { programs, table, version, section } = (await runApart(
    'knex',
    request,
    request.base,
    options,
  )) as KnexProject;
  const { revisions, notes } = importedPrograms(programs);
  const where = section === null ? '' : `, by the section "${section}" of the knexfile`;
  return {
    tool: 'knex',
    revisions,
    notes: [
      `knex ${version} wrote the SQL${where}: the project's migrations were run for it, without a database.`,
      ...notes,
    ],
    table: { schema: table.schema ?? undefined, name: table.name },
  };
}

/** A row for each applied migration, by the name of its file; a second table says whether somebody is at it. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const wanted = tableOf(project);
  const table = await findConfigured(connection, wanted, ['name', 'batch']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<{ name: string }>(`SELECT name FROM ${table.sql} ORDER BY id`);
  const exact = new Map(project.revisions.map((revision) => [revision.key, revision.id]));
  // A project in TypeScript is often run as JavaScript: the table then has `.js` where the file has `.ts`.
  const compiled = new Map(project.revisions.map((revision) => [stemOf(revision.key), revision.id]));
  const applied: string[] = [];
  const unknown: string[] = [];
  for (const { name } of rows) {
    const id = exact.get(name) ?? compiled.get(stemOf(name));
    if (id === undefined) unknown.push(name);
    else applied.push(id);
  }
  const problems: string[] = [];
  const lock = await findConfigured(connection, { ...wanted, name: `${wanted.name}_lock` }, ['is_locked']);
  if (lock !== undefined) {
    const locked = await connection.query(`SELECT 1 AS locked FROM ${lock.sql} WHERE is_locked = 1`);
    if (locked.length > 0) {
      problems.push(
        `${lock.label} is locked: knex is migrating, or was stopped while it did; then look at the database, and run "knex migrate:unlock".`,
      );
    }
  }
  return { table: table.label, applied, unknown, problems };
}

function tableOf(project: ImportedProject & Partial<ImportedKnex>): ConfiguredTable {
  return project.table ?? { schema: undefined, name: 'knex_migrations' };
}

function stemOf(name: string): string {
  return basename(name, extname(name));
}

async function findProject(path: string, { engine }: ReadOptions): Promise<KnexRequest> {
  if (await isFile(path)) return { base: dirname(path), knexfile: path, directory: null, engine };
  const here = await knexfileIn(path);
  if (here !== undefined) return { base: path, knexfile: here, directory: null, engine };
  const names = (await isFolder(path)) ? await readdir(path) : [];
  if (!names.some((name) => /\.[cm]?[jt]s$/.test(name))) {
    throw notFound(`${path} is no knex project`, [
      'Give the folder with the knexfile, that file, or the folder of migrations.',
    ]);
  }
  // The project above may name the client and the table.
  for (let at = path; ; at = dirname(at)) {
    const knexfile = await knexfileIn(at);
    if (knexfile !== undefined) return { base: at, knexfile, directory: path, engine };
    if (dirname(at) === at || existsSync(join(at, 'package.json')) || existsSync(join(at, '.git'))) break;
  }
  return { base: path, knexfile: null, directory: path, engine };
}

async function knexfileIn(folder: string): Promise<string | undefined> {
  for (const name of KNEXFILES) if (await isFile(join(folder, name))) return join(folder, name);
  return undefined;
}
