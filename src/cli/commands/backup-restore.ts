import { resolve } from 'node:path';
import { isLocal, safeUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import type { BackupPlace } from '../../library/backups/backup-place.js';
import { dropKeptDatabase } from '../../library/backups/kept-databases.js';
import {
  type RestoredBackup,
  repairRestored,
  restoreBackup,
  undoRestored,
} from '../../library/backups/restore-backup.js';
import { migrateDatabaseApi } from '../../library/migrate-database-api.js';
import { ProjectSession } from '../../library/project-session.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import { reportEvents, stepName } from '../migrate-events.js';
import { renderDropped, renderRepaired, renderRestored, renderUndone } from '../render/backup-restored.js';
import { countOf, interruptibly, placeOf } from './backup-context.js';

export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const text = requireChoice(context);
  const place = await placeOf(context);
  const lockTimeoutMs = options.duration('lock-timeout');
  const onEvent = reportBackup(output);
  if (options.flag('repair')) {
    const repaired = await interruptibly(context, (signal) =>
      repairRestored(place, { lockTimeoutMs, signal }),
    );
    return { result: { repaired: true, ...repaired }, text: renderRepaired(repaired, output.style) };
  }
  const unwanted = options.text('drop-kept');
  if (unwanted !== undefined) {
    await requireConsent(context, place, `This removes ${unwanted} for good, which a restore kept.`);
    const dropped = await interruptibly(context, (signal) =>
      dropKeptDatabase(place.url, unwanted, { lockTimeoutMs, signal }),
    );
    return { result: dropped, text: renderDropped(dropped, output.style) };
  }
  if (text === undefined) {
    await requireConsent(
      context,
      place,
      'This swaps the live database for the one that the last restore replaced.',
    );
    const undone = await interruptibly(context, (signal) =>
      undoRestored(place, { lockTimeoutMs, signal, onEvent }),
    );
    return { result: { undone: true, ...undone }, text: renderUndone(undone, output.style) };
  }
  const tables = options.list('table');
  const schemas = options.list('only-schema');
  const toDatabase = options.text('to-database');
  const replaces = toDatabase === undefined && tables.length + schemas.length === 0;
  const migrate = options.flag('migrate');
  if (migrate && !replaces) {
    throw new TidemarkError('usage', '--migrate goes with a restore of the live database alone', {
      exitCode: 2,
    });
  }
  if (replaces)
    await requireConsent(context, place, `This replaces the live database with the backup ${text}.`);
  const restored = await interruptibly(context, (signal) =>
    restoreBackup(place, isPath(text) ? resolve(context.cwd, text) : text, {
      toDatabase,
      tables,
      schemas,
      inPlace: options.flag('in-place'),
      createRoles: options.flag('create-roles'),
      backupFirst: options.flag('backup-first'),
      keepOld: options.flag('keep-old'),
      jobs: countOf(context, 'jobs'),
      from: options.text('from'),
      lockTimeoutMs,
      signal,
      onEvent,
    }),
  );
  const after = replaces ? await afterRestore(context, place, restored, migrate) : NOTHING;
  return {
    result: { undone: false, ...restored, ...after },
    text: renderRestored(restored, after, output.style),
  };
}

/** Where the restored database stands to the migrations folder. */
export interface AfterRestore {
  /** Migrations that were applied after the restore. */
  readonly migrated: readonly string[];
  /** Migrations of the folder that it still lacks; null where there is no folder to compare with. */
  readonly pending: number | null;
}

const NOTHING: AfterRestore = { migrated: [], pending: null };

/** The restored state may be older than the code: that is said, or mended where it is asked for. */
async function afterRestore(
  context: Context,
  { environment, url }: BackupPlace,
  { id }: RestoredBackup,
  migrate: boolean,
): Promise<AfterRestore> {
  const session = new ProjectSession(environment, url);
  const api = migrateDatabaseApi(session);
  try {
    if (migrate) {
      const { steps } = await interruptibly(context, (signal) =>
        api.up({ signal, onEvent: reportEvents(context.output) }),
      );
      return { migrated: steps.map(stepName), pending: 0 };
    }
    const { pending, problems } = await api.status();
    for (const problem of problems) context.output.warn(`the restored database: ${problem}`);
    return { migrated: [], pending };
  } catch (error) {
    if (migrate) throw error;
    // The restore is done: that nothing could be compared must not look like its failure.
    context.output.warn(
      `${id} is restored; the migrations could not be compared: ${(error as Error).message}`,
    );
    return NOTHING;
  } finally {
    await session.close();
  }
}

/** The backup that is meant; undefined with `--undo`, `--repair` and `--drop-kept`. */
function requireChoice(context: Context): string | undefined {
  const text = context.argument('BACKUP');
  const undo = context.options.flag('undo');
  const repair = context.options.flag('repair');
  const drop = context.options.text('drop-kept') !== undefined;
  if (Number(text !== undefined) + Number(undo) + Number(repair) + Number(drop) === 1) return text;
  throw new TidemarkError(
    'usage',
    Number(undo) + Number(repair) + Number(drop) > 1
      ? '--undo, --repair and --drop-kept exclude each other'
      : drop
        ? '--drop-kept takes no backup: it removes what a restore kept'
        : undo
          ? '--undo takes no backup: it swaps back what the last restore replaced'
          : repair
            ? '--repair takes no backup: it puts right what a killed restore left'
            : 'BACKUP is missing',
    {
      exitCode: 2,
      hints: ['An id, the beginning of one, latest, or a path; "tidemark backup list" lists them.'],
    },
  );
}

function isPath(text: string): boolean {
  return /[\\/]/.test(text) || text.startsWith('.');
}

/**
 * Asks for a yes; for the database's name where it is production or elsewhere. Throws TidemarkError with exit code 4:
 * `restore-refused`, `needs-consent` when nobody can be asked.
 */
async function requireConsent(context: Context, place: BackupPlace, what: string): Promise<void> {
  const { options, prompt } = context;
  const { environment, url, database } = place;
  const forced = options.text('force');
  if (forced === database) return;
  if (forced !== undefined) throw refused(`--force ${forced} is not the name of the database`, database);
  const guarded = environment.production
    ? `the environment "${environment.name}" is production`
    : isLocal(url)
      ? undefined
      : `${safeUrl(url)} is not on this machine`;
  if (guarded === undefined) {
    if (await context.confirm(`${what} ${safeUrl(url)}: go on?`)) return;
    throw refused('not confirmed', database);
  }
  if (!prompt.interactive) throw refused(guarded, database);
  const question = `${guarded}. ${what} Type the name of the database to go on:`;
  if ((await prompt.ask(question, `--force ${database}`)) !== database)
    throw refused('the name does not match', database);
}

function refused(reason: string, database: string): TidemarkError {
  return new TidemarkError('restore-refused', `nothing was restored: ${reason}`, {
    exitCode: 4,
    hints: [
      `To replace it, give its name: --force ${database}.`,
      'To look at the backup first, restore it beside: --to-database NAME.',
    ],
    details: { database },
  });
}
