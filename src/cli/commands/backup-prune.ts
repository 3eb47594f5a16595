import type { RetentionConfig } from '../../backup-config.js';
import { pruneFailed, prunePlaces } from '../../library/backups/prune-places.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderPruned } from '../render/backup-pruned.js';
import { countOf, interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const places = options.list('destination');
  const place = await placeOf(context, { retention: retentionOf(context) });
  const pruned = await interruptibly(context, (signal) =>
    prunePlaces(place, {
      dryRun: options.flag('dry-run'),
      force: options.flag('force'),
      places: places.length === 0 ? undefined : places,
      signal,
    }),
  );
  const text = renderPruned(pruned, output.style);
  const failed = pruneFailed(pruned);
  if (failed !== undefined) {
    // What was done at the other places is not lost in the complaint about one.
    if (text !== '') output.note(text);
    throw failed;
  }
  return { result: { dryRun: pruned.dryRun, places: pruned.places }, text };
}

function retentionOf(context: Context): RetentionConfig {
  return {
    keepDays: context.options.text('keep-days') === 'off' ? 'off' : countOf(context, 'keep-days'),
    minKeep: countOf(context, 'min-keep'),
    keepLast: countOf(context, 'keep-last', 0),
    keepHourly: countOf(context, 'keep-hourly', 0),
    keepDaily: countOf(context, 'keep-daily', 0),
    keepWeekly: countOf(context, 'keep-weekly', 0),
    keepMonthly: countOf(context, 'keep-monthly', 0),
    keepYearly: countOf(context, 'keep-yearly', 0),
  };
}
