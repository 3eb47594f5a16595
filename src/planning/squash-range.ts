import { TidemarkError } from '../errors.js';
import { lineAbove, lineBelow } from '../migrations/graph/reach.js';
import { describeRevision, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { parseRange } from '../migrations/graph/revision-range.js';
import { resolveOne } from '../migrations/graph/target.js';

/**
 * The revisions of `A:B`, both included, in order: one line of the graph without a branch. An empty A is the beginning
 * of the line, an empty B the one head. Throws TidemarkError with exit code 2: `squash-one` for fewer than two,
 * `squash-range` when A does not lead to B, `squash-branches` when the line divides or meets another between them,
 * and as `parseRange` and `resolveOne`.
 */
export function squashRange(graph: RevisionGraph, text: string): readonly string[] {
  const [, from, to] = /^([^:]*):([^:]*)$/.exec(text.trim()) ?? [];
  // Says what a range looks like.
  if (from === undefined || to === undefined) parseRange(graph, new Set(), text);
  const endOf = (place: string) => resolveOne(graph, new Set(), place.trim());
  const end = endOf((to ?? '') || 'head');
  const start = from === '' || from === 'base' ? undefined : endOf(from ?? '');
  if (end === undefined) throw tooFew(text);
  const below = lineBelow(graph, [end]);
  if (start !== undefined && !below.has(start)) throw notLeading(graph, start, end);
  const above = start === undefined ? undefined : lineAbove(graph, [start]);
  const line = graph.order.map(({ id }) => id).filter((id) => below.has(id) && (above?.has(id) ?? true));
  for (const [at, id] of line.entries()) requireOneWay(graph, line, at, id);
  if (line.length < 2) throw tooFew(text);
  return line;
}

function requireOneWay(graph: RevisionGraph, line: readonly string[], at: number, id: string): void {
  const parents = graph.byId.get(id)?.parents ?? [];
  const children = graph.children.get(id) ?? [];
  const name = (other: string): string => describeRevision(graph, other);
  if (at > 0 && (parents.length !== 1 || parents[0] !== line[at - 1])) {
    throw branches(`${name(id)} joins several lines: ${parents.map(name).join(', ')}`, id);
  }
  if (at < line.length - 1 && children.length !== 1) {
    throw branches(`the line divides at ${name(id)}: ${children.map(name).join(', ')} follow it`, id);
  }
}

function branches(message: string, revision: string): TidemarkError {
  return new TidemarkError('squash-branches', `a squash takes one line without branches, and ${message}`, {
    exitCode: 2,
    hints: ['Choose a range that ends there or begins after it. "tidemark migrate history" draws the lines.'],
    details: { revision },
  });
}

function notLeading(graph: RevisionGraph, start: string, end: string): TidemarkError {
  const turned = lineBelow(graph, [start]).has(end);
  return new TidemarkError(
    'squash-range',
    `${describeRevision(graph, start)} does not lead to ${describeRevision(graph, end)}`,
    {
      exitCode: 2,
      hints: [turned ? `Write the older one first: ${end}:${start}.` : 'Name two revisions of one line.'],
    },
  );
}

function tooFew(text: string): TidemarkError {
  return new TidemarkError('squash-one', `"${text}" is fewer than two migrations`, {
    exitCode: 2,
    hints: ['Write FROM:TO, both included.'],
  });
}
