import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Connection } from '../../database/connection.js';
import { TidemarkError } from '../../errors.js';
import { hasStatements } from '../../migrations/sql-comments.js';
import { type ConfiguredTable, findConfigured } from '../configured-table.js';
import { notFound } from '../import-error.js';
import type {
  ImportedProject,
  ImportedRevision,
  Importer,
  ReadOptions,
  RecordedElsewhere,
} from '../imported-project.js';
import { counted } from '../plain-revision.js';
import { isFile, readSource } from '../source-file.js';
import { type AlembicRevision, readAlembicGraph, withAncestors } from './alembic-graph.js';
import {
  type AlembicProject,
  describeProject,
  type OfflineFailure,
  type OfflineProject,
  type OfflineRevision,
  type OfflineScript,
  renderOffline,
} from './alembic-offline.js';
import { type AlembicConfiguration, findPython } from './alembic-python.js';
import { readVersionFile } from './alembic-version-file.js';

/** A project whose env.py may put the version table somewhere of its own. */
interface ImportedAlembic extends ImportedProject {
  readonly versionTable: ConfiguredTable;
}

/**
 * Alembic. Its migrations are Python: the graph is read from the version files, their SQL comes from the project's
 * own Alembic in offline mode (`alembic upgrade --sql`), which runs the project's env.py and version files with the
 * rights of whoever imports, as every Alembic command does. No database is contacted.
 */
export const importer: Importer = { tool: 'alembic', read, recorded };

/**
 * @param path the folder with alembic.ini (or pyproject.toml with `[tool.alembic]`), the ini file itself, or the
 * script folder (with env.py)
 */
async function read(path: string, options: ReadOptions): Promise<ImportedAlembic> {
  const configuration = await findConfiguration(resolve(path));
  const python = await findPython(configuration.folder, options);
  const described = await describeProject(python, configuration, options);
  const files = [];
  for (const file of await versionFiles(described)) {
    files.push(readVersionFile((await readSource(file)).text, file));
  }
  await refuseSeveralDatabases(described);
  const revisions = readAlembicGraph(files);
  const offline = await renderOffline(python, configuration, revisions, options);
  refuseUnrendered(revisions, offline);
  return {
    tool: 'alembic',
    revisions: revisions.map((revision) => imported(revision, renderedOf(offline, revision))),
    notes: await notesOn(described, revisions, offline, options),
    versionTable: offline.versionTable ?? { schema: undefined, name: 'alembic_version' },
  };
}

/**
 * The version table holds heads: applied is what they need, dependencies included. Alembic keeps no row for a
 * revision that another row implies.
 */
async function recorded(connection: Connection, project: ImportedProject): Promise<RecordedElsewhere> {
  const table = await findConfigured(connection, versionTableOf(project), ['version_num']);
  if (table === undefined) return { table: undefined, applied: [], unknown: [], problems: [] };
  const rows = await connection.query<{ version_num: string }>(
    `SELECT version_num FROM ${table.sql} ORDER BY version_num`,
  );
  const known = new Map(project.revisions.map((revision) => [revision.key, revision.id]));
  const heads = rows.map((row) => row.version_num);
  const ids = heads.flatMap((head) => known.get(head) ?? []);
  const graph = project.revisions.map(({ id, parents, dependsOn }) => ({
    id,
    needs: [...(parents ?? []), ...dependsOn],
  }));
  const applied = withAncestors(graph, ids);
  const problems: string[] = [];
  for (const id of ids) {
    const implied = ids.find((other) => other !== id && withAncestors(graph, [other]).has(id));
    if (implied === undefined) continue;
    problems.push(
      `${table.label} has a row for ${id} beside one for ${implied}, which implies it; "alembic current" calls that an overlap.`,
    );
  }
  return {
    table: table.label,
    applied: project.revisions.map(({ id }) => id).filter((id) => applied.has(id)),
    unknown: heads.filter((head) => !known.has(head)),
    problems,
  };
}

function versionTableOf(project: ImportedProject & Partial<ImportedAlembic>): ConfiguredTable {
  return project.versionTable ?? { schema: undefined, name: 'alembic_version' };
}

async function findConfiguration(path: string): Promise<AlembicConfiguration> {
  if (await isFile(path)) {
    const toml = basename(path).endsWith('.toml');
    return { folder: dirname(path), ini: toml ? null : path, toml: toml ? path : null, scripts: null };
  }
  const isScripts = await isFile(join(path, 'env.py'));
  for (let at = path; ; at = dirname(at)) {
    const found = await configurationIn(at);
    if (found !== undefined) return { ...found, scripts: isScripts ? path : null };
    if (!isScripts || dirname(at) === at || existsSync(join(at, '.git'))) break;
  }
  if (isScripts) return { folder: dirname(path), ini: null, toml: null, scripts: path };
  throw notFound(`${path} is no Alembic project`, [
    'Give the folder with alembic.ini (or pyproject.toml with [tool.alembic]), that file, or the folder with env.py.',
  ]);
}

async function configurationIn(folder: string): Promise<AlembicConfiguration | undefined> {
  const ini = join(folder, 'alembic.ini');
  const toml = join(folder, 'pyproject.toml');
  const hasIni = await isFile(ini);
  const hasToml = (await isFile(toml)) && /^\s*\[tool\.alembic\]/m.test(readFileSync(toml, 'utf8'));
  if (!hasIni && !hasToml) return undefined;
  return { folder, ini: hasIni ? ini : null, toml: hasToml ? toml : null, scripts: null };
}

