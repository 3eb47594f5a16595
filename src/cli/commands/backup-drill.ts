import { verifyOne } from '../../library/backups/verify-backups.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { renderDrill } from '../render/backup-verified.js';
import { interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const place = await placeOf(context);
  const level = place.settings.assertions.length > 0 ? 4 : 3;
  const drill = await interruptibly(context, (signal) =>
    verifyOne(place, 'latest', {
      level,
      from: options.text('from'),
      toRestore: true,
      signal,
      onEvent: reportBackup(output),
    }),
  );
  return { result: drill, text: renderDrill(drill, output.style), exitCode: drill.ok ? 0 : 3 };
}
