import type { StatusBackup } from '../../backup/backup-status.js';
import type { KeptDatabase } from '../../library/backups/kept-databases.js';
import type { BackupStatusReport } from '../../library/backups/look-at-backups.js';
import type { Style } from '../style.js';
import { levelText } from './backup-level.js';
import { oneLine } from './one-line.js';
import { bytesText, counted, momentText, timeText } from './quantity.js';

export function renderBackupStatus(status: BackupStatusReport, style: Style): string {
  const {
    last,
    lastProven,
    nextDue,
    overdueMs,
    complete,
    incomplete,
    running,
    leftovers,
    problems,
    kept,
    halfRestored,
  } = status;
  return [
    verdictLine(status, style),
    `  last good: ${last === null ? 'none' : backupLine(last)}`,
    `  last restored for proof: ${lastProven === null ? style.yellow('none') : backupLine(lastProven)}`,
    `  next due: ${momentText(nextDue)} UTC${overdueMs > 0 ? ` (${timeText(overdueMs)} ago)` : ''}`,
    `  ${counted(complete, 'complete backup')} in ${oneLine(status.folder)}`,
    ...running.map((id) => `  being made: ${id}`),
    ...leftovers.map((id) => style.yellow(`  left half made: ${id}`)),
    ...incomplete.map((id) => style.yellow(`  incomplete: ${id}`)),
    ...(kept === null ? [style.dim('  what restores keep is not known: the server cannot be asked')] : []),
    ...(kept ?? []).map(keptLine),
    ...(kept !== null && kept.length > 0
      ? [
          style.dim(
            '    the newest comes back with "tidemark backup restore --undo"; --drop-kept NAME removes one',
          ),
        ]
      : []),
    ...halfRestored.map((name) =>
      style.yellow(
        `  half restored: ${oneLine(name)}; if no restore is at work: tidemark backup restore --repair`,
      ),
    ),
    ...problems.map((problem) => style.yellow(`  ${oneLine(problem)}`)),
  ].join('\n');
}

function verdictLine({ verdict, database }: BackupStatusReport, style: Style): string {
  const name = oneLine(database);
  switch (verdict) {
    case 'ok':
      return style.green(`the backups of ${name} are as young as promised`);
    case 'due':
      return `a backup of ${name} is due now`;
    case 'overdue':
      return style.red(`a backup of ${name} is overdue`);
    case 'never':
      return style.red(`${name} was never backed up`);
  }
}

function keptLine({ name, at, backup, bytes }: KeptDatabase): string {
  const facts = [
    ...(at === null ? [] : [`since ${momentText(at)} UTC`]),
    ...(bytes === null ? [] : [bytesText(bytes)]),
    ...(backup === null ? [] : [`before ${backup} was restored`]),
  ];
  return `  kept by a restore: ${[oneLine(name), ...facts].join(', ')}`;
}

function backupLine({ id, createdAt, bytes, rows, places, verified }: StatusBackup): string {
  const proof = verified === null ? 'unverified' : levelText(verified.level);
  return `${id}, ${momentText(createdAt)} UTC, ${bytesText(bytes)}, ${counted(rows, 'row')}, at ${places.join(', ')}, ${proof}`;
}
