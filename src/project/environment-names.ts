import { findConfig } from './find-config.js';
import { loadConfig } from './load-config.js';

/**
 * The environments that the configuration has, in its order; none without a configuration, or with one that has
 * no `environments`. Throws TidemarkError with exit code 2 as `findConfig` and `loadConfig` do.
 *
 * @param env the environment asked for, which a configuration written as a function is called with
 */
export async function environmentNames({
  cwd,
  config,
  env,
}: {
  readonly cwd: string;
  /** `--config` */
  readonly config?: string | undefined;
  readonly env?: string | undefined;
}): Promise<readonly string[]> {
  const file = findConfig(cwd, config);
  if (file === undefined) return [];
  return Object.keys((await loadConfig(file, env)).environments ?? {});
}
