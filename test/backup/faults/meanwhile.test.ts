import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBackup } from '../../../src/backup/create-backup.js';
import { postgresBackup } from '../../../src/backup/postgres/postgres-backup.js';
import { countTables } from '../../../src/backup/postgres/read-facts.js';
import { quoteIdent } from '../../../src/postgres/identifiers.js';
import { query } from '../../support/postgres-server.js';
import { dumpableServers, find, openSite, type Site } from '../postgres/support/restore.js';

/*
 * What others do while a backup is made: F10 (tables change or go), F12 (timeouts of the role), F18 (names), F20 (a
 * migration), F23 (another backup), F54 (whoever is told throws, or blocks the event loop).
 */

const SEED = `CREATE TABLE a (n int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, 500);
  CREATE TABLE b (n int); INSERT INTO b VALUES (1), (2);`;

const [server] = (await dumpableServers()).slice(-1);
describe.runIf(server !== undefined)('while a backup is made', () => {
  let site: Site;
  beforeEach(async () => {
    if (server === undefined) throw new Error('no server');
    site = await openSite(server, SEED);
  });
  afterEach(() => site.close());

  const rowsOf = async (backup: Awaited<ReturnType<Site['backup']>>) =>
    postgresBackup(site.parsed, find).rehearse(backup, {}, (restored) => countTables(restored));
  const options = (signal?: AbortSignal) => ({
    root: site.root,
    database: site.name,
    trigger: { kind: 'manual' as const, migration: null },
    tags: [],
    pinned: false,
    encryption: undefined,
    jobs: undefined,
    excludeTableData: [],
    lockTimeoutMs: 1500,
    signal,
  });

  test.each([
    ['changes', 'ALTER TABLE a ADD COLUMN late int'],
    ['goes', 'DROP TABLE a'],
    ['gets another in its place', 'ALTER TABLE a RENAME TO gone; CREATE TABLE a (other text)'],
  ])('a table that %s: the backup is the moment’s, or there is none; never half of each', async (_, ddl) => {
    let changed: Promise<unknown> = Promise.resolve();
    let backup: Awaited<ReturnType<Site['backup']>> | undefined;
    let error: unknown;
    try {
      backup = await site.backup({
        onEvent: (event) => {
          if (event.type === 'phase' && event.phase === 'dumping')
            changed = query(site.url, ddl).catch(() => {});
        },
      });
    } catch (failure) {
      error = failure;
    }
    await changed;
    if (backup === undefined) {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(?:client-failed|dump-failed|locked)$/) });
      const { readdirSync } = await import('node:fs');
      expect(readdirSync(`${site.root}/${site.name}`)).toEqual([]);
    } else {
      expect(await rowsOf(backup)).toEqual(backup.manifest.tables);
      expect(backup.manifest.tables).toMatchObject([
        { name: 'a', rows: 500 },
        { name: 'b', rows: 2 },
      ]);
    }
    // And the next one is of what is there now.
    const next = await site.backup();
    expect(await rowsOf(next)).toEqual(next.manifest.tables);
  });

  test('timeouts of the role are not the backup’s', async () => {
    const role = `quick_${Math.random().toString(36).slice(2, 10)}`;
    const owner = site.parsed;
    await query(
      site.url,
      `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'x';
      ALTER ROLE ${role} SET statement_timeout = '1ms'; ALTER ROLE ${role} SET lock_timeout = '1ms';
      ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '1ms'`,
    );
    try {
      const { Secret } = await import('../../../src/database/secret.js');
      const engine = postgresBackup({ ...owner, user: role, password: new Secret('x') }, find);
      const { manifest } = await createBackup(engine, options());
      expect(manifest.totals.rows).toBe(502);
    } finally {
      await query(site.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test('two at once follow one another, and both are whole', async () => {
    const both = await Promise.all([site.backup(), site.backup()]);
    expect(new Set(both.map(({ manifest }) => manifest.id)).size).toBe(2);
    for (const backup of both) expect(await rowsOf(backup)).toEqual(backup.manifest.tables);
  });

  test('a migration that runs is waited for, so long and not longer', async () => {
    const { connectPostgres } = await import('../../../src/database/postgres-server.js');
    const { migrationEngine } = await import('../../../src/migrations/engine.js');
    const session = await connectPostgres(site.parsed);
    try {
      const release = await (await migrationEngine(session)).lock(1000, () => {});
      await expect(createBackup(postgresBackup(site.parsed, find), options())).rejects.toThrow(
        expect.objectContaining({ code: expect.stringMatching(/lock/), exitCode: 4 }),
      );
      await release();
      const { manifest } = await createBackup(postgresBackup(site.parsed, find), options());
      expect(manifest.totals.rows).toBe(502);
    } finally {
      await session.close();
    }
  });

  test('whoever is told of progress and throws ends the backup, not the process; nothing is left', async () => {
    const work = site.backup({
      onEvent: () => {
        throw new Error('the host');
      },
    });
    await expect(work).rejects.toThrow('the host');
    const sessions = () =>
      query(site.admin, 'SELECT 1 FROM pg_stat_activity WHERE datname = $1', [site.name]);
    await expect.poll(sessions, { timeout: 5000 }).toEqual([]);
    expect((await site.backup()).manifest.totals.rows).toBe(502);
  });

  test('an event loop that stands still for seconds does no harm', async () => {
    const backup = await site.backup({
      onEvent: (event) => {
        if (event.type !== 'phase' || event.phase !== 'dumping') return;
        const end = Date.now() + 2500;
        while (Date.now() < end);
      },
    });
    expect(await rowsOf(backup)).toEqual(backup.manifest.tables);
  });
});

describe.runIf(server !== undefined)('names that lead elsewhere', () => {
  test.each([`we"ird; rm -rf x'/../é`, '../up', '.hidden', 'with space', '-rf', 'a\\b', '%2e%2e'])(
    '%s',
    async (stem) => {
      if (server === undefined) throw new Error('no server');
      const admin = await server.adminUrl();
      const name = `${stem}_${Math.random().toString(36).slice(2, 8)}`;
      const table = `t ${stem}\nx`;
      await query(admin, `CREATE DATABASE ${quoteIdent(name)} TEMPLATE template0`);
      const { mkdtemp, readdir, rm } = await import('node:fs/promises');
      const { tmpdir } = await import('node:os');
      const { join } = await import('node:path');
      const { parseDatabaseUrl } = await import('../../../src/database/database-url.js');
      const outer = await mkdtemp(join(tmpdir(), 'tidemark-names-'));
      const root = join(outer, 'backups');
      try {
        const read = parseDatabaseUrl(admin);
        if (read.adapter !== 'server') throw new Error('not a server');
        const url = { ...read, database: name };
        const at = new URL(admin);
        const client = new Client({
          host: at.hostname,
          port: Number(at.port),
          user: decodeURIComponent(at.username),
          password: decodeURIComponent(at.password),
          database: name,
        });
        await client.connect();
        await client.query(`CREATE SCHEMA ${quoteIdent(stem)}; CREATE TABLE ${quoteIdent(stem)}.${quoteIdent(table)} (n int);
        INSERT INTO ${quoteIdent(stem)}.${quoteIdent(table)} VALUES (1)`);
        await client.end();
        const { manifest, path } = await createBackup(postgresBackup(url, find), {
          root,
          database: name,
          trigger: { kind: 'manual', migration: null },
          tags: [],
          pinned: false,
          encryption: undefined,
          jobs: undefined,
          excludeTableData: [],
          lockTimeoutMs: 5000,
        });
        expect(manifest.database).toBe(name);
        expect(manifest.tables).toEqual([{ schema: stem, name: table, rows: 1 }]);
        expect(await readdir(outer)).toEqual(['backups']);
        const [folder = '', ...others] = await readdir(root);
        expect(others).toEqual([]);
        expect(folder).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]*$/);
        expect(path).toBe(join(root, folder, manifest.id));
        // Without the rows of that table, and of no other.
        const without = await createBackup(postgresBackup(url, find), {
          root,
          database: name,
          trigger: { kind: 'manual', migration: null },
          tags: [],
          pinned: false,
          encryption: undefined,
          jobs: undefined,
          excludeTableData: [`${stem}.*`],
          lockTimeoutMs: 5000,
        });
        expect(without.manifest.tables).toEqual([{ schema: stem, name: table, rows: null }]);
      } finally {
        await query(admin, `DROP DATABASE ${quoteIdent(name)} WITH (FORCE)`);
        await rm(outer, { recursive: true, force: true });
      }
    },
  );
});
