import { statusOf } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { lookAtTarget } from '../look-at-target.js';
import { renderStatus } from '../render/migrate-status.js';

/** Where folder and database are. Never writes. */
export async function run(context: Context): Promise<Outcome> {
  const { connection, folder, position } = await lookAtTarget(context);
  const status = statusOf(folder, position);
  const something = status.pending > 0 || status.problems.length > 0;
  return {
    result: { target: connection.label, ...status },
    text: renderStatus(status, connection.label, context.output.style),
    exitCode: something && context.options.flag('check') ? 3 : 0,
  };
}
