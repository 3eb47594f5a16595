import { fetchBackup } from '../../library/backups/move-backups.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderMoved } from '../render/backup-moved.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const from = context.options.text('from');
  const place = await placeOf(context);
  const moved = await interruptibly(context, (signal) =>
    fetchBackup(place, context.required('ID'), {
      places: from === undefined ? undefined : [from],
      signal,
      onEvent: reportBackup(context.output),
    }),
  );
  return { result: moved, text: renderMoved(moved) };
}
