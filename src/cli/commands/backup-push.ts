import { pushBackup } from '../../library/backups/move-backups.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderMoved } from '../render/backup-moved.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const to = context.options.list('to');
  const place = await placeOf(context);
  const moved = await interruptibly(context, (signal) =>
    pushBackup(place, context.required('ID'), {
      places: to.length === 0 ? undefined : to,
      signal,
      onEvent: reportBackup(context.output),
    }),
  );
  return { result: moved, text: renderMoved(moved) };
}
