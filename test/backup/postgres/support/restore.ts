import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CreateOptions, createBackup } from '../../../../src/backup/create-backup.js';
import type { OpenBackup } from '../../../../src/backup/open-backup.js';
import { databaseFolder } from '../../../../src/backup/part-name.js';
import { findClient } from '../../../../src/backup/postgres/find-client.js';
import { postgresBackup } from '../../../../src/backup/postgres/postgres-backup.js';
import type { PostgresRestoreOptions } from '../../../../src/backup/postgres/restore-options.js';
import { FolderStore } from '../../../../src/backup/store/folder-store.js';
import { storedBackup } from '../../../../src/backup/stored-backup.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../../../src/database/database-url.js';
import { quoteIdent } from '../../../../src/postgres/identifiers.js';
import { query, servers, type TestServer } from '../../../support/postgres-server.js';

export const find = { env: process.env };

/** The servers whose version the installed pg_dump reads. */
export async function dumpableServers(): Promise<TestServer[]> {
  const able = await Promise.all(
    servers().map(async (server) => {
      const client = await findClient('pg_dump', Number(server.name), find).catch(() => undefined);
      return client === undefined || (client.major >= 17 && Number(server.name) < 17) ? [] : [server];
    }),
  );
  const found = able.flat();
  if (found.length === 0) {
    const reason = 'no real PostgreSQL here that an installed pg_dump reads';
    if (process.env.CI === 'true') throw new Error(reason);
    console.warn(`restoring: skipped, ${reason}`);
  }
  return found;
}

/** A live database of its own, and a folder for its backups. */
export interface Site {
  readonly admin: string;
  readonly name: string;
  /** For the plain driver. */
  readonly url: string;
  readonly parsed: PostgresUrl;
  readonly root: string;
  at(database: string): string;
  backup(change?: Partial<CreateOptions>): Promise<OpenBackup>;
  options(change?: Partial<PostgresRestoreOptions>): PostgresRestoreOptions;
  /** Names of all databases that have to do with this one. */
  databases(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openSite(server: TestServer, seed: string, stem = 'site'): Promise<Site> {
  const admin = await server.adminUrl();
  const name = `${stem}_${randomBytes(4).toString('hex')}`;
  await query(admin, `CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0`);
  const at = (database: string) => {
    // Not encodeURIComponent: the plain driver does not take back all of that in a name.
    return admin.replace(/[^/]+$/, () => encodeURI(database));
  };
  const url = at(name);
  const read = parseDatabaseUrl(url);
  if (read.adapter !== 'server') throw new Error('not a server');
  const root = await mkdtemp(join(tmpdir(), 'tidemark-pg-restore-'));
  await query(url, seed);
  const databases = async () =>
    (
      await query(admin, 'SELECT datname::text AS name FROM pg_database WHERE strpos(datname, $1) = 1', [
        name,
      ])
    )
      .map((row) => String(row.name))
      .sort();
  return {
    admin,
    name,
    url,
    parsed: read,
    root,
    at,
    databases,
    async backup(change = {}) {
      const { manifest } = await createBackup(postgresBackup(read, find), {
        root,
        database: name,
        trigger: { kind: 'manual', migration: null },
        tags: [],
        pinned: false,
        encryption: undefined,
        jobs: undefined,
        excludeTableData: [],
        lockTimeoutMs: 5000,
        ...change,
      });
      return storedBackup(new FolderStore('local', root), manifest, { folder: databaseFolder(name) });
    },
    options: (change = {}) => ({ url: read, find, lockTimeoutMs: 5000, ...change }),
    async close() {
      for (const database of await databases())
        await query(admin, `DROP DATABASE IF EXISTS ${quoteIdent(database)} WITH (FORCE)`);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** What the database under the name holds: its users' names, in order, and whether it takes connections. */
export async function liveUsers(site: Site): Promise<string[]> {
  const rows = await query(site.url, 'SELECT name FROM users ORDER BY id');
  return rows.map((row) => String(row.name));
}
