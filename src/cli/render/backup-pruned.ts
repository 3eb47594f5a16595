import type { PrunedBackups, PrunedPlace } from '../../library/backups/prune-places.js';
import type { Style } from '../style.js';
import { counted } from './quantity.js';

export function renderPruned({ places, dryRun }: PrunedBackups, style: Style): string {
  return places.map((place) => placeText(place, dryRun, style)).join('\n');
}

function placeText({ place, decisions, swept, locked }: PrunedPlace, dryRun: boolean, style: Style): string {
  const stays = new Set(locked.map(({ id }) => id));
  const going = decisions.filter(({ id, keep }) => !keep && !stays.has(id)).length;
  const word = dryRun ? 'would delete' : 'deleted';
  return [
    style.bold(`${place}: ${word} ${going} of ${counted(decisions.length, 'backup')}`),
    ...decisions
      .filter(({ id, keep }) => keep || !stays.has(id))
      .map(({ id, keep, reasons }) =>
        keep
          ? `  ${style.green('keep')}    ${id}  ${style.dim(reasons.join('; '))}`
          : `  ${style.red(dryRun ? 'delete ' : 'deleted')} ${id}  ${style.dim(reasons.join('; '))}`,
      ),
    ...swept.map(
      (name) =>
        `  ${dryRun ? 'would sweep' : 'swept'}  ${name}  ${style.dim('left over from a run that was interrupted')}`,
    ),
    ...locked.map(({ id, problem }) => `  ${style.yellow('locked')}  ${id}  ${style.dim(problem)}`),
  ].join('\n');
}
