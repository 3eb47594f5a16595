import type { Revision, RevisionGraph } from '../../migrations/graph/revision-graph.js';
import type { Standing } from '../../migrations/graph/standing.js';
import type { Migration } from '../../migrations/migration-file.js';
import type { Style } from '../style.js';
import { oneLine } from './one-line.js';

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
