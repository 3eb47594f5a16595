import type { MadeBackup } from '../../library/backups/make-backup.js';
import type { BackupPlan } from '../../library/backups/plan-backup.js';
import type { Style } from '../style.js';
import { levelText } from './backup-level.js';
import { oneLine } from './one-line.js';
import { bytesText, counted, timeText } from './quantity.js';

export function renderMade(made: MadeBackup, style: Style): string {
  const { id, bytes, rows, tables, durationMs, verified, sent, encrypted, pinned, heads } = made;
  const marks = [...(encrypted ? ['encrypted'] : []), ...(pinned ? ['pinned'] : [])];
  return [
    style.bold(`backed up ${oneLine(made.database)} as ${id}`),
    `  ${bytesText(bytes)}, ${counted(rows, 'row')} in ${counted(tables, 'table')}, ${timeText(durationMs)}`,
    `  proven: ${levelText(verified)}`,
    ...(heads.length > 0 ? [`  at ${heads.join(', ')}`] : []),
    ...(marks.length > 0 ? [`  ${marks.join(', ')}`] : []),
    `  ${oneLine(made.path)}`,
    ...sent.map(({ place, bytes: size }) => `  ${place}: ${bytesText(size)} sent and read back`),
  ].join('\n');
}

export function renderPlan(plan: BackupPlan, style: Style): string {
  return [
    style.bold(`would back up ${oneLine(plan.database)} (${plan.engine}) into ${oneLine(plan.path)}`),
    `  needs about ${bytesText(plan.needed)}, ${bytesText(plan.free)} free`,
    `  to be proven: ${levelText(plan.verify)}`,
    ...(plan.encryptTo.length > 0 ? [`  encrypted to ${plan.encryptTo.join(', ')}`] : []),
    ...(plan.excludeTableData.length > 0
      ? [`  without the rows of ${plan.excludeTableData.map(oneLine).join(', ')}`]
      : []),
    ...(plan.destinations.length > 0 ? [`  then sent to ${plan.destinations.join(', ')}`] : []),
  ].join('\n');
}
