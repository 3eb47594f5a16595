import type { VerifiedBackup } from '../../library/backups/verify-backups.js';
import type { Style } from '../style.js';
import { levelText } from './backup-level.js';
import { oneLine } from './one-line.js';
import { bytesText, counted, timeText } from './quantity.js';

export function renderVerified(verified: VerifiedBackup, style: Style): string {
  const { id, place, ok, level, passed, problems, durationMs, restoreMs, rows, bytes } = verified;
  if (ok) {
    return [
      `${style.green('ok')} ${id} at ${place}: ${levelText(level)}, ${timeText(durationMs)}`,
      ...(restoreMs === null
        ? []
        : [`  ${bytesText(bytes)} and ${counted(rows ?? 0, 'row')} were back after ${timeText(restoreMs)}`]),
    ].join('\n');
  }
  return [
    `${style.red('not ok')} ${id} at ${place}, asked for ${levelText(level)}`,
    ...problems.map((problem) => `  ${oneLine(problem)}`),
    `  passed: ${passed === null ? 'nothing' : levelText(passed)}`,
  ].join('\n');
}

/** What a drill says: what it would have been like. */
export function renderDrill(drill: VerifiedBackup, style: Style): string {
  const { ok, restoreMs, createdAt } = drill;
  const age = Date.now() - Date.parse(createdAt);
  return [
    renderVerified(drill, style),
    ok && restoreMs !== null
      ? `  had you needed it now: back after ${timeText(restoreMs)}, without the last ${timeText(age)}`
      : style.red('  had you needed it now, it would not have helped'),
  ].join('\n');
}
