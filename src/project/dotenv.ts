import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { TidemarkError } from '../errors.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** The variables of the real environment and of `.env` files together, and where each file's came from. */
export interface LoadedVariables {
  readonly variables: Variables;
  /** For a variable that a file set: that file. The real environment's are not in it. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Adds the variables of `.env` files to those of the real environment, which always win. Read are the named
 * files (`--dotenv`, later ones win), or, when none is named, `.env` in each of `folders` (earlier ones win).
 * An empty variable of the real environment counts as set. Throws TidemarkError when a named file cannot be read.
 */
export function loadVariables(
  real: Variables,
  folders: readonly string[],
  named: readonly string[] = [],
  cwd: string = process.cwd(),
): LoadedVariables {
  const sources =
    named.length > 0
      ? named.map((file) => readNamed(resolve(cwd, file))).reverse()
      : [...new Set(folders)].map((folder) => readIfThere(join(folder, '.env')));
  const variables: Record<string, string | undefined> = { ...real };
  const files = new Map<string, string>();
  for (const { file, text } of sources) {
    // parseEnv keeps a byte order mark as a part of the first name.
    for (const [name, value] of Object.entries(parseEnv(text.replace(/^\uFEFF/, '')))) {
      if (variables[name] !== undefined) continue;
      variables[name] = value;
      files.set(name, file);
    }
  }
  return { variables, files };
}

function readIfThere(file: string): { file: string; text: string } {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A folder called .env is some people's virtual environment.
    if (code === 'ENOENT' || code === 'EISDIR' || code === 'ENOTDIR') return { file, text: '' };
    throw unreadable(file, error);
  }
}

function readNamed(file: string): { file: string; text: string } {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): TidemarkError {
  const code = (cause as NodeJS.ErrnoException).code;
  const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
  return new TidemarkError('env-file-unreadable', `the file of environment variables ${file} ${problem}`, {
    exitCode: 2,
    hints: ['Give an existing file to --dotenv, or leave it out: `.env` is read by itself.'],
    cause,
  });
}
