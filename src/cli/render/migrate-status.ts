import type { MigrationProblem, MigrationState, MigrationStatus } from '../../migrations/status.js';
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
  lines.push(...problemLines(status.problems, style));
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

/** The way out of a problem, in short; the command that the problem stops tells it at length. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  'sum-missing': 'tidemark migrate hash writes it',
  'sum-mismatch': 'done on purpose: tidemark migrate hash; else bring the files back from version control',
  'history-edited': 'bring back the text that ran; what is to change goes into a new migration',
  'history-ahead': 'bring the file back, or take it down (tidemark migrate up names the command)',
  'history-missing': 'bring the file back, or take it down (tidemark migrate up names the command)',
  'out-of-order':
    'tidemark migrate rebase moves it behind them, tidemark migrate up --out-of-order runs it now',
};

/** The problems, and below the last one of a kind its way out. */
function problemLines(problems: readonly MigrationProblem[], style: Style): string[] {
  return problems.flatMap(({ code, message }, index) => {
    const way = problems.slice(index + 1).some((next) => next.code === code) ? undefined : WAYS_OUT[code];
    return [`${style.red('problem:')} ${message}`, ...(way === undefined ? [] : [`  ${way}`])];
  });
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
  const { appliedAt, appliedBy, durationMs, origin, error } = state;
  const ran = origin === 'run';
  const when = factLine(ran ? 'applied' : 'recorded', `${appliedAt} by ${appliedBy ?? 'nobody known'}`);
  return [
    ...(appliedAt === null ? [] : [when]),
    // What was only recorded took no time of its own.
    ...(durationMs === null || !ran ? [] : [factLine('took', `${durationMs} ms`)]),
    ...(error === null ? [] : [factLine('error', error.split('\n')[0]!)]),
  ];
}
