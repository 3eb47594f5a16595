import type { MigrateEvent, MigrateStep } from '../migrations/migrate-options.js';
import type { Output } from './output.js';

/** Shows what a run is doing: one line that changes for what passes, notes for what should be remembered. */
export function reportEvents(output: Output): (event: MigrateEvent) => void {
  return (event) => {
    switch (event.type) {
      case 'waiting-for-lock':
        output.progress(
          `waiting for another runner${event.holder ? ` (process ${event.holder.pid})` : ''} …`,
        );
        return;
      case 'interrupted-run':
        output.warn(
          `the run before this one, begun at ${event.run.startedAt} by ${event.run.by} on ${event.run.host}, ended without a word; what it had not finished was rolled back or is taken up now`,
        );
        return;
      case 'migration-started':
        output.progress(`${event.step.direction} ${event.index + 1}/${event.total} ${stepName(event.step)}`);
        if (event.step.fromHistory) {
          output.warn(`${stepName(event.step)} has no file any more: using the text kept in the database`);
        }
        return;
      case 'statement':
        output.progress(
          `${stepName(event.step)}: statement ${event.statement} of ${event.step.statements.length}`,
        );
        return;
      case 'settled':
        output.note(`${stepName(event.step)}, statement ${event.statement}: ${event.note}`);
        return;
      case 'retry':
        output.note(`${stepName(event.step)}: ${event.reason}; trying again (${event.attempt})`);
        return;
      case 'message':
        output.note(`${stepName(event.step)}: ${event.text}`);
        return;
      case 'migration-done':
        output.detail(`${stepName(event.step)} done in ${event.durationMs} ms`);
        return;
      case 'baseline':
        output.note(`recorded without running: ${event.revisions.join(', ')}`);
    }
  };
}

/** `20250915195954_initial` */
export function stepName(step: Pick<MigrateStep, 'revision' | 'name'>): string {
  return step.name === '' ? step.revision : `${step.revision}_${step.name}`;
}
