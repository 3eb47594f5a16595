import { migrateUp } from '../../migrations/migrate-up.js';
import { requireRunnable } from '../../migrations/require-runnable.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents } from '../migrate-events.js';
import { renderDryRun, renderRun } from '../render/migrate-run.js';
import { requireScriptForOutput, scriptOutput } from '../script-output.js';

/** Applies pending migrations. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  requireScriptForOutput(context);
  const { exclude } = await context.environment();
  const folder = await context.migrations();
  requireRunnable(folder);
  const dialect = await context.dialect();
  const looking = options.flag('dry-run') || options.flag('sql');
  const connection = await context.openTarget(looking ? 'empty' : 'create');
  const result = await migrateUp(connection, folder, dialect, {
    target: context.argument('TARGET'),
    dryRun: options.flag('dry-run'),
    script: options.flag('sql'),
    baseline: options.text('baseline'),
    allowDirty: options.flag('allow-dirty'),
    outOfOrder: options.flag('out-of-order'),
    lockTimeoutMs: options.duration('lock-timeout'),
    exclude,
    onEvent: reportEvents(output),
  });
  const { script, dryRun } = result;
  const said = () => (dryRun ? renderDryRun(result) : renderRun(result, connection.label, output.style));
  return { result, text: script === undefined ? said() : await scriptOutput(context, script) };
}
