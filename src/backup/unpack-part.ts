import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { TidemarkError } from '../errors.js';
import type { BackupRun } from './events.js';
import type { BackupEngineKind, ManifestPart } from './manifest.js';
import type { OpenBackup } from './open-backup.js';
import { createFile, folderError, writeAll } from './safe-files.js';
import { damaged } from './stored-backup.js';

/** How many bytes pass between two events. */
const STEP_BYTES = 4 * 1024 * 1024;

const NAMES = {
  sqlite: 'SQLite',
  embedded: 'the embedded PostgreSQL',
  postgres: 'a PostgreSQL server',
} as const;

/** Throws TidemarkError (`backup-other-engine`, exit code 2) for a backup of another kind of database. */
export function requireEngine({ manifest, label }: OpenBackup, kind: BackupEngineKind): void {
  if (manifest.engine.kind === kind) return;
  throw new TidemarkError(
    'backup-other-engine',
    `${label} is of ${NAMES[manifest.engine.kind]}, and the database is ${NAMES[kind]}`,
    {
      exitCode: 2,
      hints: ['A backup is restored into the kind of database that it is of: name one with --url.'],
    },
  );
}

/** The one part with a role. Throws `backup-damaged` where the manifest names none, or several. */
export function partWithRole({ manifest, label }: OpenBackup, role: string): ManifestPart {
  const [part, ...more] = manifest.parts.filter((candidate) => candidate.role === role);
  if (part === undefined || more.length > 0)
    throw damaged(label, `it should have one part for its ${role}, and has ${part ? 'several' : 'none'}`);
  return part;
}

/**
 * Writes a part's plain bytes, checked, into a new file (mode 0600) and brings it to the disk. What fails leaves no
 * file. Throws as `OpenBackup.read`, and `disk-full` or `backup-folder`.
 */
export async function unpackPart(
  backup: OpenBackup,
  part: string,
  path: string,
  { signal, onEvent }: BackupRun,
): Promise<void> {
  const totalBytes = backup.manifest.parts.find(({ name }) => name === part)?.plainBytes;
  const source = await backup.read(part, signal);
  try {
    const file = await createFile(path);
    try {
      await pipeline(source, progress(part, totalBytes, onEvent), writeAll(file), { signal });
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    source.destroy();
    throw signal?.aborted ? error : folderError(path, error);
  }
}

/** Passes bytes on and says now and then how many there were. */
function progress(item: string, totalBytes: number | undefined, onEvent: BackupRun['onEvent']) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let bytes = 0;
    let told = 0;
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes - told >= STEP_BYTES || bytes === totalBytes) {
        told = bytes;
        onEvent?.({ type: 'progress', phase: 'unpacking', bytes, totalBytes, rows: undefined, item });
      }
      yield chunk;
    }
  };
}
