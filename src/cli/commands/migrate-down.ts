import { migrateDown } from '../../migrations/migrate-down.js';
import { downRange, rangeOf } from '../../migrations/range-script.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents } from '../migrate-events.js';
import { renderDryRun, renderRun } from '../render/migrate-run.js';
import { requireScriptForOutput, scriptOutput } from '../script-output.js';

/** Takes applied migrations back, newest first. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  requireScriptForOutput(context);
  const target = context.argument('TARGET');
  const range = rangeOf(target, options.flag('sql'));
  const folder = await context.migrations();
  const dialect = await context.dialect();
  if (range !== undefined) {
    const result = await downRange(folder, dialect, { range, engine: await context.engine() });
    return { result, text: await scriptOutput(context, result.script) };
  }
  const connection = await context.openTarget('refuse');
  const result = await migrateDown(connection, folder, dialect, {
    target,
    dryRun: options.flag('dry-run'),
    script: options.flag('sql'),
    signal: context.interruption(),
    lockTimeoutMs: options.duration('lock-timeout'),
    onEvent: reportEvents(output),
  });
  const { script, dryRun } = result;
  const said = () => (dryRun ? renderDryRun(result) : renderRun(result, connection.label, output.style));
  return { result, text: script === undefined ? said() : await scriptOutput(context, script) };
}
