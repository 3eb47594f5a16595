import type { BackupList, ListedBackup } from '../../library/backups/look-at-backups.js';
import type { Style } from '../style.js';
import { oneLine } from './one-line.js';
import { bytesText, counted, momentText } from './quantity.js';

export function renderList(list: BackupList, style: Style): string {
  const { backups, total, folder, database } = list;
  if (total === 0)
    return `no backup of ${oneLine(database)} in ${oneLine(folder)}; make one: tidemark backup create`;
  const rows = backups.map((backup) => cellsOf(backup));
  const widths = rows.reduce<number[]>(
    (most, cells) => cells.map((cell, at) => Math.max(cell.length, most[at] ?? 0)),
    [],
  );
  const lines = rows.map((cells, at) => {
    const padded = cells.map((cell, column) =>
      column === 2 || column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    const line = `${padded.join('  ')}  ${marksOf(backups[at], style)}`.trimEnd();
    return backups[at]?.state === 'incomplete' ? style.dim(line) : line;
  });
  const more = total - backups.length;
  return [...lines, ...(more > 0 ? [style.dim(`${more} more: --limit ${total}`)] : [])].join('\n');
}

function cellsOf({ id, createdAt, bytes, rows, heads }: ListedBackup): string[] {
  return [
    id,
    createdAt === null ? '' : momentText(createdAt),
    bytes === null ? '' : bytesText(bytes),
    rows === null ? '' : counted(rows, 'row'),
    heads.map(oneLine).join(','),
  ];
}

/** What is to be known of it at a glance. */
function marksOf(backup: ListedBackup | undefined, style: Style): string {
  if (backup === undefined) return '';
  const { state, problem, pinned, verified, encrypted, trigger, tags, places } = backup;
  if (state === 'running') return style.cyan('being made');
  const away = places.filter((place) => place.state !== 'complete').map(({ place }) => place);
  const at = places.filter((place) => place.state === 'complete').map(({ place }) => place);
  return [
    ...(state === 'incomplete' ? [style.red(`incomplete: ${oneLine(problem ?? 'unknown')}`)] : []),
    ...(at.length > 0 ? [at.join('+')] : []),
    ...(state === 'complete' && away.length > 0 ? [style.yellow(`not whole at ${away.join(', ')}`)] : []),
    ...(pinned ? [style.cyan('pinned')] : []),
    ...(state === 'incomplete'
      ? []
      : [verified === null ? style.yellow('unverified') : style.green(`verified ${verified.level}`)]),
    ...(encrypted === true ? ['encrypted'] : []),
    ...(trigger === 'pre-restore' ? [style.yellow('put aside by a restore')] : []),
    ...(trigger === 'pre-migration' ? ['before a migration'] : []),
    ...tags.map((tag) => `#${oneLine(tag)}`),
  ].join(' ');
}
