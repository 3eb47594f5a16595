import type { Connection } from '../database/connection.js';
import type { Dialect } from '../schema/dialect.js';
import { compareHistory, requireKnown } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { tipsOf } from './graph/reach.js';
import { buildGraph, type Revision } from './graph/revision-graph.js';
import { type StampSteps, stampPlace, stampSteps } from './graph/stamp-steps.js';
import type { AppliedRevision, History } from './history.js';
import type { MigrateOptions } from './migrate-options.js';
import type { Migration } from './migration-file.js';
import { bookkeepingScript } from './offline-script.js';
import { requireListed } from './require-listed.js';
import { entryOf } from './revision-entry.js';
import {
  closeInterrupted,
  closeRun,
  makeContext,
  openRun,
  type RunContext,
  underLock,
} from './run-context.js';
import { namedOriginals, unfoldSquashes } from './unfold-squashes.js';

/** What a stamp takes. */
export interface StampOptions
  extends Pick<MigrateOptions, 'dryRun' | 'script' | 'lockTimeoutMs' | 'by' | 'onEvent' | 'signal'> {
  /** Where the database is from now on; several for several branches. */
  readonly targets: readonly string[];
  /** Forget what the history says, also where it is damaged or names revisions that nobody has, and write it anew. */
  readonly purge?: boolean | undefined;
}

/** A revision that a stamp was about. */
export interface StampedRevision {
  readonly revision: string;
  readonly name: string;
}

export interface StampResult {
  readonly dryRun: boolean;
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

/**
 * Declares where a database is: rewrites its history, runs no migration and touches nothing else. The line of
 * each target moves to it, other branches stay; a second time it changes nothing. A database without history
 * tables gets them.
 *
 * Throws TidemarkError: `sum-missing`, `sum-mismatch`; `locked` (exit code 4); `history-missing`, `history-ahead`
 * for applied revisions without a file, unless they are purged; `history-damaged`, likewise; `history-newer`,
 * `history-not-writable`; and with exit code 2 `stamp-overlap`, `target-…`, `branch-unknown`.
 */
export async function migrateStamp(
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: StampOptions,
): Promise<StampResult> {
  requireListed(folder);
  const context = await makeContext(connection, dialect, 'stamp', options);
  const looking = options.dryRun === true || options.script === true;

  const work = async (history: History): Promise<StampResult> => {
    const plan = options.purge === true ? purge(folder, history, options) : move(folder, history, options);
    const result: StampResult = {
      dryRun: looking,
      removed: plan.removed.map(named),
      added: plan.added.map(named),
      settled: plan.settled.map(named),
      before: plan.before,
      after: plan.after,
    };
    const changes = plan.removed.length + plan.added.length + plan.settled.length;
    const idle = changes === 0 && history.format !== undefined;
    if (options.script === true) {
      const statements = idle ? undefined : record(context, plan);
      return { ...result, script: bookkeepingScript(context, history, statements) };
    }
    if (looking) return result;
    if (idle) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      await closeRun(context, [{ outcome: 'done' }], record(context, plan));
    }
    return result;
  };
  return looking ? work(await context.engine.history.read()) : underLock(context, options, work);
}

/** What a stamp does to the history. */
interface StampPlan extends Omit<StampSteps, 'removed'> {
  readonly removed: readonly (Revision | AppliedRevision)[];
  /** Empties the table first, whatever is in it. */
  readonly purges: boolean;
  readonly migrations: ReadonlyMap<string, Migration>;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

function move(folder: MigrationFolder, history: History, { targets }: StampOptions): StampPlan {
  const comparison = compareHistory(folder, history, targets);
  requireKnown(comparison);
  const { files, applied, recorded, migrations } = comparison;
  const unfinished = new Set(comparison.unfinished.map((row) => row.revision));
  const steps = stampSteps(files, applied, targets, unfinished);
  const after = new Set([...recorded.keys(), ...steps.added.map(({ id }) => id)]);
  for (const { id } of steps.removed) after.delete(id);
  return {
    ...steps,
    purges: false,
    migrations,
    before: tipsOf(files, applied),
    after: tipsOf(files, after),
  };
}

/** What the rows say besides which revisions are applied does not count: they may not fit together. */
function purge(folder: MigrationFolder, { revisions }: History, { targets }: StampOptions): StampPlan {
  const { migrations, inputs } = unfoldSquashes(folder, [], namedOriginals(folder, targets));
  const files = buildGraph(inputs);
  const applied = new Set(
    revisions
      .filter((row) => row.state === 'applied' && files.byId.has(row.revision))
      .map((row) => row.revision),
  );
  const places = targets.flatMap((target) => stampPlace(files, applied, target).ids);
  const { added } = stampSteps(files, new Set(), places);
  return {
    removed: revisions,
    added,
    settled: [],
    purges: true,
    migrations: new Map(migrations.map((migration) => [migration.version, migration])),
    before: tipsOf(files, applied),
    after: tipsOf(files, new Set(added.map(({ id }) => id))),
  };
}

/** The statements that rewrite the history, with a line of the log for each revision. */
function record({ engine, identity }: RunContext, plan: StampPlan): string[] {
  const { history } = engine;
  const logged = (revision: string) => history.log({ revision, outcome: 'done' }, identity);
  const stamped = [...plan.settled, ...plan.added];
  const gone = [...plan.removed.map(idOf), ...plan.settled.map(idOf)];
  return [
    ...(plan.purges ? [history.deleteRevisions()] : gone.map(history.deleteRevision)),
    ...plan.removed.map((revision) => logged(idOf(revision))),
    ...stamped.flatMap((revision) => [
      history.insertRevision(
        { ...entryOf(revision, plan.migrations.get(revision.id)!, 0), origin: 'stamp' },
        identity,
      ),
      logged(revision.id),
    ]),
  ];
}

function idOf(revision: Revision | AppliedRevision): string {
  return 'id' in revision ? revision.id : revision.revision;
}

function named(revision: Revision | AppliedRevision): StampedRevision {
  return { revision: idOf(revision), name: revision.name };
}
