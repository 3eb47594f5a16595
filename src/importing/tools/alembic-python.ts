import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { TidemarkError } from '../../errors.js';
import { aborted, isAborted } from '../../migrations/abort.js';
import type { ReadOptions } from '../imported-project.js';
import { ALEMBIC_DRIVER } from './alembic-driver.js';

/** A command that runs Python: its words. */
type Python = readonly [string, ...string[]];

/** Where Alembic's configuration is. */
export interface AlembicConfiguration {
  /** The folder Alembic runs in: paths in its configuration count from there. */
  readonly folder: string;
  readonly ini: string | null;
  readonly toml: string | null;
  /** The script folder, when no configuration names it. */
  readonly scripts: string | null;
}

/** What the driver is asked: `order` null for a description, else revisions to render, parents first. */
export interface DriverRequest extends Omit<AlembicConfiguration, 'folder'> {
  readonly engine: ReadOptions['engine'];
  readonly order: readonly string[] | null;
}

/**
 * Finds the Python that has the project's Alembic. Tried in turn: $ALEMBIC (a path to `alembic`, or a command
 * such as `poetry run alembic`), a virtual environment in the project or above it, the active one, the `alembic` on
 * PATH, and PATH's own Python. Throws TidemarkError (`import-tool-missing`, exit code 2).
 */
export async function findPython(folder: string, options: ReadOptions): Promise<Python> {
  const { env } = options;
  const wish = env.ALEMBIC?.trim();
  if (wish !== undefined && wish !== '') {
    for (const python of pythonsOfCommand(wish, env))
      if (await hasAlembic(python, folder, options)) return python;
    throw missing(`$ALEMBIC is "${wish}", and no Alembic answers there`, [
      'Set ALEMBIC to the path of the alembic program, or to a command that runs it, such as "poetry run alembic".',
    ]);
  }
  for (const python of usualPythons(folder, env)) {
    if (await hasAlembic(python, folder, options)) return python;
  }
  throw missing(`no Alembic is there to turn the project's Python into SQL`, [
    "Install it where the project's other packages are: pip install alembic sqlalchemy",
    'Or name the one to use: ALEMBIC=/path/to/alembic, or ALEMBIC="poetry run alembic".',
  ]);
}

/**
 * Runs the driver in a Python and gives its answer, unchecked. Throws TidemarkError: `import-tool-failed` when it
 * ends without one, `aborted`.
 */
export async function runDriver(
  python: Python,
  folder: string,
  request: DriverRequest,
  options: ReadOptions,
): Promise<unknown> {
  const [program, ...words] = python;
  const { output, errors, code } = await run(
    program,
    [...words, '-c', ALEMBIC_DRIVER],
    folder,
    options,
    JSON.stringify(request),
  );
  try {
    return JSON.parse(output);
  } catch {
    throw new TidemarkError('import-tool-failed', `Alembic ended without an answer (exit code ${code})`, {
      hints: [`It said last:\n${tail(errors) || '(nothing)'}`],
    });
  }
}

/** The last lines of what a program printed. */
export function tail(text: string, lines = 12): string {
  return text.trimEnd().split(/\r?\n/).slice(-lines).join('\n');
}

function missing(what: string, hints: readonly string[]): TidemarkError {
  return new TidemarkError('import-tool-missing', what, { exitCode: 2, hints });
}

function* pythonsOfCommand(command: string, env: ReadOptions['env']): Generator<Python> {
  if (isFile(command)) {
    yield* pythonsOfProgram(command);
    return;
  }
  const words = command.split(/\s+/);
  const last = words.pop() ?? '';
  const [first, ...rest] = [...words, 'python'];
  if (words.length > 0) yield [first ?? 'python', ...rest];
  else for (const program of onPath(last, env)) yield* pythonsOfProgram(program);
}

function* usualPythons(folder: string, env: ReadOptions['env']): Generator<Python> {
  for (let at = folder; ; at = dirname(at)) {
    for (const name of ['.venv', 'venv', 'env']) yield* pythonsOfEnvironment(join(at, name));
    if (existsSync(join(at, '.git')) || dirname(at) === at) break;
  }
  if (env.VIRTUAL_ENV) yield* pythonsOfEnvironment(env.VIRTUAL_ENV);
  for (const program of onPath('alembic', env)) yield* pythonsOfProgram(program);
  for (const name of ['python3', 'python']) for (const python of onPath(name, env)) yield [python];
}

function* pythonsOfEnvironment(folder: string): Generator<Python> {
  for (const path of [join(folder, 'bin', 'python'), join(folder, 'Scripts', 'python.exe')]) {
    if (existsSync(path)) yield [path];
  }
}

/** The Python of an installed `alembic` program: what its first line names, else the one beside it. */
function* pythonsOfProgram(program: string): Generator<Python> {
  if (/^python[\d.]*(\.exe)?$/i.test(basename(program))) yield [program];
  const first = readFileSync(program, 'latin1').slice(0, 512).split(/\r?\n/, 1)[0] ?? '';
  const shebang = /^#!\s*(\S+)(?:\s+(\S+))?/.exec(first);
  if (shebang?.[1] !== undefined && /python/i.test(shebang[1])) yield [shebang[1]];
  if (shebang?.[2] !== undefined && /^python/.test(shebang[2])) yield [shebang[2]];
  for (const name of ['python', 'python3', 'python.exe', '../python.exe']) {
    const path = join(dirname(program), name);
    if (existsSync(path)) yield [path];
  }
}

function onPath(name: string, env: ReadOptions['env']): string[] {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => endings.map((ending) => join(folder, name + ending)))
    .filter(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

async function hasAlembic(python: Python, folder: string, options: ReadOptions): Promise<boolean> {
  const [program, ...words] = python;
  try {
    // Not from the project's folder: a script folder named "alembic" there is no Alembic.
    const check = 'import sys; sys.path = [p for p in sys.path if p]; import alembic.config, sqlalchemy';
    return (await run(program, [...words, '-c', check], folder, options, '')).code === 0;
  } catch (error) {
    if (isAborted(error)) throw error;
    return false;
  }
}

function run(
  program: string,
  words: readonly string[],
  cwd: string,
  { env, signal }: ReadOptions,
  input: string,
): Promise<{ readonly output: string; readonly errors: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env: { ...env, PYTHONDONTWRITEBYTECODE: '1', PYTHONIOENCODING: 'utf-8' },
      signal,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.on('error', (error) => reject(signal?.aborted ? aborted(signal) : error));
    child.on('close', (code) =>
      resolve({ output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString(), code }),
    );
    // It may end before it has read everything.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
