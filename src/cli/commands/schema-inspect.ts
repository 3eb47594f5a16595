import { resolve } from 'node:path';
import type { DatabaseUrl } from '../../database/database-url.js';
import { inspectState } from '../../planning/inspect-state.js';
import { writeSchema } from '../../planning/write-schema.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { namedSource, openWorkbench, reportNotes, targetSource, unmanagedNames } from '../planning.js';
import { relativePath } from '../render/path.js';

/** Prints a state as SQL or as facts, or writes it into files. */
export async function run(context: Context): Promise<Outcome> {
  const text = context.argument('STATE');
  const source = text ? await namedSource(context, text, 'STATE') : await targetSource(context);
  const bench = await openWorkbench(context, [source]);
  const { openDatabase } = await import('../../database/open-database.js');
  const open = (url: DatabaseUrl) => openDatabase(url, { missing: 'refuse' });
  const { sql, parts, ...facts } = await inspectState(bench, source, { open });
  await bench.close();
  reportNotes(context, bench);
  const unmanaged = unmanagedNames(facts.unmanaged);
  if (unmanaged.length > 0) context.output.warn(`not in this output: ${unmanaged.join(', ')}`);
  const output = context.options.text('output');
  if (output !== undefined) {
    const files = await writeSchema(resolve(context.cwd, output), parts, {
      overwrite: context.options.flag('force'),
    });
    const shown = files.map((file) => relativePath(context.cwd, file, context.cwd));
    return { result: { files: shown }, text: shown.map((file) => `wrote ${file}`).join('\n') };
  }
  if (context.options.text('format') === 'json')
    return { result: facts, text: JSON.stringify(facts, null, 2) };
  return { result: context.output.json ? { ...facts, sql } : facts, text: sql.trimEnd() };
}
