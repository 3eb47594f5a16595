import { statusOfBackups } from '../../library/backups/look-at-backups.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderBackupStatus } from '../render/backup-status.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const place = await placeOf(context, { interval: options.text('interval'), cron: options.text('cron') });
  const status = await interruptibly(context, (signal) => statusOfBackups(place, { kept: true, signal }));
  for (const { place: name, message } of status.unreachable)
    output.warn(`${name} could not be asked: ${message}`);
  const broken = status.verdict === 'overdue' || status.verdict === 'never';
  return { result: status, text: renderBackupStatus(status, output.style), exitCode: broken ? 3 : 0 };
}
