import type { MigrateResult } from '../../migrations/migrate-options.js';
import { comment } from '../../schema/render-plan.js';
import { stepName } from '../migrate-events.js';
import type { Style } from '../style.js';

/** What a run did, a line a migration. */
export function renderRun(result: MigrateResult, target: string, style: Style): string {
  const { direction, steps, baselined, after } = result;
  const position = after.length === 0 ? 'base' : after.join(', ');
  if (steps.length === 0) {
    const recorded = baselined.length > 0 ? `recorded ${baselined.length} as applied; ` : '';
    return `${recorded}nothing to ${direction === 'up' ? 'apply' : 'take down'}: ${target} is at ${position}`;
  }
  const mark = direction === 'up' ? style.green('▲') : style.yellow('▼');
  const done = `${direction === 'up' ? 'applied' : 'took down'} ${steps.length} migration${steps.length === 1 ? '' : 's'}`;
  return [
    ...baselined.map((revision) => `  recorded ${revision}`),
    ...steps.map((step) => `${mark} ${stepName(step)}`),
    `${done} in ${result.durationMs} ms; ${target} is at ${position}`,
  ].join('\n');
}

/** The SQL that a run would send, as a script to read. */
export function renderDryRun({ direction, steps, baselined }: MigrateResult): string {
  if (steps.length === 0 && baselined.length === 0)
    return comment(`nothing to ${direction === 'up' ? 'apply' : 'take down'}`);
  const blocks = steps.map((step) => {
    const done =
      step.alreadyDone > 0 ? [comment(`the first ${step.alreadyDone} statements have run already`)] : [];
    const outside =
      step.mode === 'resumable' ? [comment('statement by statement, not in one transaction')] : [];
    const statements = step.statements.slice(step.alreadyDone).map((statement) => `${statement.sql};`);
    return [comment(`${stepName(step)} (${direction})`), ...outside, ...done, ...statements].join('\n');
  });
  const recorded = baselined.map((revision) =>
    comment(`${revision} would be recorded as applied without running`),
  );
  return [...recorded, ...blocks].join('\n\n');
}
