import type { Connection } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { graphOf } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { History } from '../migrations/history.js';
import type { MigrateOptions } from '../migrations/migrate-options.js';
import { requireListed } from '../migrations/require-listed.js';
import { entryOf } from '../migrations/revision-entry.js';
import { closeInterrupted, closeRun, makeContext, openRun, underLock } from '../migrations/run-context.js';
import type { Dialect } from '../schema/dialect.js';

export interface RecordOptions
  extends Pick<MigrateOptions, 'dryRun' | 'lockTimeoutMs' | 'by' | 'onEvent' | 'signal'> {
  /** Ids of the revisions that the other tool has applied, in the order in which it did. */
  readonly applied: readonly string[];
}

/** What the history got. */
export interface RecordedImport {
  /** Recorded now, in order. */
  readonly recorded: readonly string[];
  /** In the history before. */
  readonly already: readonly string[];
  /** Applied in the history, but not in the other tool's table: Tidemark has gone on, as a rule. */
  readonly beyond: readonly string[];
}

/**
 * Records revisions as applied that another tool has applied: with the texts of their reverses, without running
 * anything, under the migration lock, all of them or none. What is in the history already stays as it is, so that
 * a second time nothing changes.
 *
 * Throws TidemarkError: `sum-missing`, `sum-mismatch`; `import-unknown-revision` when the folder has no file for
 * one; `import-history-differs` (exit code 4) when the history has one with another text or half done; `locked`,
 * `history-newer`, `history-not-writable`.
 */
export async function recordImport(
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: RecordOptions,
): Promise<RecordedImport> {
  requireListed(folder);
  const context = await makeContext(connection, dialect, 'import', options);
  const { engine, identity } = context;
  const { byId } = graphOf(folder);
  const migrations = new Map(folder.migrations.map((migration) => [migration.version, migration]));
  const absent = options.applied.filter((id) => !migrations.has(id));
  if (absent.length > 0) {
    throw new TidemarkError(
      'import-unknown-revision',
      `${folder.path} has no file for ${absent.join(', ')}`,
      {
        hints: ['Import the files first, without --record-only.'],
        details: { revisions: absent },
      },
    );
  }

  const work = async (history: History): Promise<RecordedImport> => {
    const rows = new Map(history.revisions.map((row) => [row.revision, row]));
    const differing = options.applied.filter((id) => {
      const row = rows.get(id);
      return row !== undefined && (row.state !== 'applied' || row.checksum !== migrations.get(id)!.checksum);
    });
    if (differing.length > 0) {
      throw new TidemarkError(
        'import-history-differs',
        `the history of this database has ${differing.join(', ')} with another text, or half done`,
        {
          exitCode: 4,
          hints: ['See "tidemark migrate status"; settle that first.'],
          details: { revisions: differing },
        },
      );
    }
    const fresh = options.applied.filter((id) => !rows.has(id));
    const theirs = new Set(options.applied);
    const beyond = history.revisions.filter((row) => row.state === 'applied' && !theirs.has(row.revision));
    const result = {
      recorded: fresh,
      already: options.applied.filter((id) => rows.has(id)),
      beyond: beyond.map(({ revision }) => revision),
    };
    if (options.dryRun === true) return result;
    if (fresh.length === 0) await closeInterrupted(context, history);
    else {
      await openRun(context, history);
      const record = fresh.flatMap((id) => [
        engine.history.insertRevision(
          { ...entryOf(byId.get(id)!, migrations.get(id)!, 0), origin: 'import' },
          identity,
        ),
        engine.history.log({ revision: id, outcome: 'done' }, identity),
      ]);
      await closeRun(context, [{ outcome: 'done' }], record);
    }
    return result;
  };
  return options.dryRun === true ? work(await engine.history.read()) : underLock(context, options, work);
}
