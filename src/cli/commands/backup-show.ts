import { showBackup } from '../../library/backups/look-at-backups.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderBackup } from '../render/backup-show.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const place = await placeOf(context);
  const backup = await interruptibly(context, (signal) => showBackup(place, context.required('ID'), signal));
  return { result: backup, text: renderBackup(backup, context.output.style) };
}
