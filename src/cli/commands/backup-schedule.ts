import { type BackupScheduleEvent, scheduleBackups } from '../../library/backups/schedule-backups.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { scheduleLine } from '../render/backup-schedule.js';
import { counted } from '../render/quantity.js';
import { placeOf } from './backup-context.js';

interface ScheduleResult {
  readonly database: string;
  readonly once: boolean;
  readonly backups: number;
  readonly failures: number;
  /** The signal that ended it; null with `--once`. */
  readonly endedBy: string | null;
}

export async function run(context: Context): Promise<Outcome<ScheduleResult>> {
  const { options, output } = context;
  const once = options.flag('once');
  const place = await placeOf(context, {
    interval: options.text('interval'),
    cron: options.text('cron'),
    cleanupInterval: options.text('cleanup-interval'),
    verifyInterval: options.text('verify-interval'),
  });
  const controller = new AbortController();
  let endedBy: string | undefined;
  let failure: Error | undefined;
  // A signal is how it is meant to end.
  context.onSignal = (signal) => {
    endedBy = signal;
    output.note(`${signal}: ending what is at work`);
    controller.abort(new Error(signal));
  };
  const progress = reportBackup(output);
  const onEvent = (event: BackupScheduleEvent) => {
    if (event.type === 'progress') return progress(event.event);
    if (event.type === 'failed') failure = event.error;
    const line = scheduleLine(event);
    // Not a warning: these are kept for the end, which may never come. With --once it is the error at the end.
    if (event.type === 'failed' && !once) output.error(line);
    else output.note(line);
  };
  const { backups, failures } = await scheduleBackups(place, {
    signal: controller.signal,
    once,
    unref: false,
    onEvent,
  });
  if (once && failure !== undefined) throw failure;
  const made = backups === 0 ? 'no backup made' : `${counted(backups, 'backup')} made`;
  return {
    result: { database: place.database, once, backups, failures, endedBy: endedBy ?? null },
    text: endedBy === undefined ? made : `ended by ${endedBy}: ${made}`,
  };
}
