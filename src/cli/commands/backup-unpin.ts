import { setPin } from '../../library/backups/look-at-backups.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const place = await placeOf(context);
  const id = context.required('ID');
  const done = await interruptibly(context, (signal) => setPin(place, id, false, signal));
  return { result: done, text: `unpinned ${done.id} at ${done.places.join(', ')}` };
}
