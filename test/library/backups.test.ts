import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BackupEvent, type BackupScheduleEvent, openProject, type Project } from '../../src/index.js';
import { dumpableServers } from '../backup/postgres/support/restore.js';
import { query, withDatabase } from '../support/postgres-server.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-library-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function withProject<T>(
  url: string,
  backup: object,
  work: (project: Project) => Promise<T>,
): Promise<T> {
  const config = { environments: { local: { url, backup } } };
  writeFileSync(join(folder, 'tidemark.config.json'), JSON.stringify(config));
  const project = await openProject({ folder });
  try {
    return await work(project);
  } finally {
    await project.close();
  }
}

const offsite = { destinations: { offsite: { type: 'folder', path: './offsite' } } };
const names = async (project: Project) =>
  (await (await project.connection()).query<{ name: string }>('SELECT name FROM users ORDER BY id')).map(
    ({ name }) => name,
  );
const fill = async (project: Project) =>
  (await project.connection()).executeAll([
    'CREATE TABLE users (id integer PRIMARY KEY, name text)',
    "INSERT INTO users VALUES (1, 'a'), (2, 'b')",
  ]);

describe.each([
  ['SQLite', 'sqlite:app.db'],
  ['embedded PostgreSQL', 'pglite:data'],
])('project.backups on %s', (_, url) => {
  test('from the first backup to the restore and back, with a session of the application open', () =>
    withProject(url, offsite, async (project) => {
      await fill(project);
      const events: BackupEvent[] = [];
      const made = await project.backups.create({
        upload: true,
        tags: ['x'],
        onEvent: (event) => events.push(event),
      });
      expect(made).toMatchObject({ rows: 2, tables: 1, tags: ['x'], sent: [{ place: 'offsite' }] });
      expect(events.some(({ type }) => type === 'phase')).toBe(true);
      expect(await project.backups.list()).toMatchObject({
        total: 1,
        backups: [{ id: made.id, state: 'complete' }],
      });
      expect(await project.backups.show('latest')).toMatchObject({
        id: made.id,
        manifest: { tables: [{ rows: 2 }] },
      });
      expect(await project.backups.verify('latest', { level: 3 })).toMatchObject({ ok: true, rows: 2 });
      expect(await project.backups.status()).toMatchObject({ verdict: 'ok', lastProven: { id: made.id } });
      const connection = await project.connection();
      await connection.executeAll(['DELETE FROM users']);
      expect(await project.backups.restore('latest')).toMatchObject({ id: made.id, mode: 'swap' });
      expect(await names(project)).toEqual(['a', 'b']);
      expect(await connection.query('SELECT id FROM users')).toHaveLength(2);
      expect(await project.backups.repairRestore()).toMatchObject({ notes: [] });
      await project.backups.undoRestore();
      expect(await names(project)).toEqual([]);
      expect(await project.backups.status()).toMatchObject({ kept: null, last: { id: made.id } });
      expect(await project.backups.status({ kept: true })).toMatchObject({
        kept: [{ name: expect.stringContaining('.undone-'), backup: made.id }],
        halfRestored: [],
      });
      const { tables } = await project.backups.restore(made.id, { tables: ['users'] });
      expect(tables).toMatchObject([{ table: 'users', rows: 2 }]);
      const copy = await (await project.connection()).query('SELECT name FROM users_restored ORDER BY id');
      expect(copy).toEqual([{ name: 'a' }, { name: 'b' }]);
      expect(await names(project)).toEqual([]);
      expect(await project.backups.pin(made.id)).toMatchObject({
        pinned: true,
        places: ['local', 'offsite'],
      });
      expect(await project.backups.unpin(made.id)).toMatchObject({ pinned: false });
      const pruned = await project.backups.prune({ dryRun: true, retention: { keepDays: 1 } });
      expect(pruned.places.map(({ place }) => place)).toEqual(['local', 'offsite']);
    }));
});

test('a call that is given up ends with aborted and leaves nothing; the next one works', () =>
  withProject('sqlite:app.db', {}, async (project) => {
    await fill(project);
    const stop = new AbortController();
    const given = project.backups.create({
      signal: stop.signal,
      onEvent: () => stop.abort(new Error('the user left')),
    });
    await expect(given).rejects.toMatchObject({ code: 'aborted' });
    expect(await project.backups.list()).toMatchObject({ total: 0 });
    expect(await project.backups.create()).toMatchObject({ rows: 2 });
  }));

