import { resolve } from 'node:path';
import { TidemarkError } from '../../errors.js';
import { type BackupPlace, backupPlace } from '../../library/backups/backup-place.js';
import type { BackupChoices } from '../../library/backups/backup-settings.js';
import type { Context } from '../context.js';
import { preferQuickWasm } from '../quick-wasm.js';

/** The backups that a command line means. Throws TidemarkError with exit code 2. */
export async function placeOf(context: Context, choices: BackupChoices = {}): Promise<BackupPlace> {
  const url = await context.url();
  if (url.adapter === 'embedded') await preferQuickWasm();
  const environment = await context.environment();
  // The folder's option is known by both names where it is read; the other commands know one.
  const folder = textOf(context, 'output-dir') ?? textOf(context, 'backup-dir');
  const identity = textOf(context, 'identity');
  const place = await backupPlace(environment, url, {
    ...choices,
    folder: folder === undefined ? undefined : resolve(context.cwd, folder),
    identity: identity === undefined ? undefined : resolve(context.cwd, identity),
  });
  keepSecrets(context, place);
  return place;
}

/** An option that was given; undefined also where the command has none of that name. */
export function textOf({ options }: Context, name: string): string | undefined {
  return options.given(name) ? options.text(name) : undefined;
}

/** A number of an option: a whole one of at least `least`. Throws TidemarkError (`option-invalid`, exit code 2). */
export function countOf({ options }: Context, name: string, least = 1): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= least) return value;
  throw new TidemarkError(
    'option-invalid',
    `--${name} must be a whole number of at least ${least}, not "${text}"`,
    {
      exitCode: 2,
    },
  );
}

/**
 * Runs what takes long so that a signal ends it: children are gone and nothing half-made is left before the process
 * ends.
 */
export function interruptibly<T>(context: Context, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const running = work(controller.signal);
  context.closing({
    close: async () => {
      controller.abort(new Error('interrupted'));
      await running.catch(() => undefined);
    },
  });
  return running;
}

/** The keys of destinations and health checks are masked wherever they turn up. */
function keepSecrets({ output }: Context, { settings }: BackupPlace): void {
  const { destinations, variables, ping } = settings;
  for (const destination of Object.values(destinations)) {
    const names =
      destination.type === 's3'
        ? [destination.secretKeyVariable ?? 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']
        : destination.type === 'supabase'
          ? [destination.keyVariable ?? 'SUPABASE_SERVICE_ROLE_KEY']
          : [];
    for (const name of names) {
      const secret = variables[name];
      if (secret) output.secrets.add(secret);
    }
  }
  if (ping !== undefined) {
    const { pathname } = new URL(ping);
    if (pathname.length > 8) output.secrets.add(pathname.slice(1));
  }
}
