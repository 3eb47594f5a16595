import { createHash } from 'node:crypto';
import type { Variables } from './dotenv.js';
import { loadVariables } from './dotenv.js';
import { type EnvironmentFlags, type ResolvedEnvironment, resolveEnvironment } from './environment.js';
import { findConfig, projectFolder } from './find-config.js';
import { loadConfig } from './load-config.js';

export interface LoadEnvironmentOptions {
  readonly cwd: string;
  readonly flags: EnvironmentFlags;
  /** `--config`; without it the configuration is looked for from `cwd` upwards. */
  readonly config?: string | undefined;
  /** `--dotenv`; without it `.env` is read in `cwd` and beside the configuration. */
  readonly envFiles?: readonly string[];
  /**
   * The real environment, usually `process.env`. Variables of `.env` files are added to it before the
   * configuration runs, which may read them there.
   */
  readonly env: Record<string, string | undefined>;
  /** True where several environments may be read in one process: the configuration is run again when variables have changed. */
  readonly several?: boolean;
}

/** Finds, reads and settles everything about a project's environment. Throws TidemarkError with exit code 2. */
export async function loadEnvironment(options: LoadEnvironmentOptions): Promise<ResolvedEnvironment> {
  const { cwd, flags } = options;
  const file = findConfig(cwd, options.config);
  const folder = file === undefined ? cwd : projectFolder(file);
  const env = loadVariables(options.env, [cwd, folder], options.envFiles, cwd);
  addMissing(options.env, env.variables);
  const asked = flags.env ?? (env.variables.TIDEMARK_ENV || undefined);
  const version = options.several ? fingerprint(env.variables) : undefined;
  const config =
    file === undefined ? undefined : { file, folder, value: await loadConfig(file, asked, version) };
  return resolveEnvironment({ flags, config, env, cwd });
}

function fingerprint(variables: Variables): string {
  return createHash('sha256').update(JSON.stringify(variables)).digest('hex');
}

function addMissing(env: Record<string, string | undefined>, variables: Variables): void {
  for (const [name, value] of Object.entries(variables)) env[name] ??= value;
}
