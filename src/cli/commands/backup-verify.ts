import { levelOf } from '../../library/backups/backup-settings.js';
import { verifyOne } from '../../library/backups/verify-backups.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderVerified } from '../render/backup-verified.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const level = levelOf(options.text('level'), '--level');
  const place = await placeOf(context);
  const verified = await interruptibly(context, (signal) =>
    verifyOne(place, context.argument('ID') ?? 'latest', {
      level,
      from: options.text('from'),
      signal,
      onEvent: reportBackup(output),
    }),
  );
  return {
    result: verified,
    text: renderVerified(verified, output.style),
    exitCode: verified.ok ? 0 : 3,
  };
}
