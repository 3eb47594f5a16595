import type { Connection } from '../database/connection.js';
import { safeUrl } from '../database/database-url.js';
import { withBackupBefore } from '../library/backups/backup-before.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { MigrateUpOptions } from '../migrations/migrate-options.js';
import { migrateUp } from '../migrations/migrate-up.js';
import type { Dialect } from '../schema/dialect.js';
import { reportBackup } from './backup-events.js';
import type { Outcome } from './command.js';
import { interruptibly, placeOf } from './commands/backup-context.js';
import type { Context } from './context.js';
import { renderRun } from './render/migrate-run.js';

/** `migrate up --backup`: a backup before the first migration, and the way back when one fails. */
export async function upWithBackup(
  context: Context,
  connection: Connection,
  folder: MigrationFolder,
  dialect: Dialect,
  options: MigrateUpOptions,
): Promise<Outcome> {
  const { output } = context;
  const place = await placeOf(context);
  const restoreOnFailure = context.options.flag('restore-on-failure');
  const { production, name } = place.environment;
  // Asked now: when it has failed there may be nobody to ask, and nothing to lose time with.
  if (restoreOnFailure && production) {
    const question = `If the run fails, put the database of "${name}" back to the backup, without what others wrote meanwhile?`;
    if (!(await context.confirm(question))) return { result: null, text: 'nothing was changed', exitCode: 4 };
  }
  const { result, backup } = await interruptibly(context, (signal) => {
    const run = { signal, onEvent: reportBackup(output) };
    return withBackupBefore(
      {
        ...{ place, session: connection, restoreOnFailure, run },
        closeSessions: () => connection.close(),
        flags: restoreFlags(context, safeUrl(place.url)),
        lockTimeoutMs: options.lockTimeoutMs,
      },
      (beforeFirst) => migrateUp(connection, folder, dialect, { ...options, signal, beforeFirst }),
    );
  });
  const said = renderRun(result, connection.label, output.style);
  const text = backup === undefined ? said : `backed up first as ${backup.id}\n${said}`;
  return { result: { ...result, backup: backup ?? null }, text };
}

/** What names the same database to another command. */
function restoreFlags({ options }: Context, url: string): string {
  const named = (name: string) => (options.given(name) ? [`--${name} ${quoted(options.text(name))}`] : []);
  return [
    ...named('config'),
    ...named('env'),
    ...(options.given('url') ? [`--url ${quoted(url)}`] : []),
  ].join(' ');
}

function quoted(text = ''): string {
  return /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
