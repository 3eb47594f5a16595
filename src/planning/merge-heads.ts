import { TidemarkError } from '../errors.js';
import { graphOf } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { ancestorsOf, lineAbove } from '../migrations/graph/reach.js';
import { describeRevision, type RevisionGraph } from '../migrations/graph/revision-graph.js';
import { resolveOne } from '../migrations/graph/target.js';
import type { Migration } from '../migrations/migration-file.js';
import type { Schema } from '../schema/object.js';
import { comment } from '../schema/render-plan.js';
import { type DownOutcome, differencesBetween, type RefusedMigration, rehearse } from './rehearse.js';
import type { Workbench } from './workbench.js';

/**
 * The heads that texts name, or all of them. Fewer than two: there is nothing to merge. Throws TidemarkError with
 * exit code 2: `merge-not-head` for a revision that others follow, `merge-one` when only one head is named, and as
 * `resolveOne`.
 */
export function headsToMerge(graph: RevisionGraph, texts: readonly string[]): readonly string[] {
  if (texts.length === 0) return graph.heads;
  const named = new Set<string>();
  for (const text of texts) {
    const id = resolveOne(graph, new Set(), text);
    if (id === undefined || !graph.heads.includes(id)) throw notHead(graph, id, text);
    named.add(id);
  }
  if (named.size > 1 || graph.heads.length < 2) return [...named];
  const [only = ''] = named;
  const others = graph.heads.filter((id) => id !== only).map((id) => describeRevision(graph, id));
  throw new TidemarkError('merge-one', `${describeRevision(graph, only)} alone cannot be merged`, {
    exitCode: 2,
    hints: [`Name another head as well: ${others.join(', ')}; or none for all of them.`],
  });
}

function notHead(graph: RevisionGraph, id: string | undefined, text: string): TidemarkError {
  const above =
    id === undefined ? graph.heads : graph.heads.filter((head) => lineAbove(graph, [id]).has(head));
  const called = id === undefined ? `"${text}"` : describeRevision(graph, id);
  const line = above.map((head) => describeRevision(graph, head)).join(', ');
  return new TidemarkError('merge-not-head', `${called} is not a head: its line goes on to ${line}`, {
    exitCode: 2,
    hints: [
      `To join its line with another, name its head: ${above.join(' or ')}.`,
      'To put one line after the other instead: "tidemark migrate rebase".',
    ],
    details: { revision: id ?? null, heads: above },
  });
}

/** What the proof of a merge showed. Plain data. */
export interface MergeProof {
  /** The orders in which the lines ran, each to the same schema; ids of the revisions on top of the common ones. */
  readonly orders: readonly (readonly string[])[];
  /** Revisions without a way down: the way back is not proven for them and what is below. */
  readonly withoutDown: readonly string[];
  /** Those whose reverse does not lead back even on their own line. */
  readonly notLeadingBack: readonly string[];
}

/**
 * Shows on the dev database that the lines of several heads can run in any order: from what they have in common,
 * each line first, and all in file order, end in the same schema, and every reverse leads back. Rows are not seen:
 * the dev database has none but those that the migrations make. Throws TidemarkError (`merge-conflict`, exit code 1)
 * with the statement that fails in one order, or with what differs.
 */
