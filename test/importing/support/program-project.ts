import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TidemarkError } from '../../../src/errors.js';

/** The packages of this repository. */
export const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** Makes projects with these files in temporary folders; `installed` gives them the packages of this repository. */
export function projectMaker(): {
  make(files: Readonly<Record<string, string>>, options?: { readonly installed?: boolean }): string;
  removeAll(): void;
} {
  const made: string[] = [];
  return {
    make(files, { installed = true } = {}) {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
      made.push(folder);
      if (installed) symlinkSync(MODULES, join(folder, 'node_modules'));
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      return folder;
    },
    removeAll() {
      for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs Node in a project's folder, with this URL in DATABASE_URL and with TypeScript. */
export function runNode(folder: string, url: string, ...words: readonly string[]): string {
  return execFileSync(process.execPath, ['--import', join(MODULES, 'jiti/lib/jiti-register.mjs'), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Runs a program of a package, as `runNode` does. */
export function runTool(program: string, folder: string, url: string, ...words: readonly string[]): string {
  return runNode(folder, url, join(MODULES, program), ...words);
}

/** The error something ends with. */
export async function refusal(work: Promise<unknown>): Promise<TidemarkError> {
  return work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: TidemarkError) => error,
  );
}
