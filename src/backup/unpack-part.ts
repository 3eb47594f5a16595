import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ManifestPart } from './manifest.js';
import type { OpenBackup } from './open-backup.js';
import { createFile, folderError, writeAll } from './safe-files.js';
import { damaged } from './stored-backup.js';

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
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await backup.read(part, signal);
  try {
    const file = await createFile(path);
    try {
      await pipeline(source, writeAll(file), { signal });
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
