import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashFolder } from '../../../src/migrations/hash-folder.js';

/** A project of a test's own: a folder with migrations, and what else it writes there. */
export interface ProjectFolder {
  readonly path: string;
  write(file: string, text: string): void;
  /** Writes migrations and rewrites the sum. */
  migrations(files: Readonly<Record<string, string>>): Promise<void>;
  remove(): void;
}

export function projectFolder(): ProjectFolder {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-project-'));
  const write = (file: string, text: string) => writeFileSync(join(path, file), text);
  mkdirSync(join(path, 'migrations'));
  return {
    path,
    write,
    async migrations(files) {
      for (const [name, text] of Object.entries(files)) write(join('migrations', name), text);
      await hashFolder(join(path, 'migrations'));
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
