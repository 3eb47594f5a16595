import type { Revision, RevisionGraph } from '../../migrations/graph/revision-graph.js';
import { describeStanding } from '../../migrations/graph/standing.js';
import type { Migration } from '../../migrations/migration-file.js';
import type { MigrationState, MigrationStatus } from '../../migrations/status.js';
import type { EnvironmentPosition } from '../environment-positions.js';
import type { Style } from '../style.js';
import { type GraphGlyphs, graphLines } from './graph-lines.js';
import { appliedFacts } from './migrate-status.js';
import { oneLine } from './one-line.js';
import { markWords, revisionFacts, revisionLabel } from './revision-line.js';

/** What `migrate history` shows. */
export interface HistoryView {
  readonly graph: RevisionGraph;
  /** The revisions to show, in the graph's order. */
  readonly shown: readonly Revision[];
  readonly migrations: ReadonlyMap<string, Migration>;
  readonly status: MigrationStatus;
  readonly positions: readonly EnvironmentPosition[];
  /** Undefined: plain lines, each with its parents. */
  readonly drawing: GraphGlyphs | undefined;
  readonly verbose: boolean;
}

/** The revisions, newest first: drawn for a terminal, else a line each as Alembic has it, `a, b -> c`. */
export function renderHistory(view: HistoryView, style: Style): string {
  const { shown, drawing, status } = view;
  if (shown.length === 0)
    return status.migrations.length === 0 ? 'no migrations' : 'no revisions in that range';
  const states = new Map(status.migrations.map((state) => [state.revision, state]));
  const newestFirst = [...shown].reverse();
  const lines = (revision: Revision) => {
    const state = states.get(revision.id)!;
    return { line: revisionLine(view, revision, state, style), facts: factsOf(view, revision.id, state) };
  };
  if (drawing === undefined) {
    return newestFirst
      .flatMap((revision) => {
        const { line, facts } = lines(revision);
        return [`${cameFrom(revision)} -> ${line}`, ...facts];
      })
      .join('\n');
  }
  const rows = graphLines(newestFirst, drawing);
  return newestFirst
    .flatMap((revision, at) => {
      const { line, facts } = lines(revision);
      const { node, beside, below } = rows[at]!;
      return [`${node} ${line}`, ...facts.map((fact) => `${beside}${fact}`.trimEnd()), ...below];
    })
    .join('\n');
}

/** `1000, 1001 (needs 1500)`; base for what begins a line. */
function cameFrom({ parents, dependsOn }: Revision): string {
  const needs = dependsOn.length > 0 ? ` (needs ${dependsOn.join(', ')})` : '';
  return oneLine(`${parents.join(', ') || 'base'}${needs}`);
}

function revisionLine(
  { graph, status, positions, drawing }: HistoryView,
  revision: Revision,
  state: MigrationState,
  style: Style,
): string {
  const { id, dependsOn } = revision;
  const { head, neededBy } = describeStanding(graph, id);
  const here = positions.filter(({ current }) => current?.includes(id)).map(({ name }) => oneLine(name));
  const words = status.connected ? stateWords(state, status, style) : [];
  const failed = failureOf(state, status) !== undefined;
  const mark = failed ? style.red('✗') : state.state === 'pending' ? style.yellow('·') : style.green('✓');
  // With the tick the word is not needed.
  const tail = drawing === 'unicode' && state.state === 'applied' && !failed ? words.slice(1) : words;
  return [
    ...(drawing === 'unicode' && status.connected ? [mark] : []),
    revisionLabel(revision, style),
    ...(drawing !== undefined && dependsOn.length > 0
      ? [style.dim(`(needs ${oneLine(dependsOn.join(', '))})`)]
      : []),
    ...markWords({ head, neededBy, branchpoint: false, mergepoint: false }),
    ...(status.connected && status.current.includes(id) ? [style.bold('(current)')] : []),
    ...(here.length > 0 ? [style.cyan(`[${here.join(', ')}]`)] : []),
    ...(tail.length > 0 ? [` ${tail.join(', ')}`] : []),
  ].join(' ');
}

function stateWords(state: MigrationState, status: MigrationStatus, style: Style): string[] {
  const failure = failureOf(state, status);
  const first =
    failure !== undefined
      ? style.red(failure)
      : state.state === 'pending'
        ? style.yellow('pending')
        : style.green('applied');
  const origins = { run: '', baseline: 'baseline', stamp: 'stamped', import: 'imported' };
  const more = [
    state.origin === null ? '' : origins[state.origin],
    state.edited ? 'edited since' : '',
    state.outOfOrder ? 'out of order' : '',
    state.file === null ? 'no file' : '',
    state.down === null ? 'no way down' : '',
  ].filter(Boolean);
  return [first, ...more.map((word) => style.yellow(word))];
}

/** Half done, or what the last run failed at. */
function failureOf(
  { revision, state, statementsDone, statementsTotal }: MigrationState,
  { lastRun }: MigrationStatus,
): string | undefined {
  if (state === 'applying' || state === 'reverting') {
    return `half ${state === 'applying' ? 'applied' : 'taken down'} (${statementsDone}/${statementsTotal})`;
  }
  if (lastRun?.outcome !== 'failed' || lastRun.revision !== revision) return undefined;
  return state === 'pending'
    ? 'pending, failed in the last run'
    : 'applied, failed to go down in the last run';
}

function factsOf({ graph, migrations, verbose }: HistoryView, id: string, state: MigrationState): string[] {
  return verbose ? [...revisionFacts(graph, id, migrations.get(id)), ...appliedFacts(state)] : [];
}
