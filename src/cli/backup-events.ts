import type { BackupEvent } from '../backup/events.js';
import type { Output } from './output.js';
import { bytesText, timeText } from './render/quantity.js';

/** Below it a rate says nothing. */
const SETTLED_MS = 1000;
const SHOWN_EVERY_MS = 100;

/**
 * Shows what a backup or a restore is doing: on a terminal one line that changes, with bytes, rows, the table and the
 * time left; elsewhere a line for each step.
 */
export function reportBackup(
  output: Output,
  clock: () => number = () => performance.now(),
): (event: BackupEvent) => void {
  let phase = '';
  let began = clock();
  let shown = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (event.type === 'note') {
      output.warn(event.text.replace(/\.$/, ''));
      return;
    }
    if (event.phase !== phase) {
      phase = event.phase;
      began = clock();
      shown = Number.NEGATIVE_INFINITY;
      if (output.live) output.progress(`${phase} …`);
      else output.note(phase);
    }
    if (event.type !== 'progress' || !output.live) return;
    const now = clock();
    if (now - shown < SHOWN_EVERY_MS) return;
    shown = now;
    output.progress(progressLine(event, now - began));
  };
}

/** `dumping: 12 MB of 40 MB, 1,234 rows, public.users, 8 s left` */
export function progressLine(event: Extract<BackupEvent, { type: 'progress' }>, elapsedMs: number): string {
  const { phase, bytes, totalBytes, rows, item } = event;
  const size =
    totalBytes === undefined || totalBytes === 0
      ? bytesText(bytes)
      : `${bytesText(bytes)} of ${bytesText(totalBytes)}`;
  const known = totalBytes !== undefined && totalBytes > bytes && bytes > 0 && elapsedMs >= SETTLED_MS;
  return [
    `${phase}: ${size}`,
    ...(rows === undefined ? [] : [`${rows.toLocaleString('en')} rows`]),
    ...(item === undefined ? [] : [item]),
    ...(known ? [`${timeText((elapsedMs / bytes) * (totalBytes - bytes))} left`] : []),
  ].join(', ');
}
