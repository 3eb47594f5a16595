import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TidemarkError } from '../errors.js';

/**
 * Loads a package as the project in a folder does: from its own node_modules. Throws TidemarkError
 * (`import-tool-missing`, exit code 2).
 */
export async function loadProjectPackage(name: string, folder: string): Promise<Record<string, unknown>> {
  const path = resolveFrom(name, folder);
  if (path === undefined) {
    throw new TidemarkError('import-tool-missing', `${name} is not installed in ${folder}`, {
      exitCode: 2,
      hints: [
        `Run "npm install" in the project: its migrations are programs that only its own ${name} can run.`,
      ],
    });
  }
  return import(pathToFileURL(path).href);
}

/** The version of such a package; empty when it does not tell. */
export function projectPackageVersion(name: string, folder: string): string {
  const path = resolveFrom(`${name}/package.json`, folder);
  if (path === undefined) return '';
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version?: unknown };
  return typeof version === 'string' ? version : '';
}

function resolveFrom(name: string, folder: string): string | undefined {
  try {
    return createRequire(join(folder, 'package.json')).resolve(name);
  } catch {
    return undefined;
  }
}
