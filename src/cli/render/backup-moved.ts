import type { MovedBackup } from '../../library/backups/move-backups.js';
import { bytesText, counted } from './quantity.js';

export function renderMoved({ id, from, to }: MovedBackup): string {
  if (to.length === 0) return `${id} is in the folder already`;
  return to
    .map(
      ({ place, bytes, kept }) =>
        `${id} copied from ${from} to ${place}: ${bytesText(bytes)} read back${
          kept > 0 ? `, ${counted(kept, 'file')} there already` : ''
        }`,
    )
    .join('\n');
}
