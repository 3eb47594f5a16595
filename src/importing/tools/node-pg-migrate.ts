import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { type ConfiguredTable, findConfigured } from '../configured-table.js';
import { notFound, unsupported } from '../import-error.js';
import { importedPrograms } from '../imported-programs.js';
import type { ImportedProject, Importer, ReadOptions, RecordedElsewhere } from '../imported-project.js';
import { runApart } from '../run-apart.js';
import { findFolder, listSources } from '../source-file.js';
import type { NodePgMigrateProject, NodePgMigrateRequest } from './node-pg-migrate-render.js';

/** A project whose scripts may name the table. */
interface ImportedNodePgMigrate extends ImportedProject {
  readonly table: ConfiguredTable;
}

/**
 * node-pg-migrate. Its migrations are SQL, or programs that build SQL: those are run, in a process of their own and
 * with the rights of whoever imports, with the project's own node-pg-migrate and a database that only keeps the
 * SQL. What asks the database something is refused with its place.
 */
export const importer: Importer = { tool: 'node-pg-migrate', read, recorded };

const FILE = /\.(?:sql|[cm]?[jt]s)$/i;
const DECLARATION = /\.d\.[cm]?ts$/;

/** What a project says on the command line of node-pg-migrate, in the scripts of its package.json. */
interface Flags {
  readonly folder: string | undefined;
  readonly table: string | undefined;
  readonly tableSchema: string | undefined;
  readonly schema: readonly string[];
  readonly decamelize: boolean;
}

/** @param path the folder of the project (with package.json) or of the migrations */
async function read(path: string, options: ReadOptions): Promise<ImportedNodePgMigrate> {
  const root = resolve(path);
  const project = projectFolder(root);
  const flags = readFlags(project);
  const isMigrations = (names: readonly string[]) =>
    names.some((name) => /^\d/.test(name) && FILE.test(name));
  const said = flags.folder !== undefined && project === root ? [flags.folder] : [];
  const places = ['.', ...said, 'migrations', 'db/migrations'];
  const folder = await findFolder(root, places, isMigrations);
  if (folder === undefined || options.engine !== 'postgres') {
    throw folder === undefined
      ? notFound(`${path} holds no node-pg-migrate migrations`, [
          'Give the folder with the files named <number>_<name>.sql, .js or .ts.',
        ])
      : unsupported(folder, 1, 'node-pg-migrate is for PostgreSQL only, and the project here is SQLite', [
          'Import it into a project for PostgreSQL.',
        ]);
  }
  const files = await migrationFiles(folder);
  const request: NodePgMigrateRequest = { files, decamelize: flags.decamelize, schema: flags.schema };
  const answer = await runApart('node-pg-migrate', request, project, options);
  const { programs, version } = answer as NodePgMigrateProject;
  const { revisions, notes } = importedPrograms(programs);
  const ran = `node-pg-migrate ${version} wrote the SQL: the project's migrations were run for it, without a database.`;
  return {
    tool: 'node-pg-migrate',
    revisions,
    notes: [...(version === null ? [] : [ran]), ...notes],
    table: { schema: flags.tableSchema ?? flags.schema[0], name: flags.table ?? 'pgmigrations' },
  };
}

/** A row for each applied migration, by the name of its file without the ending. */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findConfigured(connection, tableOf(project), ['name', 'run_on']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<{ name: string }>(`SELECT name FROM ${table.sql} ORDER BY run_on, id`);
  const known = new Map(project.revisions.map((revision) => [revision.key, revision.id]));
  return {
    table: table.label,
    applied: rows.flatMap(({ name }) => known.get(name) ?? []),
    unknown: rows.map(({ name }) => name).filter((name) => !known.has(name)),
    problems: [],
  };
}

function tableOf(project: ImportedProject & Partial<ImportedNodePgMigrate>): ConfiguredTable {
  return project.table ?? { schema: undefined, name: 'pgmigrations' };
}

/** In node-pg-migrate's order: by the number at the beginning, a 17-digit one being a time in UTC; then by name. */
async function migrationFiles(folder: string): Promise<string[]> {
  const names = (await listSources(folder, 'node-pg-migrate')).filter(
    (name) => FILE.test(name) && !DECLARATION.test(name) && !name.startsWith('.'),
  );
  const odd = names.find((name) => !/^\d/.test(name));
  if (odd !== undefined) {
    throw unsupported(join(folder, odd), 1, 'the name does not begin with a number', [
      'Rename it, or move it out of the folder of migrations.',
    ]);
  }
  const stems = new Map<string, string>();
  for (const name of names) {
    const stem = basename(name, extname(name));
    const same = stems.get(stem);
    if (same !== undefined) {
      throw unsupported(
        join(folder, name),
        1,
        `${same} has the same name: node-pg-migrate tells them apart by it`,
        ['Remove one of them: compiled files do not belong beside their source.'],
      );
    }
    stems.set(stem, name);
  }
  const compare = new Intl.Collator(undefined, { numeric: true, ignorePunctuation: true });
  return names
    .sort((a, b) => placeOf(a) - placeOf(b) || compare.compare(a, b))
    .map((name) => join(folder, name));
}

function placeOf(name: string): number {
  const digits = /^\d+/.exec(name)?.[0] ?? '';
  const time = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits)?.slice(1);
  if (time === undefined) return Number(digits);
  const [year, month, day, hour, minute, second, milli] = time;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`);
}

function readFlags(root: string): Flags {
  const words = scriptsOf(root)
    .filter((script) => /\bnode-pg-migrate\b/.test(script))
    .flatMap((script) =>
      [...script.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((word) => word[1] ?? word[2] ?? word[3] ?? ''),
    );
  const values = (...names: string[]): string[] =>
    words.flatMap((word, index) => {
      const [name, value] = /^(--?[\w-]+)=(.*)$/s.exec(word)?.slice(1) ?? [word, words[index + 1]];
      return name !== undefined && value !== undefined && names.includes(name)
        ? [value.replace(/^(["'])(.*)\1$/s, '$2')]
        : [];
    });
  return {
    folder: values('-m', '--migrations-dir')[0],
    table: values('-t', '--migrations-table')[0],
    tableSchema: values('--migrations-schema')[0],
    schema: [...new Set(values('-s', '--schema'))],
    decamelize: words.some((word) => /^--decamelize(?:=true)?$/.test(word)),
  };
}

function scriptsOf(root: string): string[] {
  try {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts?: unknown };
    return typeof scripts === 'object' && scripts !== null
      ? Object.values(scripts).filter((script) => typeof script === 'string')
      : [];
  } catch {
    return [];
  }
}

/** Where node-pg-migrate is run: the nearest folder above with a package.json. */
function projectFolder(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return folder;
  }
}
