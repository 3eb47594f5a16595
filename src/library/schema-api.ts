import { join } from 'node:path';
import type { BackupEvent } from '../backup/events.js';
import type { Connection } from '../database/connection.js';
import type { DetectedChange } from '../planning/detect-change.js';
import type { Difference } from '../planning/difference.js';
import type { InspectedState } from '../planning/inspect-state.js';
import type { TakenSnapshot } from '../planning/take-snapshot.js';
import type { ConsentOptions, RenameOptions } from './planning.js';
import type { CallOptions, ProjectSession } from './project-session.js';
import { snapshotPlace, throughSession } from './snapshots.js';

export interface InspectOptions extends CallOptions {
  /** A state as the command line takes it: a URL, a file, `migrations:@revision`, … Default: the database. */
  readonly state?: string | undefined;
}

export interface SchemaDiffOptions extends CallOptions, RenameOptions {
  /** Plan for tables in use. Default: as the configuration says, else on servers. */
  readonly online?: boolean | undefined;
  /** Default: the database. */
  readonly from?: string | undefined;
  /** Default: the schema files. */
  readonly to?: string | undefined;
}

export interface SnapshotOptions extends CallOptions {
  /** What the file is called after its time. With a name it is written although nothing has changed. */
  readonly name?: string | undefined;
}

export interface DetectOptions extends CallOptions, RenameOptions, ConsentOptions {
  /** What the migration is called. Default `changed_outside`. */
  readonly name?: string | undefined;
  /** Write nothing, and give the texts. */
  readonly dryRun?: boolean | undefined;
  /** A backup before anything is written. */
  readonly backup?: boolean | undefined;
  /** Record the migration as applied in this database, which has the change, and take a new snapshot. */
  readonly apply?: boolean | undefined;
  /** Milliseconds that the backup and the record wait for a run to end. Default 10,000. */
  readonly lockTimeoutMs?: number | undefined;
  /** What the backup is doing. */
  readonly onEvent?: ((event: BackupEvent) => void) | undefined;
}

/** The calls about whole schemas. None of them changes the schema of a database. */
export interface SchemaApi {
  /** Reads a state as facts and SQL, as `tidemark schema inspect`. */
  inspect(options?: InspectOptions): Promise<InspectedState>;
  /** How two states differ, as `tidemark schema diff`. */
  diff(options?: SchemaDiffOptions): Promise<Difference>;
  /** Keeps the schema of the database, as `tidemark schema snapshot`. */
  snapshot(options?: SnapshotOptions): Promise<TakenSnapshot>;
  /** Writes what was changed since the last snapshot outside of migrations as one, as `tidemark schema detect`. */
  detect(options?: DetectOptions): Promise<DetectedChange>;
}

/** The calls of `project.schema`. */
export function schemaApi(project: ProjectSession): SchemaApi {
  return {
    async inspect({ state, ...options } = {}) {
      const { atWorkbench, namedSource, opener, targetSource } = await import('./planning.js');
      const { inspectState } = await import('../planning/inspect-state.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const source = state === undefined ? targetSource(project) : await namedSource(project, state, 'state');
      return atWorkbench(project, options, [source], (bench, signal) =>
        unlessAborted(inspectState(bench, source, { open: opener(project) }), signal),
      );
    },
    async diff({ from, to, online, signal, ...renames } = {}) {
      const { atWorkbench, namedSource, planOptions, schemaSource, targetSource } = await import(
        './planning.js'
      );
      const { planBetween } = await import('../planning/plan-between.js');
      const { differenceOf } = await import('../planning/difference.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const { plansOnline } = await import('../project/environment.js');
      const wanted = to === undefined ? await schemaSource(project) : await namedSource(project, to, '"to"');
      const current = from === undefined ? targetSource(project) : await namedSource(project, from, '"from"');
      return atWorkbench(project, { signal }, [current, wanted], async (bench, given) => {
        const options = planOptions(project, bench, wanted, renames, 'drop');
        return differenceOf(
          await unlessAborted(
            planBetween(bench, current, wanted, {
              ...options,
              prove: false,
              online:
                online ??
                plansOnline(project.environment, current.type === 'database' ? current.url : undefined),
            }),
            given,
          ),
        );
      });
    },
    async snapshot({ name, signal } = {}) {
      const { atWorkbench, targetSource } = await import('./planning.js');
      const { keepSnapshot, readSnapshot } = await import('../planning/take-snapshot.js');
      const { unlessAborted } = await import('../migrations/abort.js');
      const { environment, url } = project;
      return atWorkbench(project, { signal }, [targetSource(project)], async (bench, given) => {
        const session = await existing(project, given);
        const place = await snapshotPlace(environment, url, session);
        const read = await unlessAborted(readSnapshot(bench, session), given);
        const kept = await keepSnapshot(place, read, name);
        return { ...kept, path: join(place.folder, kept.file) };
      });
    },
    async detect({
      name = 'changed_outside',
      dryRun,
      backup,
      apply,
      lockTimeoutMs,
      onEvent,
      signal,
      ...renames
    } = {}) {
      const { atWorkbench, planOptions, targetSource } = await import('./planning.js');
      const { detectChange } = await import('../planning/detect-change.js');
      const { readMigrationFolder } = await import('../migrations/folder.js');
      const { environment, url } = project;
      const { naming, afterWrite } = environment.newMigrations;
      const live = targetSource(project);
      return atWorkbench(project, { signal }, [live], async (bench, given) => {
        const session = await existing(project, given);
        const folder = await readMigrationFolder(environment.migrations);
        const place = await snapshotPlace(environment, url, session);
        const open = throughSession(session);
        const plan = { ...planOptions(project, bench, live, renames, 'refuse'), open };
        return detectChange(bench, session, {
          ...{ place, folder, live, name, dryRun, apply, plan, naming, afterWrite, lockTimeoutMs },
          consent: { allow: renames.allow ?? [] },
          backup: backup === true ? () => backedUp(session, given) : undefined,
          signal: given,
        });
      });

      async function backedUp(session: Connection, given: AbortSignal | undefined): Promise<string> {
        const { backupPlace } = await import('./backups/backup-place.js');
        const { backupThrough } = await import('./backups/backup-before.js');
        const place = await backupPlace(environment, url);
        return backupThrough(place, session, 'detect', { signal: given, lockTimeoutMs, onEvent });
      }
    },
  };
}

/** The project's session, on a database that is there already. */
async function existing(project: ProjectSession, signal: AbortSignal | undefined): Promise<Connection> {
  const { isMissing, noDatabase } = await import('../database/missing-database.js');
  if (!project.connected && isMissing(project.url)) throw noDatabase(project.url);
  return project.session(signal);
}
