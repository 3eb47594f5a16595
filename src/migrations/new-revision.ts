import { TidemarkError } from '../errors.js';
import { describeRevision, type RevisionGraph } from './graph/revision-graph.js';
import { resolveOne } from './graph/target.js';
import { isBranchName } from './revision-id.js';

/** Where a new revision is to stand, as a person says it. */
export interface NewRevisionOptions {
  /** What it follows, as a target; `base` starts a line of its own. Default: the one head. */
  readonly head?: string | undefined;
  /** Let it follow a revision that is no head. */
  readonly splice?: boolean | undefined;
  /** The label of the line that begins with it. */
  readonly branch?: string | undefined;
  /** Revisions or labels. */
  readonly dependsOn?: readonly string[] | undefined;
}

/** Where a new revision stands: what its directives say. */
export interface NewRevisionPlace {
  /** Undefined: the one head there is. `[]`: base. */
  readonly parents: readonly string[] | undefined;
  /** Ids, and labels as they were given. */
  readonly dependsOn: readonly string[];
  readonly branch: string | undefined;
}

/**
 * Settles where a new revision stands, by Alembic's rules, before anything is written. Throws TidemarkError with exit
 * code 2: `several-heads`, `revision-not-head`, `branch-invalid`, `branch-duplicate`, `dependency-invalid`, and as
 * `resolveOne`.
 */
export function placeNewRevision(graph: RevisionGraph, options: NewRevisionOptions = {}): NewRevisionPlace {
  const { branch } = options;
  const parent = parentOf(graph, options);
  if (branch !== undefined) requireFreeLabel(graph, branch);
  const implied = graph.heads.length <= 1 && parent === graph.heads[0];
  return {
    parents: implied ? undefined : parent === undefined ? [] : [parent],
    dependsOn: [...new Set((options.dependsOn ?? []).map((text) => dependency(graph, text)))],
    branch,
  };
}

function parentOf(graph: RevisionGraph, { head, splice }: NewRevisionOptions): string | undefined {
  if (head === undefined) {
    if (graph.heads.length > 1) {
      throw severalHeads(
        graph,
        'Say which with --head REVISION or --head BRANCH@head; --head base begins a line of its own.',
      );
    }
    return graph.heads[0];
  }
  const parent = resolveOne(graph, new Set(), head);
  const children = parent === undefined ? [] : (graph.children.get(parent) ?? []);
  if (parent === undefined || children.length === 0 || splice === true) return parent;
  throw new TidemarkError(
    'revision-not-head',
    `${describeRevision(graph, parent)} is not a head: ${children.map((id) => describeRevision(graph, id)).join(', ')} ${children.length === 1 ? 'follows' : 'follow'} it`,
    {
      exitCode: 2,
      hints: ['To begin a branch there, say --splice as well.', headsHint(graph)],
      details: { revision: parent, children },
    },
  );
}

/**
 * Throws TidemarkError (`several-heads`, exit code 2) unless the migrations are one line: what is compared with the
 * state after all of them can only follow all of them.
 */
export function requireOneHead(graph: RevisionGraph): void {
  if (graph.heads.length <= 1) return;
  throw severalHeads(
    graph,
    'A migration written by hand may follow one of them: "tidemark migrate new NAME --head REVISION".',
  );
}

function severalHeads(graph: RevisionGraph, hint: string): TidemarkError {
  const named = graph.heads.map((id) => describeRevision(graph, id)).join(', ');
  return new TidemarkError(
    'several-heads',
    `the migrations have ${graph.heads.length} heads, and the new one could follow any: ${named}`,
    {
      exitCode: 2,
      hints: [
        hint,
        'To make them one line again: "tidemark migrate merge" joins them, "tidemark migrate rebase" puts one after the other.',
      ],
      details: { heads: graph.heads },
    },
  );
}

function headsHint(graph: RevisionGraph): string {
  return `The heads are: ${graph.heads.map((id) => describeRevision(graph, id)).join(', ')}.`;
}

function requireFreeLabel(graph: RevisionGraph, label: string): void {
  if (!isBranchName(label)) {
    throw new TidemarkError('branch-invalid', `"${label}" cannot be the label of a branch`, {
      exitCode: 2,
      hints: [
        'A label has letters, digits, "_" and ".", does not begin with a digit, and is not head, heads, base or current.',
      ],
    });
  }
  const taken = graph.branches.get(label) ?? (graph.byId.has(label) ? label : undefined);
  if (taken === undefined) return;
  const what = taken === label ? 'is the id of a revision' : `stands at ${describeRevision(graph, taken)}`;
  throw new TidemarkError('branch-duplicate', `the branch label "${label}" ${what} already`, {
    exitCode: 2,
    hints: ['A label belongs to one revision: the first of its line. Those after it need none.'],
    details: { branch: label, taken },
  });
}

/** A label is kept: it goes on meaning the branch if its first revision is replaced. */
function dependency(graph: RevisionGraph, text: string): string {
  if (graph.branches.has(text)) return text;
  const id = resolveOne(graph, new Set(), text);
  if (id !== undefined) return id;
  throw new TidemarkError(
    'dependency-invalid',
    `nothing can depend on "${text}": every revision stands on base`,
    {
      exitCode: 2,
      hints: ['Name a revision or a branch label.'],
    },
  );
}
