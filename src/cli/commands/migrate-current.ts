import { describeStanding } from '../../migrations/graph/standing.js';
import { isAtHeads, type MigrationState, statusOf } from '../../migrations/status.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { lookAtTarget } from '../look-at-target.js';
import { appliedFacts } from '../render/migrate-status.js';
import { markWords, revisionFacts, revisionLabel } from '../render/revision-line.js';

/** The revisions that the database is at. Never writes, and makes no tables for the history. */
export async function run(context: Context): Promise<Outcome> {
  const { connection, folder, position } = await lookAtTarget(context);
  const { graph, migrations, files, ahead } = position.comparison;
  const status = statusOf(folder, position);
  const { style, verbose } = context.output;
  const states = new Map(status.migrations.map((state) => [state.revision, state]));
  const revisions = status.current.map((id) => ({
    ...describeStanding(files.byId.has(id) ? files : graph, id),
    file: migrations.get(id)?.file ?? null,
    known: files.byId.has(id),
    ahead: ahead.includes(id),
  }));
  const lines = revisions.flatMap(({ revision: id, known, ahead: isAhead, ...marks }) => {
    // That it ends a line is not known of what has no file here.
    const words = known ? markWords(marks) : [isAhead ? '(ahead: no file here)' : '(no file here)'];
    const line = [revisionLabel(graph.byId.get(id)!, style), ...words].join(' ');
    if (!verbose) return [line];
    return [line, ...revisionFacts(graph, id, migrations.get(id)), ...appliedFacts(states.get(id)!)];
  });
  const atHeads = isAtHeads(position);
  const check = context.options.flag('check-heads');
  return {
    result: {
      target: connection.label,
      current: status.current,
      atHeads,
      pending: status.pending,
      revisions: revisions.map(({ known: _, ...revision }) => revision),
    },
    text: [
      ...(verbose ? [style.dim(`${connection.label}:`)] : []),
      ...(lines.length > 0 ? lines : ['base: nothing is applied']),
      ...(check && !atHeads ? [whyNotAtHeads(status.pending, status.migrations)] : []),
    ].join('\n'),
    exitCode: check && !atHeads ? 3 : 0,
  };
}

function whyNotAtHeads(pending: number, states: readonly MigrationState[]): string {
  if (pending > 0) return `not at the heads: ${pending} pending (tidemark migrate status)`;
  const half = states.find(({ state }) => state === 'reverting');
  if (half !== undefined) return `not at the heads: ${half.revision} is half taken down`;
  return 'not at the heads: the database has revisions that have no file here';
}
