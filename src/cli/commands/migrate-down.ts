import { migrateDown } from '../../migrations/migrate-down.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents } from '../migrate-events.js';
import { renderDryRun, renderRun } from '../render/migrate-run.js';
import { requireScriptForOutput, scriptOutput } from '../script-output.js';

/** Takes applied migrations back, newest first. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  requireScriptForOutput(context);
  const folder = await context.migrations();
  const dialect = await context.dialect();
  const connection = await context.openTarget('refuse');
  const result = await migrateDown(connection, folder, dialect, {
    target: context.argument('TARGET'),
    dryRun: options.flag('dry-run'),
    script: options.flag('sql'),
    lockTimeoutMs: options.duration('lock-timeout'),
    onEvent: reportEvents(output),
  });
  const { script, dryRun } = result;
  const said = () => (dryRun ? renderDryRun(result) : renderRun(result, connection.label, output.style));
  return { result, text: script === undefined ? said() : await scriptOutput(context, script) };
}
