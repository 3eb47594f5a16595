import { compareHistory, requireKnown } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { tipsOf } from './graph/reach.js';
import type { Revision } from './graph/revision-graph.js';
import { type StampSteps, stampPlace, stampSteps } from './graph/stamp-steps.js';
import { type AppliedRevision, type History, NO_HISTORY, type Operation } from './history.js';
import type { Migration } from './migration-file.js';
import { NOTHING_TO_DO, offlineScript, openingOf } from './offline-script.js';
import type { PlanContext } from './plan-context.js';
import { entryOf } from './revision-entry.js';

/** The history that a stamp finds. */
export interface Found {
  readonly history: History;
  /** Statements that make the tables anew; where they are damaged. */
  readonly remake?: readonly string[];
}

/** What a stamp does to the history. */
export interface StampPlan extends Omit<StampSteps, 'removed'> {
  readonly removed: readonly (Revision | AppliedRevision)[];
  /** Everything that is recorded goes first, whatever it is. */
  readonly purges: boolean;
  readonly migrations: ReadonlyMap<string, Migration>;
  /** Where the database was, as far as its history said, and where it is then. Empty: at base. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A revision that a stamp was about. */
export interface StampedRevision {
  readonly revision: string;
  readonly name: string;
}

export interface StampResult {
  readonly dryRun: boolean;
  /** True when the history was damaged, so that nobody can say what it had recorded, and its tables are made anew. */
  readonly remade: boolean;
  /** No longer recorded; with `purge` everything that was. */
  readonly removed: readonly StampedRevision[];
  /** Recorded as applied, in order. */
  readonly added: readonly StampedRevision[];
  /** Was half applied or half taken down, and is recorded as applied now. */
  readonly settled: readonly StampedRevision[];
  /** Where the database was, as far as its history said, and where it is. Empty: at base. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** For psql or sqlite3; only when it was asked for. */
  readonly script?: string;
}

/** Plans a stamp that moves the lines of its targets. Throws TidemarkError as `migrateStamp`. */
export function planStamp(folder: MigrationFolder, history: History, targets: readonly string[]): StampPlan {
  const comparison = compareHistory(folder, history, targets);
  requireKnown(comparison);
  const { files, applied, recorded, migrations } = comparison;
  const unfinished = new Set(comparison.unfinished.map((row) => row.revision));
  const steps = stampSteps(files, applied, targets, unfinished);
  const after = new Set([...recorded.keys(), ...steps.added.map(({ id }) => id)]);
  for (const { id } of steps.removed) after.delete(id);
  return { ...steps, purges: false, migrations, before: tipsOf(files, applied), after: tipsOf(files, after) };
}

/**
 * Plans a stamp that forgets the whole history. What the rows say besides which revisions are applied does not
 * count: they may not fit together.
 */
export function planPurge(
  folder: MigrationFolder,
  { revisions }: Pick<History, 'revisions'>,
  targets: readonly string[],
): StampPlan {
  const { files, migrations } = compareHistory(folder, NO_HISTORY, targets);
  const known = revisions.filter((row) => row.state === 'applied' && files.byId.has(row.revision));
  const applied = new Set(known.map((row) => row.revision));
  const places = targets.flatMap((target) => stampPlace(files, applied, target).ids);
  const { added } = stampSteps(files, new Set(), places);
  return {
    removed: revisions,
    added,
    settled: [],
    purges: true,
    migrations,
    before: tipsOf(files, applied),
    after: tipsOf(files, new Set(added.map(({ id }) => id))),
  };
}

/** What a stamp gives back. */
export function stampResult(plan: StampPlan, dryRun: boolean): Omit<StampResult, 'remade'> {
  const { removed, added, settled, before, after } = plan;
  return {
    dryRun,
    removed: removed.map(named),
    added: added.map(named),
    settled: settled.map(named),
    before,
    after,
  };
}

/** True when the history says already what the stamp would make it say. */
export function isIdle({ removed, added, settled }: StampPlan, { history }: Found): boolean {
  return removed.length + added.length + settled.length === 0 && history.format !== undefined;
}

/** The statements that rewrite the history, with a line of the log for each revision. */
export function stampRecord({ engine, identity }: PlanContext, plan: StampPlan): string[] {
  const { history } = engine;
  const logged = (revision: string, operation: Operation) =>
    history.log({ revision, outcome: 'done' }, { ...identity, operation });
  const stamped = [...plan.settled, ...plan.added];
  const gone = [...plan.removed.map(idOf), ...plan.settled.map(idOf)];
  return [
    ...(plan.purges ? [history.deleteRevisions()] : gone.map(history.deleteRevision)),
    ...plan.removed.map((revision) => logged(idOf(revision), 'unstamp')),
    ...stamped.flatMap((revision) => {
      const entry = entryOf(revision, plan.migrations.get(revision.id)!, 0);
      return [history.insertRevision({ ...entry, origin: 'stamp' }, identity), logged(revision.id, 'stamp')];
    }),
  ];
}

/** A stamp as a script for psql or sqlite3. */
export function stampScript(context: PlanContext, found: Found, plan: StampPlan): string {
  if (isIdle(plan, found)) return NOTHING_TO_DO;
  const finished = plan.removed.filter((row) => !('state' in row) || row.state === 'applied');
  const expected = {
    format: found.history.format,
    applied: plan.purges ? [] : finished.map(idOf),
    absent: plan.purges ? [] : plan.added.map(idOf),
  };
  const opening = found.remake ?? openingOf(context, found.history, expected);
  return offlineScript(context, { opening, records: stampRecord(context, plan), jobs: [] });
}

function idOf(revision: Revision | AppliedRevision): string {
  return 'id' in revision ? revision.id : revision.revision;
}

function named(revision: Revision | AppliedRevision): StampedRevision {
  return { revision: idOf(revision), name: revision.name };
}
