import { TidemarkError } from '../../errors.js';
import { listBackups } from '../../library/backups/look-at-backups.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderList } from '../render/backup-list.js';
import { countOf, interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  if (options.given('backup-dir') && options.given('output-dir')) {
    throw new TidemarkError('usage', '--backup-dir and --output-dir are one option: give one', {
      exitCode: 2,
    });
  }
  const limit = options.text('limit') === 'all' ? undefined : countOf(context, 'limit');
  const place = await placeOf(context);
  const list = await interruptibly(context, (signal) => listBackups(place, { limit, signal }));
  for (const { place: name, message } of list.unreachable)
    output.warn(`${name} could not be asked: ${message}`);
  return { result: list, text: renderList(list, output.style) };
}
