import { TidemarkError } from '../errors.js';
import { compareHistory } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { History, LogRecord } from '../migrations/history.js';
import type { Migration } from '../migrations/migration-file.js';
import { downScript, upScript } from './migration-scripts.js';
import type { ScriptFile } from './run-scripts.js';
import type { Snapshot } from './snapshot-file.js';

/**
 * What migrations did to a database after a snapshot, in the order of its log, as scripts. What was only declared (a
 * stamp, a baseline) did nothing. Throws TidemarkError (`snapshot-outdated`, exit code 4) where that cannot be told
 * any more.
 */
export async function scriptsSince(
  snapshot: Pick<Snapshot, 'file' | 'logged' | 'run'>,
  folder: MigrationFolder,
  history: History,
  log: readonly LogRecord[],
): Promise<ScriptFile[]> {
  if ((log[snapshot.logged - 1]?.run ?? null) !== snapshot.run) {
    throw outdated(snapshot.file, 'the database was restored, or the log of its history begun anew');
  }
  const ran = log
    .slice(snapshot.logged)
    .filter(({ operation, outcome }) => outcome === 'done' && (operation === 'up' || operation === 'down'));
  const unfinished = history.revisions.find(({ state }) => state !== 'applied');
  if (unfinished !== undefined) throw outdated(snapshot.file, `${unfinished.revision} is half done`);
  const files = filesOf(folder, history);
  const scripts: ScriptFile[] = [];
  for (const { revision, operation } of ran) {
    if (revision === null) continue;
    const migration = files.get(revision);
    if (migration === undefined) throw outdated(snapshot.file, `${revision} ran since, and its file is gone`);
    const script = operation === 'up' ? upScript(migration) : await downScript(migration);
    if (script === undefined) {
      throw outdated(snapshot.file, `${revision} was taken down since, and its file has no reverse`);
    }
    scripts.push(script);
  }
  return scripts;
}

/** Every migration of the folder, those that a squash was made of too, by revision. */
function filesOf(folder: MigrationFolder, history: History): ReadonlyMap<string, Migration> {
  const aside = [...folder.squashed, ...folder.migrations].map((file) => [file.version, file] as const);
  return new Map([...aside, ...compareHistory(folder, history).migrations]);
}

function outdated(file: string, why: string): TidemarkError {
  return new TidemarkError(
    'snapshot-outdated',
    `what was changed since the snapshot ${file} cannot be told from what migrations did: ${why}`,
    {
      exitCode: 4,
      hints: [
        '"tidemark schema diff --from migrations:" shows what the database has besides its migrations.',
        'Take a new snapshot to compare with from now on: tidemark schema snapshot',
      ],
      details: { snapshot: file },
    },
  );
}
