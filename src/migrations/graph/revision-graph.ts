import { TidemarkError } from '../../errors.js';
import { sortByNeeds } from './order.js';

/** A revision as the graph is built from it. */
export interface RevisionInput {
  readonly id: string;
  readonly name: string;
  /** Undefined: it follows the revision before it in the list. `[]`: it starts a line of its own. */
  readonly parents: readonly string[] | undefined;
  /** Ids, or labels of branches. */
  readonly dependsOn?: readonly string[] | undefined;
  /** The label of the line that begins here. */
  readonly branch?: string | undefined;
  /** Other ids that mean it too: those of the revisions it replaces, or of the one it stands in for. */
  readonly aliases?: readonly string[] | undefined;
  /** Where it comes from, for messages. */
  readonly file?: string | undefined;
}

/** A node: its parents are known, its dependencies are ids. */
export interface Revision extends RevisionInput {
  readonly parents: readonly string[];
  readonly dependsOn: readonly string[];
}

/** Revisions and how they follow one another. A value: nothing here does I/O. */
export interface RevisionGraph {
  readonly byId: ReadonlyMap<string, Revision>;
  /** Everything after what it needs; equal choices in order of the list it was built from. */
  readonly order: readonly Revision[];
  /** Ids of the revisions that have this one as a parent. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  /** Ids of the revisions that have this one as a parent or depend on it. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** Revisions that are nobody's parent. */
  readonly heads: readonly string[];
  /** Those of `heads` that nothing depends on either: together they need every revision there is. */
  readonly effectiveHeads: readonly string[];
  /** Revisions without a parent. */
  readonly bases: readonly string[];
  /** The revision that each label stands at. */
  readonly branches: ReadonlyMap<string, string>;
  /** Ids that no revision has, and the revision that each means. */
  readonly aliases: ReadonlyMap<string, string>;
}

/**
 * Builds the graph of revisions given in file order. Throws TidemarkError: `migration-duplicate` for an id used
 * twice, `branch-duplicate` for a label used twice or equal to an id, `graph-unknown-parent`, `graph-cycle`.
 */
export function buildGraph(inputs: readonly RevisionInput[]): RevisionGraph {
  const files = new Map<string, RevisionInput>();
  for (const input of inputs) {
    const twin = files.get(input.id);
    if (twin !== undefined) throw duplicate(input, twin);
    files.set(input.id, input);
  }
  const branches = labelsOf(inputs, files);
  const aliases = aliasesOf(inputs, files);
  const meant = (id: string): string => aliases.get(id) ?? id;
  const byId = new Map<string, Revision>();
  for (const [index, input] of inputs.entries()) {
    const before = inputs[index - 1];
    const { id, name, branch, file } = input;
    // Written out: of ten thousand, spreading objects and making sets would take longer than all the rest.
    byId.set(id, {
      id,
      name,
      parents: distinct(input.parents?.map(meant) ?? (before === undefined ? [] : [before.id])),
      dependsOn: distinct((input.dependsOn ?? []).map((needed) => branches.get(needed) ?? meant(needed))),
      branch,
      aliases: input.aliases,
      file,
    });
  }
  const revisions = [...byId.values()];
  const children = new Map<string, string[]>();
  // Where nothing depends on anything, one map serves for both.
  const apart = revisions.some(({ dependsOn }) => dependsOn.length > 0);
  const dependents = apart ? new Map<string, string[]>() : children;
  for (const revision of revisions) {
    for (const needed of revision.parents) {
      if (!byId.has(needed)) throw unknownParent(revision, needed, 'follows');
      append(children, needed, revision.id);
      if (apart) append(dependents, needed, revision.id);
    }
    for (const needed of revision.dependsOn) {
      if (!byId.has(needed)) throw unknownParent(revision, needed, 'depends on');
      if (!revision.parents.includes(needed)) append(dependents, needed, revision.id);
    }
  }
  const order = sortByNeeds(revisions, dependents);
  if (order.length < byId.size) throw cycle(byId, new Set(order.map(({ id }) => id)));
  const ids = [...byId.keys()];
  return {
    byId,
    order,
    children,
    dependents,
    heads: ids.filter((id) => !children.has(id)),
    effectiveHeads: ids.filter((id) => !dependents.has(id)),
    bases: ids.filter((id) => byId.get(id)!.parents.length === 0),
    branches,
    aliases,
  };
}

