import { TidemarkError } from '../../errors.js';
import type { MigrateUpOptions } from '../../migrations/migrate-options.js';
import { migrateUp } from '../../migrations/migrate-up.js';
import { rangeOf, upRange } from '../../migrations/range-script.js';
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
  const wantsBackup = backupWanted(context);
  const target = context.argument('TARGET');
  const range = rangeOf(target, options.flag('sql'));
  const { exclude, include } = await context.environment();
  const folder = await context.migrations();
  requireRunnable(folder);
  const dialect = await context.dialect();
  if (range !== undefined) {
    refuseBaseline(context);
    const result = await upRange(folder, dialect, { range, engine: await context.engine() });
    return { result, text: await scriptOutput(context, result.script) };
  }
  const looking = options.flag('dry-run') || options.flag('sql');
  const connection = await context.openTarget(looking ? 'empty' : 'create');
  const given: MigrateUpOptions = {
    target,
    dryRun: options.flag('dry-run'),
    script: options.flag('sql'),
    baseline: options.text('baseline'),
    allowDirty: options.flag('allow-dirty'),
    outOfOrder: options.flag('out-of-order'),
    signal: context.interruption(),
    lockTimeoutMs: options.duration('lock-timeout'),
    exclude,
    include,
    onEvent: reportEvents(output),
  };
  if (wantsBackup && !looking) {
    const { upWithBackup } = await import('../up-with-backup.js');
    return upWithBackup(context, connection, folder, dialect, given);
  }
  const result = await migrateUp(connection, folder, dialect, given);
  const { script, dryRun } = result;
  const said = () => (dryRun ? renderDryRun(result) : renderRun(result, connection.label, output.style));
  return { result, text: script === undefined ? said() : await scriptOutput(context, script) };
}

/** Whether there is to be a backup first. Refuses what contradicts it before anything is opened. */
function backupWanted({ options }: Context): boolean {
  const backup = options.flag('backup');
  if (backup && options.flag('sql')) {
    throw new TidemarkError('usage', 'a script makes no backup: --backup does not go with --sql', {
      exitCode: 2,
      hints: ['Make one before the script is run: tidemark backup create'],
    });
  }
  if (!options.flag('restore-on-failure')) return backup;
  if (!backup) {
    throw new TidemarkError('usage', '--restore-on-failure restores the backup that --backup makes', {
      exitCode: 2,
      hints: ['Give both: migrate up --backup --restore-on-failure'],
    });
  }
  return true;
}

/** A range says itself what the database has. */
function refuseBaseline({ options }: Context): void {
  if (options.text('baseline') === undefined) return;
  throw new TidemarkError('usage', '--baseline is for a database, and a range asks none', {
    exitCode: 2,
    hints: ['For a script that records revisions without running them: migrate stamp --sql FROM:TO.'],
  });
}
