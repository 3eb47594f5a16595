import type { MigrationState, MigrationStatus } from '../../migrations/status.js';
import { stepName } from '../migrate-events.js';
import type { Style } from '../style.js';
import { oneLine } from './one-line.js';
import { factLine } from './revision-line.js';

/** How many pending migrations are listed: of thousands nobody reads more. */
const LISTED = 50;

/** The present state: where the database is, what is pending, what stands in the way. */
export function renderStatus(status: MigrationStatus, target: string, style: Style): string {
  const applied = status.migrations.filter(({ state }) => state === 'applied').length;
  const position = status.current.length === 0 ? 'base' : status.current.join(', ');
  const lines = [`${target} is at ${style.bold(position)}: ${applied} applied, ${status.pending} pending`];
  lines.push(...branchLines(status, style));
  const pending = status.migrations.filter(({ state }) => state !== 'applied');
  const listed = pending.slice(0, LISTED);
  lines.push(
    ...listed.map((migration) => `  ${stateWord(migration, style)}  ${oneLine(stepName(migration))}`),
  );
  if (pending.length > LISTED) {
    lines.push(style.dim(`  and ${pending.length - LISTED} more (tidemark migrate history lists all)`));
  }
  if (status.running) lines.push(`a runner is at work right now (process ${status.running.pid})`);
  lines.push(...status.problems.map(({ message }) => `${style.red('problem:')} ${message}`));
  const last = status.lastRun;
  if (last?.outcome === 'failed') {
    lines.push(
      `the last run failed at ${last.revision ?? '?'}, ${last.startedAt}: ${last.error ?? 'no message'}`,
    );
  }
  if (status.pending > 0 && status.problems.length === 0) {
    lines.push(`tidemark migrate up${status.heads.length > 1 ? ' heads' : ''} applies them`);
  }
  if (status.migrations.length === 0)
    lines.push('there are no migrations yet: tidemark migrate diff NAME writes the first');
  return lines.join('\n');
}

/** Where folder and database are on each line, where there is more than one. */
function branchLines({ heads, branches }: MigrationStatus, style: Style): string[] {
  const lines = branches.map(({ label, heads: ends, current }) => {
    const at = current.length > 0 ? `at ${current.join(', ')}` : 'not begun';
    return `branch ${style.cyan(oneLine(label))}: ${oneLine(`${at}, head ${ends.join(', ')}`)}`;
  });
  return heads.length > 1 ? [`heads: ${heads.join(', ')}`, ...lines] : lines;
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