/** What a revision needs before it: its parents, then what it depends on. */
export function needsOf(revision: Pick<Revision, 'parents' | 'dependsOn'>): readonly string[] {
  return revision.dependsOn.length === 0 ? revision.parents : [...revision.parents, ...revision.dependsOn];
}

/** How messages call a revision of the graph: `20250915195954 (initial)`. */
export function describeRevision(graph: RevisionGraph, id: string): string {
  const name = graph.byId.get(id)?.name ?? '';
  return name === '' ? id : `${id} (${name})`;
}

function distinct(ids: readonly string[]): readonly string[] {
  return ids.length < 2 ? ids : [...new Set(ids)];
}

function append(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function labelsOf(
  inputs: readonly RevisionInput[],
  files: ReadonlyMap<string, RevisionInput>,
): Map<string, string> {
  const branches = new Map<string, string>();
  for (const input of inputs) {
    if (input.branch === undefined) continue;
    const taken = branches.get(input.branch) ?? (files.has(input.branch) ? input.branch : undefined);
    if (taken !== undefined) throw duplicateLabel(input, files.get(taken)!);
    branches.set(input.branch, input.id);
  }
  return branches;
}

/** An id that a revision has means that revision, whatever else answers to it. */
function aliasesOf(
  inputs: readonly RevisionInput[],
  files: ReadonlyMap<string, RevisionInput>,
): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const { id, aliases: own = [] } of inputs) {
    for (const alias of own) if (!files.has(alias)) aliases.set(alias, id);
  }
  return aliases;
}

/** Walks from any revision that could not be ordered to one it needs, until it comes round. */
function cycle(byId: ReadonlyMap<string, Revision>, ordered: ReadonlySet<string>): TidemarkError {
  const stuck = (id: string) => !ordered.has(id);
  const path: string[] = [];
  const seen = new Set<string>();
  let at = [...byId.keys()].find(stuck)!;
  while (!seen.has(at)) {
    seen.add(at);
    path.push(at);
    at = needsOf(byId.get(at)!).find(stuck)!;
  }
  const loop = [...path.slice(path.indexOf(at)), at];
  const alone = loop.length === 2;
  const message = alone
    ? `${byId.get(at)!.file ?? `revision ${at}`} needs itself`
    : `revisions need one another in a circle: ${loop.join(' needs ')}`;
  return new TidemarkError('graph-cycle', message, {
    hints: [
      `Correct the "-- tidemark:parent" or "-- tidemark:depends-on" of ${alone ? 'it' : 'one of them'}.`,
    ],
    details: { cycle: loop },
  });
}

function unknownParent(revision: Revision, needed: string, how: 'follows' | 'depends on'): TidemarkError {
  const directive = how === 'follows' ? 'parent' : 'depends-on';
  return new TidemarkError(
    'graph-unknown-parent',
    `${revision.file ?? revision.id} ${how} revision ${needed}, which is not there`,
    {
      hints: [`Correct its "-- tidemark:${directive}", or bring the missing file back.`],
      details: { revision: revision.id, missing: needed },
    },
  );
}

function duplicate(input: RevisionInput, twin: RevisionInput): TidemarkError {
  const both =
    input.file === undefined || twin.file === undefined ? 'two revisions' : `${twin.file} and ${input.file}`;
  return new TidemarkError('migration-duplicate', `${both} have the same revision ${input.id}`, {
    hints: ['Give one of them another revision; "tidemark migrate new" picks one.'],
    details: { revision: input.id },
  });
}

function duplicateLabel(input: RevisionInput, taken: RevisionInput): TidemarkError {
  const what =
    taken.id === input.branch
      ? `is the id of ${taken.file ?? taken.id}`
      : `stands at ${taken.file ?? taken.id}`;
  return new TidemarkError(
    'branch-duplicate',
    `${input.file ?? input.id} takes the branch label "${input.branch}", which ${what} already`,
    {
      hints: ['A label belongs to one revision: the first of its line. Those after it need none.'],
      details: { branch: input.branch, revision: input.id, taken: taken.id },
    },
  );
}
