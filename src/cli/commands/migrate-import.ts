import { relative, resolve } from 'node:path';
import type { DatabaseUrl } from '../../database/database-url.js';
import { openDatabase } from '../../database/open-database.js';
import { TidemarkError } from '../../errors.js';
import { bookkeepingPatterns, compareImport } from '../../importing/compare-import.js';
import { importOutcome } from '../../importing/import-outcome.js';
import { type ImportResult, importProject } from '../../importing/import-project.js';
import { IMPORT_TOOLS, type ImportTool } from '../../importing/imported-project.js';
import { Workbench } from '../../planning/workbench.js';
import { filterOf } from '../../schema/object-filter.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents } from '../migrate-events.js';
import { reportNotes } from '../planning.js';
import { renderImportResult } from '../render/migrate-import.js';

/** Brings another tool's project in, and what it has applied. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const tool = toolOf(options.text('from'));
  const { migrations: target, url } = await context.environment();
  const recordOnly = options.flag('record-only');
  if (recordOnly && !options.flag('record')) {
    throw new TidemarkError('usage', '--record-only and --no-record leave nothing to do', { exitCode: 2 });
  }
  if (recordOnly) await context.url();
  const dialect = await context.dialect();
  const records = options.flag('record') && url !== undefined;
  const connection = records ? await context.openTarget('empty') : undefined;
  const dryRun = options.flag('dry-run');
  const imported = await importProject({
    tool,
    path: resolve(context.cwd, context.required('PATH')),
    target,
    dialect,
    env: context.env,
    connection,
    dryRun,
    recordOnly,
    inPlace: options.flag('in-place'),
    acceptEdited: options.flag('accept-edited'),
    ignoreUnknown: options.flag('ignore-unknown'),
    lockTimeoutMs: options.duration('lock-timeout'),
    onEvent: reportEvents(output),
  });
  // The embedded engine has one session, and comparing opens the database anew.
  await connection?.close();
  for (const note of imported.notes) output.note(note);
  const differences = await compared(context, tool, imported, records ? url : undefined);
  const result = importOutcome(imported, { tool, dryRun, target, differences });
  const label = connection?.label;
  const unwritten = await unwrittenSchema(context);
  const view = { cwd: context.cwd, label, style: output.style, unwritten };
  return { result, text: renderImportResult(result, view) };
}

/** The schema file that is missing, or that holds nothing but comments; undefined where a schema is written. */
async function unwrittenSchema(context: Context): Promise<string | undefined> {
  const { schema, root } = await context.environment();
  const [path, ...others] = schema;
  if (path === undefined || others.length > 0 || !path.endsWith('.sql') || path.includes('*'))
    return undefined;
  const { readFile } = await import('node:fs/promises');
  const file = resolve(root, path);
  const text = await readFile(file, 'utf8').catch(() => '');
  const isBare = text.split('\n').every((line) => /^\s*(?:--.*)?$/.test(line));
  return isBare ? relative(context.cwd, file) : undefined;
}

function toolOf(text: string | undefined): ImportTool {
  const tool = IMPORT_TOOLS.find((name) => name === text);
  if (tool !== undefined) return tool;
  throw new TidemarkError('usage', 'say which tool the project is of: --from TOOL', {
    exitCode: 2,
    hints: [`Tools: ${IMPORT_TOOLS.join(', ')}.`],
  });
}

/** The differences to the live database; undefined when they are not known. What keeps them from being known is told. */
async function compared(
  context: Context,
  tool: ImportTool,
  { elsewhere, revisions, recorded }: ImportResult,
  url: DatabaseUrl | undefined,
): Promise<readonly string[] | undefined> {
  if (url === undefined || elsewhere?.table === undefined) return undefined;
  if (recorded !== undefined && recorded.beyond.length > 0) return undefined;
  const environment = await context.environment();
  const bench = context.closing(
    new Workbench({
      dialect: await context.dialect(url.engine),
      filter: filterOf(environment, bookkeepingPatterns(tool, elsewhere.table)),
      openDev: () => context.openDev(url.engine),
    }),
  );
  context.output.progress('comparing the database with the imported migrations …');
  try {
    const open = (address: DatabaseUrl) => openDatabase(address, { missing: 'refuse' });
    return await compareImport(bench, revisions, new Set(elsewhere.applied), url, open);
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
    const where = error.location === undefined ? '' : `${error.location.file}:${error.location.line}: `;
    context.output.warn(
      `the database could not be compared with the imported migrations: ${where}${error.message}`,
    );
    return undefined;
  } finally {
    await bench.close();
    reportNotes(context, bench);
  }
}
