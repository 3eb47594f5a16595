import type { DatabaseUrl } from '../database/database-url.js';
import { TidemarkError } from '../errors.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { Context } from './context.js';

/** Seconds that a server has to answer: several may be out of reach, and one wants to see the others. */
const CONNECT_TIMEOUT = 3;

/** Where one environment of the configuration is. Plain data: what `--json` prints. */
export interface EnvironmentPosition {
  readonly name: string;
  /** Null where it names no database, or cannot even be read. */
  readonly target: string | null;
  /** Empty: at base. Null: it names no database or cannot be reached. */
  readonly current: readonly string[] | null;
  /** Why its position is not known, in one line; null where it is, and where there is no database. */
  readonly error: string | null;
}

/**
 * Where every environment of the configuration is. One that cannot be reached is a result, not an error; looking
 * makes nothing. Throws TidemarkError (`usage`, exit code 2) beside `--url`, which would be the same for all.
 *
 * @param here a database whose position is known: it is not opened again
 */
export async function environmentPositions(
  context: Context,
  folder: MigrationFolder,
  here: { readonly target: string; readonly current: readonly string[] } | undefined,
): Promise<EnvironmentPosition[]> {
  const { options, cwd } = context;
  if (options.given('url')) {
    throw new TidemarkError('usage', '--url names one database, --all-environments asks for those of all', {
      exitCode: 2,
      hints: ['Leave one of them out.'],
    });
  }
  const chosen = await context.environment();
  const { environmentNames } = await import('../project/environment-names.js');
  const config = options.text('config');
  const names = await environmentNames({ cwd, config, env: chosen.name });
  const all = names.length > 0 ? names : [chosen.name];
  const asked = new Map<string, Promise<Pick<EnvironmentPosition, 'current' | 'error'>>>();
  if (here !== undefined) asked.set(here.target, Promise.resolve({ current: here.current, error: null }));
  const { safeUrl } = await import('../database/database-url.js');
  const position = async (name: string): Promise<EnvironmentPosition> => {
    let url: DatabaseUrl | undefined;
    try {
      url = await urlOf(context, name);
    } catch (error) {
      return { name, target: null, current: null, error: reasonOf(context, error) };
    }
    if (url === undefined) return { name, target: null, current: null, error: null };
    context.keepSecret(url);
    const target = safeUrl(url);
    // Two environments of one database: an embedded one cannot be opened twice.
    const known = asked.get(target) ?? look(context, url, folder);
    asked.set(target, known);
    return { name, target, ...(await known) };
  };
  return Promise.all(all.map(position));
}

async function urlOf({ options, cwd, env }: Context, name: string): Promise<DatabaseUrl | undefined> {
  const { loadEnvironment } = await import('../project/load-environment.js');
  const { url } = await loadEnvironment({
    cwd,
    env: { ...env },
    config: options.text('config'),
    envFiles: options.list('dotenv'),
    flags: { env: name },
    several: true,
  });
  return url;
}

async function look(
  context: Context,
  url: DatabaseUrl,
  folder: MigrationFolder,
): Promise<Pick<EnvironmentPosition, 'current' | 'error'>> {
  const [{ openDatabase }, { isMissing, noDatabase }, { readPosition, statusOf }] = await Promise.all([
    import('../database/open-database.js'),
    import('../database/missing-database.js'),
    import('../migrations/status.js'),
  ]);
  try {
    if (isMissing(url)) throw noDatabase(url);
    const quick =
      url.adapter === 'server'
        ? { ...url, connectTimeout: Math.min(url.connectTimeout || CONNECT_TIMEOUT, CONNECT_TIMEOUT) }
        : url;
    if (url.adapter === 'embedded') {
      const { preferQuickWasm } = await import('./quick-wasm.js');
      await preferQuickWasm();
    }
    const connection = context.closing(await openDatabase(quick, { missing: 'refuse' }));
    const { current } = statusOf(folder, await readPosition(connection, folder));
    return { current, error: null };
  } catch (error) {
    return { current: null, error: reasonOf(context, error) };
  }
}

function reasonOf(context: Context, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return context.output.mask(message.split('\n')[0] ?? '');
}
