import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import type { BackupEngine } from '../../backup/engine/backup-engine.js';
import type { BackupRun } from '../../backup/events.js';
import { forgetVerified, noteVerified } from '../../backup/marks.js';
import {
  type Assertions,
  type VerifyLevel,
  type VerifyResult,
  verifyBackup,
} from '../../backup/verify-backup.js';
import { loadDialect } from '../../dialects.js';
import { TidemarkError } from '../../errors.js';
import { type BackupPlace, engineOf, findBackup, using } from './backup-place.js';

export interface VerifyBackupOptions extends BackupRun {
  /** Default 2. */
  readonly level?: VerifyLevel | undefined;
  /** The place to read it from. Default: the folder, else the first destination that has it whole. */
  readonly from?: string | undefined;
  /** True: `latest` is the one that a restore would take. */
  readonly toRestore?: boolean | undefined;
}

/** What verifying one backup at one place found. */
export interface VerifiedBackup extends VerifyResult {
  readonly id: string;
  readonly place: string;
  readonly createdAt: string;
  readonly bytes: number;
}

/** Proves a backup up to a level, and notes beside it how far it got. Throws as `findBackup` and `verifyBackup` do. */
export async function verifyAt(
  place: BackupPlace,
  engine: BackupEngine,
  text: string,
  options: VerifyBackupOptions,
): Promise<VerifiedBackup> {
  const { level = 2, from, toRestore, signal, onEvent } = options;
  const { backup, manifest, store, folder, stored } = await findBackup(place, text, {
    from,
    signal,
    toRestore,
    broken: true,
  });
  const { id } = manifest;
  requireSameEngine(engine, manifest.engine.kind, id);
  const assertions = level === 4 ? await readAssertions(place) : [];
  return using(place, id, async () => {
    const where = { store, folder, stored };
    const result = await verifyBackup(engine, backup, where, { level, assertions, signal, onEvent });
    const { damaged, passed, problems, durationMs, restoreMs } = result;
    if (damaged) await forgetVerified(store, folder, id);
    else if (passed !== null) {
      const at = new Date().toISOString();
      await noteVerified(store, folder, id, { level: passed, at }, { problems, durationMs, restoreMs });
    }
    return { id, place: store.name, createdAt: manifest.createdAt, bytes: manifest.totals.bytes, ...result };
  });
}

/** The same, with the engine of the place's database. */
export async function verifyOne(
  place: BackupPlace,
  text: string,
  options: VerifyBackupOptions,
): Promise<VerifiedBackup> {
  return verifyAt(place, await engineOf(place), text, options);
}

/** Reads the assertions of level 4. Throws TidemarkError (`assertions-missing`, exit code 2). */
async function readAssertions({ settings, environment, url }: BackupPlace): Promise<Assertions[]> {
  if (settings.assertions.length === 0) {
    throw new TidemarkError(
      'assertions-missing',
      'level 4 runs your own assertions, and none are configured',
      {
        exitCode: 2,
        hints: [
          'Name SQL files with `assertions` under `backup` in the configuration; each statement must give no row.',
          'Or use level 3.',
        ],
      },
    );
  }
  const dialect = await loadDialect(url.engine);
  return Promise.all(
    settings.assertions.map(async (path) => {
      const file = relative(environment.root, path);
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        throw new TidemarkError('assertions-missing', `cannot read the assertions ${file}`, {
          exitCode: 2,
          cause,
        });
      });
      const statements = await dialect.splitScript(text, file);
      return { file, statements };
    }),
  );
}

function requireSameEngine(engine: BackupEngine, kind: string, id: string): void {
  if (engine.kind === kind) return;
  throw new TidemarkError(
    'backup-engine',
    `the backup ${id} is of another kind of database: ${kind}, not ${engine.kind}`,
    {
      exitCode: 2,
      hints: ['Name the database that it was made of with --env or --url.'],
    },
  );
}
