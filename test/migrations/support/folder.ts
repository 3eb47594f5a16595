import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MigrationFolder, readMigrationFolder } from '../../../src/migrations/folder.js';
import { hashFolder } from '../../../src/migrations/hash-folder.js';

/** A migrations folder of a test's own. */
export interface TestFolder {
  readonly path: string;
  /** Writes (or with null removes) files, rewrites the sum, and reads the folder. */
  put(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<MigrationFolder>;
  /** The same without touching the sum. */
  putUnhashed(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<MigrationFolder>;
  remove(): Promise<void>;
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tidemark-migrations-'));
  const write = async (files: Readonly<Record<string, string | Uint8Array | null>>): Promise<void> => {
    for (const [name, content] of Object.entries(files)) {
      if (content === null) await rm(join(path, name), { force: true });
      else await writeFile(join(path, name), content);
    }
  };
  return {
    path,
    put: async (files) => {
      await write(files);
      await hashFolder(path);
      return readMigrationFolder(path);
    },
    putUnhashed: async (files) => {
      await write(files);
      return readMigrationFolder(path);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
