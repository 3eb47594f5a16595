import { backupThrough } from '../../library/backups/backup-before.js';
import { snapshotPlace, throughSession } from '../../library/snapshots.js';
import { readMigrationFolder } from '../../migrations/folder.js';
import { type DetectedChange, detectChange } from '../../planning/detect-change.js';
import { reportBackup } from '../backup-events.js';
import type { Outcome } from '../command.js';
import type { Context } from '../context.js';
import {
  migrationConsent,
  openWorkbench,
  planOptions,
  reportHazards,
  reportPlanning,
  targetSource,
} from '../planning.js';
import { relativePath } from '../render/path.js';
import { interruptibly, placeOf } from './backup-context.js';

const DEFAULT_NAME = 'changed_outside';

/** Writes what was changed in the database since its last snapshot, but not by migrations, as a migration. */
export async function run(context: Context): Promise<Outcome> {
  const { options, output } = context;
  const [environment, url] = [await context.environment(), await context.url()];
  // As for `migrate diff`, the folder need not be there yet.
  const [folder, live] = [await readMigrationFolder(environment.migrations), await targetSource(context)];
  const backups = options.flag('backup') ? await placeOf(context) : undefined;
  const bench = await openWorkbench(context, [live]);
  const session = await context.openTarget('refuse');
  const place = await snapshotPlace(environment, url, session);
  const plan = { ...(await planOptions(context, bench, live)), open: throughSession(session) };
  const { naming, afterWrite } = environment.newMigrations;
  const lockTimeoutMs = options.duration('lock-timeout');
  output.progress('comparing the database with its last snapshot …');
  const result = await interruptibly(context, (signal) =>
    detectChange(bench, session, {
      ...{ place, folder, live, plan, naming, afterWrite, lockTimeoutMs, signal },
      name: options.text('name') ?? DEFAULT_NAME,
      dryRun: options.flag('dry-run'),
      apply: options.flag('apply'),
      backup: backups && (() => backup(signal)),
      consent: migrationConsent(context),
      onPlanned: (planned) => {
        reportPlanning(context, bench, planned);
        reportHazards(context, planned);
      },
    }),
  );
  const migrations = result.files.map((file) => relativePath(environment.migrations, file, context.cwd));
  const text = describe(result, session.label, migrations);
  return { result, text, exitCode: result.up === undefined ? 0 : 3 };

  async function backup(signal: AbortSignal): Promise<string> {
    if (backups === undefined) throw new Error('nobody asked for a backup');
    return backupThrough(backups, session, 'detect', {
      ...{ signal, lockTimeoutMs },
      onEvent: reportBackup(output),
    });
  }
}

function describe(result: DetectedChange, label: string, migrations: readonly string[]): string {
  const { snapshot, steps, backup, applied, newSnapshot, revision } = result;
  const since = `since ${snapshot.file}`;
  if (!result.changed) return `nothing was changed in ${label} ${since} but by migrations`;
  if (result.covered) {
    const next =
      newSnapshot === null
        ? 'take a new one: tidemark schema snapshot'
        : `the new snapshot is ${newSnapshot}`;
    return `${label} was changed ${since}, and the migrations lead to what it is already; ${next}`;
  }
  if (result.up !== undefined) return `${result.up}\n-- The reverse:\n\n${result.downText}`.trimEnd();
  return [
    ...(backup === null ? [] : [`backed up first as ${backup}`]),
    `wrote ${migrations.join(' and ')}, proven up and down:`,
    ...steps.map((step) => `  ${step.summary}`),
    ...(result.reversible ? [] : ['the reverse brings back the definitions, not the lost data']),
    applied
      ? `recorded as applied in ${label}, which has it; other databases get it with \`tidemark migrate up\``
      : `${label} has it already and does not know: \`tidemark migrate stamp ${revision}\` records that`,
    ...(newSnapshot === null ? [] : [`the next comparison begins at ${newSnapshot}`]),
  ].join('\n');
}
