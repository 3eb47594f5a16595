import { basename } from 'node:path';
import type { Connection } from '../database/connection.js';
import type { DatabaseUrl } from '../database/database-url.js';
import type { PlanOptions } from '../planning/plan-between.js';
import type { SnapshotPlace } from '../planning/take-snapshot.js';
import type { ResolvedEnvironment } from '../project/environment.js';
import { ProjectConnection } from './project-connection.js';

/** Where an environment's snapshots are, and what they are of. */
export async function snapshotPlace(
  { name: environment, snapshots: folder }: Pick<ResolvedEnvironment, 'name' | 'snapshots'>,
  url: DatabaseUrl,
  session: Connection,
): Promise<SnapshotPlace> {
  return { folder, environment, database: await nameOf(url, session) };
}

async function nameOf(url: DatabaseUrl, session: Connection): Promise<string> {
  if (url.adapter !== 'server') return url.path === undefined ? 'memory' : basename(url.path);
  const [row] = await session.query<{ name: string }>('SELECT pg_catalog.current_database()::text AS name');
  if (row === undefined) throw new Error('a SELECT without FROM gave no row');
  return row.name;
}

/** Opens the database of a session as this session: an embedded one has no other. */
export function throughSession(session: Connection): PlanOptions['open'] {
  return async () =>
    new ProjectConnection(session, { run: (work) => work(session), close: async () => undefined });
}
