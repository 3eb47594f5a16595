import type { Connection } from '../database/connection.js';
import type { MigrationFolder } from '../migrations/folder.js';
import type { Position } from '../migrations/status.js';
import type { Context } from './context.js';

/** The environment's migrations and where its database is among them. Looking makes nothing. */
export async function lookAtTarget(context: Context): Promise<{
  readonly connection: Connection;
  readonly folder: MigrationFolder;
  readonly position: Position;
}> {
  let connection: Connection;
  try {
    connection = await context.openTarget('empty');
  } catch (error) {
    // A mistyped folder is told first, as everywhere.
    await context.migrations();
    throw error;
  }
  const { readFolderAndPosition } = await import('../migrations/status.js');
  return { connection, ...(await readFolderAndPosition(connection, () => context.migrations())) };
}
