import { dirname, resolve } from 'node:path';
import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { folderOfTexts, type MigrationFolder, readMigrationFolder } from '../migrations/folder.js';
import type { MigrateOptions } from '../migrations/migrate-options.js';
import type { Dialect } from '../schema/dialect.js';
import { adoptAtlasFolder } from './adopt-atlas-folder.js';
import type {
  ImportedProject,
  ImportedRevision,
  Importer,
  ImportTool,
  RecordedElsewhere,
} from './imported-project.js';
import { loadImporter } from './load-importer.js';
import { type RecordedImport, recordImport } from './record-import.js';
import { type RenderedImport, renderImport } from './render-import.js';
import { runnable } from './runnable.js';
import { targetState, writeImport } from './write-import.js';

/** What is to be brought in. */
export interface ImportRequest
  extends Pick<MigrateOptions, 'dryRun' | 'lockTimeoutMs' | 'by' | 'onEvent' | 'signal'> {
  readonly tool: ImportTool;
  /** The other tool's project. */
  readonly path: string;
  /** The migrations folder that it becomes. */
  readonly target: string;
  readonly dialect: Dialect;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The database whose bookkeeping is taken over; undefined to convert files only. */
  readonly connection?: Connection | undefined;
  /** Write no files: the folder has them, maybe edited since. */
  readonly recordOnly?: boolean | undefined;
  /** Keep an Atlas folder where it is. Settled by itself when `path` is `target`. */
  readonly inPlace?: boolean | undefined;
  /** Record files whose text is not the one that was applied. */
  readonly acceptEdited?: boolean | undefined;
  /** Leave out what the tool's table names and the project has not. */
  readonly ignoreUnknown?: boolean | undefined;
}

export interface ImportResult {
  readonly project: ImportedProject;
  /** As they are run. */
  readonly revisions: readonly ImportedRevision[];
  /** Undefined when the files stay where they are. */
  readonly rendered: RenderedImport | undefined;
  /** True when files were written, or would be. */
  readonly wrote: boolean;
  /** What the tool's own table says; undefined when no database was asked. */
  readonly elsewhere: RecordedElsewhere | undefined;
  readonly recorded: RecordedImport | undefined;
  readonly notes: readonly string[];
}

/**
 * Brings another tool's project in: reads and converts it, writes it into the migrations folder, and records in the
 * database what the tool's own table says is applied. Nothing is run, and the tool's table and files stay as they
 * are. Everything that can be refused is found before anything is written; a second time it only records what is
 * missing.
 *
 * Throws TidemarkError as `Importer.read`, `runnable`, `writeImport` and `recordImport` do, and `import-refused`
 * (exit code 4) for what the table says of failures, of edited files and of migrations that the project has not.
 */