test('what a hook throws, in the application’s listener of a schedule, ends nothing', () =>
  withProject('sqlite:app.db', {}, async (project) => {
    await fill(project);
    const schedule = await project.backups.schedule({
      once: true,
      onEvent: () => {
        throw new Error('a listener that is badly written');
      },
    });
    expect(await schedule.done).toEqual({ backups: 1, failures: 0 });
  }));

describe('project.backups.schedule', () => {
  test('backs up at its interval, prunes, proves, and ends when it is stopped', () =>
    withProject('sqlite:app.db', offsite, async (project) => {
      await fill(project);
      const told: string[] = [];
      let made = 0;
      let all = () => {};
      const enough = new Promise<void>((resolve) => {
        all = resolve;
      });
      const schedule = await project.backups.schedule({
        interval: '1s',
        verifyInterval: '1s',
        onEvent: (event: BackupScheduleEvent) => {
          if (event.type !== 'progress') told.push(event.type);
          if (event.type === 'backup-made') made += 1;
          const others = told.includes('pruned') && told.includes('verified');
          if (made >= 3 && others) all();
        },
      });
      await enough;
      const end = await schedule.stop();
      expect(end).toMatchObject({ failures: 0 });
      expect(end.backups).toBeGreaterThanOrEqual(3);
      expect(told[0]).toBe('backup-made');
      expect(told).toContain('pruned');
      expect(told).toContain('verified');
      const { backups } = await project.backups.list();
      expect(backups.every(({ state, trigger }) => state === 'complete' && trigger === 'schedule')).toBe(
        true,
      );
      expect(readdirSync(join(folder, 'backups')).length).toBe(1);
    }));

  test('four of them make one backup between them', () =>
    withProject('sqlite:app.db', {}, async (project) => {
      await fill(project);
      const other = await openProject({ folder });
      try {
        const schedules = await Promise.all(
          [project, other, project, other].map((one) => one.backups.schedule({ interval: '1h' })),
        );
        // Those that ask in the same moment all stand back, and ask again a few seconds later.
        await expect.poll(async () => (await project.backups.list()).total, { timeout: 40_000 }).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const ends = await Promise.all(schedules.map((schedule) => schedule.stop()));
        expect(ends.reduce((sum, { backups }) => sum + backups, 0)).toBe(1);
        expect(await project.backups.list()).toMatchObject({ total: 1 });
      } finally {
        await other.close();
      }
    }));

  test('closing the project ends it; settings that cannot be are told at once', async () => {
    const schedule = await withProject('sqlite:app.db', {}, async (project) => {
      await fill(project);
      await expect(project.backups.schedule({ cron: 'nonsense' })).rejects.toMatchObject({
        code: 'cron-invalid',
      });
      return project.backups.schedule({ interval: '1h' });
    });
    expect(await schedule.done).toMatchObject({ failures: 0 });
    const leftovers = existsSync(join(folder, 'backups'))
      ? readdirSync(join(folder, 'backups'), { recursive: true, encoding: 'utf8' }).filter((name) =>
          /\.(?:partial|use)-/.test(name),
        )
      : [];
    expect(leftovers).toEqual([]);
  });

  test('a database that is away is a failure that is told, not an error of the application', () =>
    withProject('sqlite:nowhere/app.db', {}, async (project) => {
      const told: BackupScheduleEvent[] = [];
      const schedule = await project.backups.schedule({ once: true, onEvent: (event) => told.push(event) });
      expect(await schedule.done).toEqual({ backups: 0, failures: 1 });
      expect(told).toMatchObject([{ type: 'failed', part: 'backup', retryMs: 60_000 }]);
    }));
});

for (const server of (await dumpableServers()).slice(-1)) {
  describe(`project.backups on PostgreSQL ${server.name}`, () => {
    test(
      'backs up and restores; the application’s session works with the restored one',
      () =>
        withDatabase(server, (url) =>
          withProject(url, {}, async (project) => {
            await fill(project);
            const { id } = await project.backups.create({ verify: 3 });
            await (await project.connection()).executeAll(['DELETE FROM users']);
            const restored = await project.backups.restore(id);
            expect(restored).toMatchObject({
              id,
              mode: 'swap',
              before: expect.any(String),
              kept: expect.any(String),
            });
            expect(await names(project)).toEqual(['a', 'b']);
            const undone = await project.backups.undoRestore();
            expect(await names(project)).toEqual([]);
            const admin = await server.adminUrl();
            if (undone.kept !== null) await query(admin, `DROP DATABASE "${undone.kept}" WITH (FORCE)`);
          }),
        ),
      60_000,
    );
  });
}