export async function proveMerge(
  bench: Workbench,
  folder: MigrationFolder,
  heads: readonly string[],
): Promise<MergeProof> {
  const graph = graphOf(folder);
  const files = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const inOrder = (wanted: (id: string) => boolean): Migration[] =>
    graph.order.flatMap(({ id }) => (wanted(id) ? (files.get(id) ?? []) : []));
  const lines = heads.map((head) => ancestorsOf(graph, [head]));
  const all = ancestorsOf(graph, heads);
  const isCommon = (id: string): boolean => lines.every((ids) => ids.has(id));
  const common = inOrder(isCommon);
  const ownOf = (ids: ReadonlySet<string>): Migration[] => inOrder((id) => ids.has(id) && !isCommon(id));
  const orders = new Map(
    [...lines, all].map((ids) => {
      const order = [...ownOf(ids), ...inOrder((id) => all.has(id) && !ids.has(id))];
      return [idsOf(order).join(' '), order];
    }),
  );

  const runs: { readonly order: Order; readonly schema: Schema; readonly downs: readonly DownOutcome[] }[] =
    [];
  for (const order of orders.values()) {
    const { states, downs } = await rehearse(bench, common, order, (refusal) => refusedIn(order, refusal));
    runs.push({ order, downs, schema: states.at(-1) ?? states[0] });
  }
  for (const [at, { order, schema }] of runs.entries()) {
    const before = runs[at - 1];
    const differences = before === undefined ? [] : differencesBetween(bench, before.schema, schema);
    if (before !== undefined && differences.length > 0) throw endsDiffer(before.order, order, differences);
  }
  const withoutDown = new Set<string>();
  const notLeadingBack = new Set<string>();
  for (const { order, downs } of runs) {
    for (const { migration, outcome, differences } of downs) {
      if (outcome === 'none') withoutDown.add(migration.version);
      if (outcome !== 'different' || notLeadingBack.has(migration.version)) continue;
      const line = ownOf(lines.find((ids) => ids.has(migration.version)) ?? new Set());
      const alone = await rehearse(bench, common, line, (refusal) => refusedIn(line, refusal));
      const ownFault = alone.downs.some(
        (down) => down.migration === migration && down.outcome === 'different',
      );
      if (!ownFault) throw backDiffers(order, migration, differences);
      notLeadingBack.add(migration.version);
    }
  }
  return {
    orders: [...orders.values()].map(idsOf),
    withoutDown: [...withoutDown],
    notLeadingBack: [...notLeadingBack],
  };
}

const CONFLICT_HINTS = [
  'Nothing was written. Change one of the lines so that the order does not matter, and run "tidemark migrate hash";',
  'or put one line after the other with "tidemark migrate rebase", which proves it in that order alone.',
];

function refusedIn(order: Order, { migration, direction, error }: RefusedMigration): TidemarkError {
  const way = direction === 'up' ? 'fails' : 'cannot be taken down';
  const before = direction === 'up' ? order.slice(0, order.indexOf(migration)) : order;
  const after = before.length === 0 ? '' : ` after ${named(before)}`;
  return new TidemarkError('merge-conflict', `${migration.file} ${way}${after}: ${error.message}`, {
    ...(error.location === undefined ? {} : { location: error.location }),
    ...(error.excerpt === undefined ? {} : { excerpt: error.excerpt }),
    hints: CONFLICT_HINTS,
    details: { order: idsOf(order), revision: migration.version, direction },
    cause: error.cause,
  });
}

function endsDiffer(one: Order, other: Order, differences: readonly string[]): TidemarkError {
  return new TidemarkError(
    'merge-conflict',
    `the lines end in another schema when their order changes: ${named(one)}, or ${named(other)}`,
    {
      excerpt: differences.join('\n'),
      hints: ['The lines above lead from the first end to the second.', ...CONFLICT_HINTS],
      details: { orders: [idsOf(one), idsOf(other)], differences },
    },
  );
}

function backDiffers(order: Order, migration: Migration, differences: readonly string[]): TidemarkError {
  const path = migration.down?.path ?? migration.path;
  return new TidemarkError('merge-conflict', `${path} does not lead back after ${named(order)}`, {
    location: { file: path, line: 1 },
    excerpt: differences.join('\n'),
    hints: ['The lines above say what is still to be done to get back.', ...CONFLICT_HINTS],
    details: { order: idsOf(order), revision: migration.version, direction: 'down', differences },
  });
}

type Order = readonly Migration[];

function named(order: Order): string {
  return order.map(({ file }) => file).join(', ');
}

function idsOf(order: Order): string[] {
  return order.map(({ version }) => version);
}

/** The texts of a merge: its file says what it joins, and there is nothing to run in either direction. */
export function mergeText(graph: RevisionGraph, heads: readonly string[]): { up: string; down: string } {
  const joined = heads.map((id) => {
    const { file = '', branch } = graph.byId.get(id) ?? {};
    return `  - ${file === '' ? describeRevision(graph, id) : file}${branch === undefined ? '' : ` (${branch})`}`;
  });
  return {
    up: `${comment(['Joins', ...joined, 'There is nothing to run: each line has made its own changes.'].join('\n'))}\n`,
    down: `${comment('Takes the merge back. There is nothing to run: the lines stay as they are.')}\n`,
  };
}
