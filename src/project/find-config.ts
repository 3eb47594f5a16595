import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { TidemarkError } from '../errors.js';

const extensions = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'];
const places = ['', '.config'];

/**
 * Finds the configuration file: `--config` if given (relative to `cwd`), else the nearest
 * `tidemark.config.{ts,mts,js,mjs,cjs,json}` in `cwd` or a folder above it, also inside `.config/`.
 * Gives an absolute path, or undefined when there is none. Throws TidemarkError (exit code 2) when the
 * named file is missing or one folder holds two.
 */
export function findConfig(cwd: string, named?: string): string | undefined {
  if (named !== undefined) return namedConfig(resolve(cwd, named));
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = configsIn(folder);
    if (found.length > 1) {
      throw new TidemarkError(
        'config-ambiguous',
        `${folder} has several configurations: ${found.join(', ')}`,
        {
          exitCode: 2,
          hints: ['Keep one of them, or name one with --config FILE.'],
        },
      );
    }
    if (found[0] !== undefined) return join(folder, found[0]);
    if (dirname(folder) === folder) return undefined;
  }
}

/** The folder that a configuration's relative paths start at. */
export function projectFolder(configFile: string): string {
  const folder = dirname(configFile);
  return basename(folder) === '.config' ? dirname(folder) : folder;
}

/** The configurations in a folder or its `.config`, as paths relative to it. */
export function configsIn(folder: string): string[] {
  return places
    .flatMap((place) => extensions.map((extension) => join(place, `tidemark.config.${extension}`)))
    .filter((name) => existsSync(join(folder, name)));
}

function namedConfig(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isFile()) return file;
  const problem = stat ? 'is not a file' : 'does not exist';
  throw new TidemarkError('config-missing', `the configuration ${file} ${problem}`, {
    exitCode: 2,
    hints: ['Give an existing file to --config, or run `tidemark init` to make one.'],
  });
}
