import type { Revision, RevisionGraph } from '../../migrations/graph/revision-graph.js';
import type { Migration } from '../../migrations/migration-file.js';
import type { Style } from '../style.js';
import { oneLine } from './one-line.js';

/** Where a revision stands in a graph: plain values, what `--json` prints. */
export interface Standing {
  readonly revision: string;
  readonly name: string;
  /** The label of the line that begins here. */
  readonly branch: string | null;
  /** The end of its line: nobody's parent. */
  readonly head: boolean;
  /** What depends on it without following it. */
  readonly neededBy: readonly string[];
  readonly branchpoint: boolean;
  readonly mergepoint: boolean;
}

/** Where a revision of the graph stands. */
export function describeStanding(graph: RevisionGraph, id: string): Standing {
  const { name, branch, parents } = graph.byId.get(id)!;
  const children = graph.children.get(id) ?? [];
  return {
    revision: id,
    name,
    branch: branch ?? null,
    head: children.length === 0,
    neededBy: (graph.dependents.get(id) ?? []).filter((other) => !children.includes(other)),
    branchpoint: children.length > 1,
    mergepoint: parents.length > 1,
  };
}

/** Its marks, in the words of Alembic: an "effective head" ends its line, but another line depends on it. */
export function markWords({
  head,
  neededBy,
  branchpoint,
  mergepoint,
}: Pick<Standing, 'head' | 'neededBy' | 'branchpoint' | 'mergepoint'>): string[] {
  return [
    head ? (neededBy.length > 0 ? '(effective head)' : '(head)') : '',
    branchpoint ? '(branchpoint)' : '',
    mergepoint ? '(mergepoint)' : '',
  ].filter(Boolean);
}

/** `20250915195954 add_users (reports)`: the id as it may be typed, the name, the label that begins here. */
export function revisionLabel(
  { id, name, branch }: Pick<Revision, 'id' | 'name' | 'branch'>,
  style: Style,
): string {
  return [
    style.bold(oneLine(id)),
    oneLine(name),
    branch === undefined ? '' : style.cyan(`(${oneLine(branch)})`),
  ]
    .filter(Boolean)
    .join(' ');
}

/** What `--verbose` adds below a revision: a fact a line, indented. */
export function revisionFacts(graph: RevisionGraph, id: string, migration: Migration | undefined): string[] {
  const { parents, dependsOn } = graph.byId.get(id)!;
  const children = graph.children.get(id) ?? [];
  return [
    factLine(parents.length > 1 ? 'merges' : 'parent', parents.join(', ') || 'base'),
    ...(dependsOn.length > 0 ? [factLine('depends on', dependsOn.join(', '))] : []),
    ...(children.length > 1 ? [factLine('branches into', children.join(', '))] : []),
    factLine('path', migration === undefined ? 'no file here' : migration.path),
  ];
}

/** One indented line of facts. */
export function factLine(name: string, value: string): string {
  return `    ${name.padEnd(15)}${oneLine(value)}`;
}
