import { TidemarkError } from '../errors.js';
import type { ImportOutcome } from '../importing/import-outcome.js';
import type { ImportRequest, ImportResult } from '../importing/import-project.js';
import type { ImportTool } from '../importing/imported-project.js';
import type { CallOptions, ProjectSession } from './project-session.js';

export interface ImportOptions
  extends CallOptions,
    Pick<
      ImportRequest,
      | 'dryRun'
      | 'recordOnly'
      | 'inPlace'
      | 'acceptEdited'
      | 'ignoreUnknown'
      | 'lockTimeoutMs'
      | 'by'
      | 'onEvent'
    > {
  /** The tool whose project it is. */
  readonly from: ImportTool;
  /** Its project; relative to the folder of the configuration. */
  readonly path: string;
  /** Record what the tool's own table says is applied. Default true. */
  readonly record?: boolean | undefined;
}

export interface MigrateImportApi {
  /**
   * Brings another tool's project in, and records what it has applied, without running anything. Its table and
   * its files stay as they are.
   */
  readonly import: (options: ImportOptions) => Promise<ImportOutcome>;
}

export function migrateImportApi(project: ProjectSession): MigrateImportApi {
  const { migrations: target, root } = project.environment;
  return {
    async import({ from: tool, path, record = true, ...options }) {
      const { resolve } = await import('node:path');
      const { loadDialect } = await import('../dialects.js');
      const { importOutcome } = await import('../importing/import-outcome.js');
      const { importProject } = await import('../importing/import-project.js');
      const imported = await project.call(options, async (signal) =>
        importProject({
          ...options,
          tool,
          path: resolve(root, path),
          target,
          dialect: await loadDialect(project.url.engine),
          env: process.env,
          connection: record ? await project.session(signal) : undefined,
          signal,
        }),
      );
      const { differences, notes } = await compared(project, tool, imported, options);
      const dryRun = options.dryRun === true;
      const all = { ...imported, notes: [...imported.notes, ...notes] };
      return importOutcome(all, { tool, dryRun, target, differences });
    },
  };
}

/** The differences to the database, where they can be known; a note says why they cannot. */
async function compared(
  project: ProjectSession,
  tool: ImportTool,
  { elsewhere, revisions, recorded }: ImportResult,
  { signal }: CallOptions,
): Promise<{ readonly differences: readonly string[] | undefined; readonly notes: readonly string[] }> {
  if (elsewhere?.table === undefined) return { differences: undefined, notes: [] };
  if (recorded !== undefined && recorded.beyond.length > 0) return { differences: undefined, notes: [] };
  const { bookkeepingPatterns, compareImport } = await import('../importing/compare-import.js');
  const { isAborted, unlessAborted } = await import('../migrations/abort.js');
  const { atWorkbench, opener } = await import('./planning.js');
  const exclude = bookkeepingPatterns(tool, elsewhere.table);
  const applied = new Set(elsewhere.applied);
  try {
    const compare = atWorkbench(project, { signal, exclude }, [], (bench, given) =>
      unlessAborted(compareImport(bench, revisions, applied, project.url, opener(project)), given),
    );
    return { differences: await compare, notes: [] };
  } catch (error) {
    if (!(error instanceof TidemarkError) || isAborted(error)) throw error;
    const { file, line } = error.location ?? {};
    const where = file === undefined ? '' : `${file}:${line}: `;
    const note = `the database could not be compared with the imported migrations: ${where}${error.message}`;
    return { differences: undefined, notes: [note] };
  }
}
