import type { Connection } from '../database/connection.js';
import { type ResolvedEnvironment, requireUrl } from '../project/environment.js';
import { type BackupsApi, backupsApi } from './backups-api.js';
import { type DatabaseApi, databaseApi } from './database-api.js';
import { loadProjectEnvironment } from './load-project-environment.js';
import { type MigrateApi, migrateApi } from './migrate-api.js';
import { ProjectSession } from './project-session.js';
import { type SchemaApi, schemaApi } from './schema-api.js';

export interface ProjectOptions {
  /** Where the configuration is looked for, upwards from here, and relative paths start. Default: the working folder. */
  readonly folder?: string | undefined;
  /** Default: TIDEMARK_ENV, or what the configuration says. */
  readonly environment?: string | undefined;
  /** Another database than the environment's. */
  readonly url?: string | undefined;
  /** Another migrations folder than the environment's. */
  readonly migrations?: string | undefined;
}

/**
 * One environment of a project, with one session on its database that is opened when first needed. Calls that
 * are made at the same time work one after the other.
 */
export interface Project extends AsyncDisposable {
  readonly environment: ResolvedEnvironment;
  /** The database's address without its password. */
  readonly label: string;
  readonly migrate: MigrateApi;
  readonly schema: SchemaApi;
  readonly database: DatabaseApi;
  readonly backups: BackupsApi;
  /** The session, for statements of your own; it belongs to the project and is closed with it. */
  connection(): Promise<Connection>;
  /** Gives up what is at work (`aborted`), waits until it has ended, and ends the session. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens a project as the command line does: its configuration, `.env` and environment. Nothing is connected
 * yet. Throws TidemarkError when the configuration cannot be used or names no database.
 */
export async function openProject(options: ProjectOptions = {}): Promise<Project> {
  const { folder = process.cwd(), environment: name, url, migrations } = options;
  const environment = await loadProjectEnvironment({ folder, environment: name, url, migrations });
  const session = new ProjectSession(environment, requireUrl(environment));
  return {
    environment,
    label: session.label,
    migrate: migrateApi(session),
    schema: schemaApi(session),
    database: databaseApi(session),
    backups: backupsApi(session),
    connection: () => session.connection(),
    close: () => session.close(),
    [Symbol.asyncDispose]: () => session.close(),
  };
}
