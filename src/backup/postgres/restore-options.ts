import type { PostgresUrl } from '../../database/database-url.js';
import { TidemarkError } from '../../errors.js';
import type { BackupRun } from '../events.js';
import type { FindOptions } from './find-client.js';

export interface PostgresRestoreOptions extends BackupRun {
  /** The live database, also when it is not there any more. */
  readonly url: PostgresUrl;
  readonly find: FindOptions;
  /** Restores into a new database of this name, and leaves the live one alone. */
  readonly toDatabase?: string | undefined;
  /** Only these, `schema.table` or `table`, into a schema of their own beside the live ones. */
  readonly tables?: readonly string[] | undefined;
  /** Only the tables of these schemas, likewise. */
  readonly schemas?: readonly string[] | undefined;
  /** Over the live database, in one transaction: for who may not create databases. */
  readonly inPlace?: boolean | undefined;
  /** Keeps what was live before, for `undoRestore`. Default: true. */
  readonly keepOld?: boolean | undefined;
  /** Makes the roles that the server lacks, without the right to log in. */
  readonly createRoles?: boolean | undefined;
  /** Sessions that restore at once. Default: as many as dumped. */
  readonly jobs?: number | undefined;
  /** Makes a backup of what is there, and gives its id. Called when all else was checked, before anything is made. */
  readonly createBefore?: (() => Promise<string>) | undefined;
  /** How long to wait for another restore, a migration, or sessions to end, in milliseconds. */
  readonly lockTimeoutMs: number;
}

/**
 * - `swap`: beside the live database, then under its name
 * - `new-database`: as `toDatabase` says
 * - `in-place`: over the live database
 * - `selection`: tables into a schema beside
 */
export type RestoreMode = 'swap' | 'new-database' | 'in-place' | 'selection';

/** What the options ask for. Throws TidemarkError `restore-options` (exit code 2) where they ask for several things. */
export function restoreMode({ toDatabase, tables, schemas, inPlace }: PostgresRestoreOptions): RestoreMode {
  const modes: RestoreMode[] = [
    ...((tables?.length ?? 0) + (schemas?.length ?? 0) > 0 ? (['selection'] as const) : []),
    ...(inPlace ? (['in-place'] as const) : []),
    ...(toDatabase === undefined ? [] : (['new-database'] as const)),
  ];
  if (modes.length > 1)
    throw new TidemarkError(
      'restore-options',
      'some tables only, in place, and to another database exclude each other',
      {
        exitCode: 2,
        hints: ['Choose one. To get a table alone, it comes back in a schema beside the live one.'],
      },
    );
  return modes[0] ?? 'swap';
}

/** A session of the live database, as the swap would end it. */
export interface LiveSession {
  readonly pid: number;
  readonly user: string;
  readonly application: string | undefined;
  readonly client: string | undefined;
  readonly state: string | undefined;
  /** Since when it is in a transaction. */
  readonly transactionSince: string | undefined;
}

/** What came of a restore. */
export interface PostgresRestored {
  readonly mode: RestoreMode;
  /** The database that holds it now. */
  readonly database: string;
  /** What was live before, where it is kept. */
  readonly kept: string | undefined;
  /** The id of the backup that was made of it. */
  readonly before: string | undefined;
  /** With `tables` or `schemas`: where each of them lies now. */
  readonly tables: readonly RestoredTable[];
  /** The revisions that the backup's migrations are at; empty without any. */
  readonly heads: readonly string[];
  /** What killed restores had left, and what became of it, as sentences. */
  readonly recovered: readonly string[];
  /** What to know, as sentences. */
  readonly notes: readonly string[];
  /** How many sessions the swap ended. */
  readonly endedSessions: number;
  /** Until all was there and compared, and how long connections were held off, in milliseconds. */
  readonly restoreMs: number;
  readonly swapMs: number;
}

export interface RestoredTable {
  readonly schema: string;
  readonly name: string;
  /** The schema that its copy lies in, under the same name. */
  readonly restoredSchema: string;
  readonly rows: number;
}
