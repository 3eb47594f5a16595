import { compareHistory } from './compare-history.js';
import type { MigrationFolder } from './folder.js';
import { ancestorsOf } from './graph/reach.js';
import { stampPlace } from './graph/stamp-steps.js';
import { type AppliedRevision, type History, NO_HISTORY } from './history.js';
import { reverseOf } from './migration-file.js';

/**
 * The history of a database that nobody looks at: as it is where everything up to a revision, and nothing else, was
 * applied from the files as they are. From `base` on there are no history tables yet. Throws TidemarkError with
 * exit code 2 as `resolvePlace`.
 *
 * @param from a target; `current` and what is counted from it are at base, for nothing is known
 * @param format of the history tables
 */
export function assumedHistory(folder: MigrationFolder, from: string, format: number): History {
  const { files, migrations } = compareHistory(folder, NO_HISTORY, [from]);
  const { ids } = stampPlace(files, new Set(), from);
  if (ids.length === 0) return NO_HISTORY;
  const there = ancestorsOf(files, ids);
  const revisions = files.order
    .filter(({ id }) => there.has(id))
    .map(({ id, name, parents, dependsOn }, position): AppliedRevision => {
      const migration = migrations.get(id);
      return {
        revision: id,
        name,
        parents,
        dependsOn,
        state: 'applied',
        origin: 'run',
        checksum: migration?.checksum ?? '',
        hasDown: migration !== undefined && reverseOf(migration) !== undefined,
        transactionMode: 'file',
        statementsDone: 0,
        statementsTotal: 0,
        statementHashes: [],
        attempt: undefined,
        error: undefined,
        appliedAt: new Date(0).toISOString(),
        appliedBy: '',
        durationMs: undefined,
        toolVersion: '',
        position,
      };
    });
  return { ...NO_HISTORY, format, revisions, everUsed: true };
}
