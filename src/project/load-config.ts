import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { TidemarkError } from '../errors.js';
import { importModule } from '../import-module.js';
import type { Config } from './config.js';
import { validateConfig } from './validate-config.js';

/**
 * Reads a configuration file (absolute path) and checks it. A module may export an object, a promise of one,
 * or a function of `{ env }` (the environment asked for) that gives either, as its default export.
 * Throws TidemarkError: `config-unloadable` when the file fails to parse or run, `config-invalid` when what
 * it says is wrong; exit code 2 both.
 *
 * @param version a word for what it may read beside its text: with another one a module is run again
 */
export async function loadConfig(file: string, env?: string, version?: string): Promise<Config> {
  let value: unknown;
  try {
    value = extname(file) === '.json' ? readJson(file) : await runModule(file, env, version);
  } catch (error) {
    throw unloadable(file, error);
  }
  return validateConfig(value, file);
}

function readJson(file: string): unknown {
  const value = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  // Editors look for `$schema`; it says nothing to us.
  if (typeof value === 'object' && value !== null) delete value.$schema;
  return value;
}

async function runModule(
  file: string,
  env: string | undefined,
  version: string | undefined,
): Promise<unknown> {
  const exports = await importModule(file, version);
  // `module.exports` compiled from TypeScript nests its default export once more.
  const value = unwrapDefault(unwrapDefault(exports));
  return typeof value === 'function' ? value({ env }) : value;
}

function unwrapDefault(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const isNamespace = Object.prototype.toString.call(value) === '[object Module]';
  const { default: inner, __esModule: marked } = value as { default?: unknown; __esModule?: boolean };
  return isNamespace || marked || inner !== undefined ? inner : value;
}

function unloadable(file: string, cause: unknown): TidemarkError {
  const { message, code } =
    cause instanceof Error ? (cause as NodeJS.ErrnoException) : { message: String(cause) };
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return new TidemarkError(
    'config-unloadable',
    `${file} cannot be loaded: ${message.replace(/\nRequire stack:[\s\S]*/, '')}`,
    {
      exitCode: 2,
      hints: [
        missing
          ? 'Install what the configuration imports, or correct the import.'
          : 'Correct the file; --debug shows the whole stack.',
      ],
      cause,
    },
  );
}
