import type { MigrationState, MigrationStatus } from '../../migrations/status.js';
import { stepName } from '../migrate-events.js';
import type { Style } from '../style.js';
import { factLine } from './revision-line.js';

/** The present state: where the database is, what is pending, what stands in the way. */
export function renderStatus(status: MigrationStatus, target: string, style: Style): string {
  const applied = status.migrations.filter(({ state }) => state === 'applied').length;
  const position = status.current.length === 0 ? 'base' : status.current.join(', ');
  const lines = [`${target} is at ${style.bold(position)}: ${applied} applied, ${status.pending} pending`];
  const pending = status.migrations.filter(({ state }) => state !== 'applied');
  lines.push(...pending.map((migration) => `  ${stateWord(migration, style)}  ${stepName(migration)}`));
  if (status.running) lines.push(`a runner is at work right now (process ${status.running.pid})`);
  lines.push(...status.problems.map(({ message }) => `${style.red('problem:')} ${message}`));
  const last = status.lastRun;
  if (last?.outcome === 'failed') {
    lines.push(
      `the last run failed at ${last.revision ?? '?'}, ${last.startedAt}: ${last.error ?? 'no message'}`,
    );
  }
  if (status.pending > 0 && status.problems.length === 0) lines.push('tidemark migrate up applies them');
  if (status.migrations.length === 0)
    lines.push('there are no migrations yet: tidemark migrate diff NAME writes the first');
  return lines.join('\n');
}

function stateWord({ state, statementsDone, statementsTotal }: MigrationState, style: Style): string {
  switch (state) {
    case 'applied':
      return style.green('applied');
    case 'pending':
      return style.yellow('pending');
    default:
      return style.red(
        `half ${state === 'applying' ? 'applied' : 'taken down'} (${statementsDone}/${statementsTotal})`,
      );
  }
}

/** When, by whom and how long: what `--verbose` adds below a revision that is recorded. */
export function appliedFacts(state: MigrationState): string[] {
  const { appliedAt, appliedBy, durationMs, error } = state;
  return [
    ...(appliedAt === null ? [] : [factLine('applied', `${appliedAt} by ${appliedBy ?? 'nobody known'}`)]),
    ...(durationMs === null ? [] : [factLine('took', `${durationMs} ms`)]),
    ...(error === null ? [] : [factLine('error', error.split('\n')[0]!)]),
  ];
}