/** The files that Alembic takes for version files, in its order. */
async function versionFiles({ locations, recursive }: AlembicProject): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    for (const entry of entries) {
      if (!entry.isDirectory() && /^(?!\.#|__init__).*\.py$/.test(entry.name))
        found.push(join(folder, entry.name));
    }
    if (!recursive) return;
    for (const entry of entries) {
      if (entry.isDirectory() && entry.name !== '__pycache__') await visit(join(folder, entry.name));
    }
  };
  for (const location of new Set(locations)) if (existsSync(location)) await visit(location);
  return [...new Set(found)];
}

/** Alembic's template for several databases writes a file for each in offline mode. */
async function refuseSeveralDatabases({ folder }: AlembicProject): Promise<void> {
  const path = join(folder, 'env.py');
  if (!(await isFile(path))) return;
  const lines = (await readSource(path)).text.split('\n');
  const index = lines.findIndex((line) => /^[^#]*\boutput_buffer\s*=/.test(line));
  if (index === -1) return;
  throw new TidemarkError(
    'import-unsupported',
    `${path} writes the SQL of offline mode to files of its own`,
    {
      location: { file: path, line: index + 1 },
      hints: [
        'Tidemark imports one database at a time: give a project whose env.py has one, without output_buffer.',
      ],
    },
  );
}

function renderedOf(offline: OfflineProject, { revision, path }: AlembicRevision): OfflineRevision {
  const found = offline.revisions.get(revision);
  if (found === undefined) throw new TidemarkError('import-tool-failed', `Alembic gave no SQL for ${path}`);
  return found;
}

function isFailure(outcome: OfflineScript | OfflineFailure): outcome is OfflineFailure {
  return 'type' in outcome;
}

/** Not one revision may be lost: those without SQL are listed, all of them. */
function refuseUnrendered(revisions: readonly AlembicRevision[], offline: OfflineProject): void {
  const failed = revisions.flatMap(({ revision, path }) => {
    const up = offline.revisions.get(revision)?.up;
    return up !== undefined && isFailure(up) ? [{ revision, path, line: up.line, reason: reasonOf(up) }] : [];
  });
  const [first] = failed;
  if (first === undefined) return;
  const places = failed.map(({ path, line, reason }) => `${path}:${line}: ${reason}`);
  throw new TidemarkError(
    'import-unsupported',
    `${failed.length} of ${counted(revisions.length, 'revision')} cannot be written as SQL:\n  ${places.join('\n  ')}`,
    {
      location: { file: first.path, line: first.line },
      hints: [
        'Write that part as SQL that needs no answer: op.execute("UPDATE ... FROM ..."), op.execute("INSERT ... SELECT ...").',
        'Or put "if not context.is_offline_mode():" around it (from alembic import context), import, and write that part by hand in the new file.',
        'A batch on SQLite finds the tables that the migrations before it made; any other has to be given: op.batch_alter_table(..., copy_from=Table(...)).',
      ],
      details: { revisions: failed },
    },
  );
}

function reasonOf({ type, message }: OfflineFailure): string {
  if (type === 'NoDatabase') return message;
  return message === '' ? type : `${type}: ${message.replace(/\s+/g, ' ')}`;
}

function imported(revision: AlembicRevision, rendered: OfflineRevision): ImportedRevision {
  const { up, down } = rendered;
  if (isFailure(up)) throw new TidemarkError('import-unsupported', `${revision.path}: ${reasonOf(up)}`);
  const empty = !hasStatements(up.sql);
  return {
    id: revision.revision,
    name: revision.message,
    parents: revision.parents,
    dependsOn: revision.dependsOn,
    branch: revision.labels[0],
    up: empty ? '-- upgrade() does nothing.\n' : up.sql,
    down: isFailure(down) ? undefined : reverse(down.sql, empty),
    transaction: up.transaction,
    downTransaction: isFailure(down) ? 'file' : down.transaction,
    key: revision.revision,
    source: revision.path,
  };
}

/** A downgrade() of `pass` can be gone through with Alembic; a reverse without a statement could not be here. */
function reverse(sql: string, nothingToTakeBack: boolean): string {
  if (hasStatements(sql)) return sql;
  return nothingToTakeBack ? '-- downgrade() does nothing.\n' : '-- downgrade() does nothing.\nSELECT 1;\n';
}

async function notesOn(
  described: AlembicProject,
  revisions: readonly AlembicRevision[],
  offline: OfflineProject,
  { engine }: ReadOptions,
): Promise<string[]> {
  const { alembic, sqlalchemy } = described.versions;
  const notes = [
    `Alembic ${alembic} with SQLAlchemy ${sqlalchemy} wrote the SQL: the project's env.py and version files were run for it, without a database.`,
  ];
  if (offline.placeholder) {
    const wanted = engine === 'postgres' ? 'PostgreSQL' : 'SQLite';
    notes.push(`env.py found no URL of a ${wanted} database, and was given one that leads nowhere.`);
  }
  for (const revision of revisions) {
    const { path, labels } = revision;
    const rendered = renderedOf(offline, revision);
    if (isFailure(rendered.down)) {
      const { type, line, own } = rendered.down;
      notes.push(
        type === 'NotImplementedError' && own
          ? `${path}:${line}: downgrade() says that there is no way back: it has no down file.`
          : `${path}:${line}: downgrade() cannot be written as SQL (${reasonOf(rendered.down)}): it has no down file; write it by hand.`,
      );
    }
    if (labels.length > 1) {
      notes.push(
        `${path} has several branch labels: ${labels[0]} is kept, ${labels.slice(1).join(', ')} left out.`,
      );
    }
    if (rendered.changes) {
      notes.push(
        `${path} computes a value anew each time (a time, a random id): the new file holds the one of now.`,
      );
    }
    if (/[^\t\n]\t|\\t/.test((await readSource(path)).text)) {
      notes.push(
        `${path}: Alembic's offline mode writes tabs as four spaces; compare the texts in the new file.`,
      );
    }
  }
  return notes;
}
