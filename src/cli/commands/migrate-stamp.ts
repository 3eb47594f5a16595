import { stampedRange, stampRange } from '../../migrations/range-script.js';
import { migrateStamp } from '../../migrations/stamp.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents } from '../migrate-events.js';
import { renderStamp } from '../render/migrate-stamp.js';
import { requireScriptForOutput, scriptOutput } from '../script-output.js';

/** Rewrites the history of a database without running anything. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  requireScriptForOutput(context);
  const targets = context.several('REVISION');
  const range = stampedRange(targets, options.flag('sql'));
  const folder = await context.migrations();
  const dialect = await context.dialect();
  if (range !== undefined) {
    const result = await stampRange(folder, dialect, { range, engine: await context.engine() });
    return { result, text: await scriptOutput(context, result.script) };
  }
  const connection = await context.openTarget('refuse');
  const result = await migrateStamp(connection, folder, dialect, {
    targets,
    purge: options.flag('purge'),
    dryRun: options.flag('dry-run'),
    script: options.flag('sql'),
    signal: context.interruption(),
    lockTimeoutMs: options.duration('lock-timeout'),
    onEvent: reportEvents(output),
  });
  const text =
    result.script === undefined
      ? renderStamp(result, connection.label, output.style)
      : await scriptOutput(context, result.script);
  return { result, text };
}