export async function importProject(request: ImportRequest): Promise<ImportResult> {
  const { tool, path, target, dialect, connection, env, signal } = request;
  if (request.inPlace === true && tool !== 'atlas') {
    throw new TidemarkError('usage', `only an Atlas folder can be kept in place, not one of ${tool}`, {
      exitCode: 2,
      hints: ['Import it into a folder of its own; the old one stays as it is.'],
    });
  }
  const importer = await loadImporter(tool);
  const project = await importer.read(path, { engine: dialect.name, env, signal });
  const elsewhere = connection && (await recordedElsewhere(importer, connection, project, request));
  const applied = elsewhere?.applied ?? [];
  const notes = [...project.notes, ...(elsewhere?.notes ?? []), ...gaps(project, new Set(applied))];

  const { revisions, rendered, wrote, folder } = await placeFiles(project, request);
  const recorded =
    connection === undefined || elsewhere?.table === undefined
      ? undefined
      : await recordImport(connection, folder, dialect, { ...request, applied });
  if (recorded !== undefined && recorded.beyond.length > 0) {
    notes.push(
      `Tidemark's own history has more than ${elsewhere?.table}: ${recorded.beyond.join(', ')}; "tidemark status" compares the database with all of it.`,
    );
  }
  return { project, revisions, rendered, wrote, elsewhere, recorded, notes };

  async function placeFiles(
    { revisions: read }: ImportedProject,
    { dryRun = false, recordOnly = false }: ImportRequest,
  ): Promise<Pick<ImportResult, 'revisions' | 'rendered' | 'wrote'> & { readonly folder: MigrationFolder }> {
    const home = read[0] === undefined ? path : dirname(read[0].source);
    const inPlace = tool === 'atlas' && (request.inPlace === true || resolve(home) === resolve(target));
    if (inPlace && !recordOnly) {
      const adopted = await adoptAtlasFolder(target, home, project, dialect, dryRun);
      return { revisions: read, rendered: undefined, ...adopted };
    }
    const converted: ImportedRevision[] = [];
    for (const revision of read) converted.push(inPlace ? revision : await runnable(revision, dialect));
    const files = inPlace ? undefined : renderImport(target, converted);
    if (recordOnly || files === undefined) {
      const there = await readMigrationFolder(target, { mustExist: true });
      return { revisions: converted, rendered: files, wrote: false, folder: there };
    }
    const state = await targetState(target, files);
    if (state === 'imported') {
      return {
        revisions: converted,
        rendered: files,
        wrote: false,
        folder: await readMigrationFolder(target),
      };
    }
    const written = dryRun ? asWritten(folderOfTexts(target, files.files)) : await writeImport(target, files);
    return { revisions: converted, rendered: files, wrote: true, folder: written };
  }
}

/** A folder as it will be once its sum is written. */
function asWritten(folder: MigrationFolder): MigrationFolder {
  return { ...folder, listed: folder.sums, difference: { added: [], edited: [], removed: [] } };
}

async function recordedElsewhere(
  importer: Importer,
  connection: Connection,
  project: ImportedProject,
  { acceptEdited = false, ignoreUnknown = false }: ImportRequest,
): Promise<RecordedElsewhere> {
  const elsewhere = await importer.recorded(connection, project);
  const { table, problems, edited = [], unknown } = elsewhere;
  const missing =
    unknown.length === 0 ? [] : [`${table} has what the project has not: ${unknown.join(', ')}.`];
  const inTheWay = [...problems, ...(acceptEdited ? [] : edited), ...(ignoreUnknown ? [] : missing)];
  if (inTheWay.length === 0) {
    return { ...elsewhere, notes: [...(elsewhere.notes ?? []), ...edited, ...missing] };
  }
  throw new TidemarkError(
    'import-refused',
    `nothing was imported, because ${inTheWay.length === 1 ? 'something stands' : `${inTheWay.length} things stand`} in the way:\n${inTheWay.map((line) => `  ${line}`).join('\n')}`,
    {
      exitCode: 4,
      hints: [
        ...(edited.length > 0 && !acceptEdited
          ? [
              'Bring the text back that ran; or, if you know that the change does not matter, use --accept-edited.',
            ]
          : []),
        ...(missing.length > 0 && !ignoreUnknown
          ? ['Update your checkout; or, if these migrations are gone on purpose, use --ignore-unknown.']
          : []),
        'To convert the files only, use --no-record.',
      ],
      details: { table: table ?? null, problems, edited, unknown },
    },
  );
}

/** Revisions that were passed over: something after them is applied. */
function gaps({ revisions }: ImportedProject, applied: ReadonlySet<string>): string[] {
  const needed = new Set<string>();
  for (const [index, { id, parents, dependsOn }] of [...revisions.entries()].reverse()) {
    if (!applied.has(id) && !needed.has(id)) continue;
    const before = parents ?? (index === 0 ? [] : [revisions[index - 1]!.id]);
    for (const needs of [...before, ...dependsOn]) needed.add(needs);
  }
  const passed = revisions.filter(({ id }) => needed.has(id) && !applied.has(id)).map(({ id }) => id);
  return passed.length === 0
    ? []
    : [
        `Not applied in the database, though something after it is: ${passed.join(', ')}. "tidemark migrate up --out-of-order" runs it.`,
      ];
}
