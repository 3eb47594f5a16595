import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import type { DevDatabase } from '../../src/database/dev-database.js';
import { openEmbeddedDev } from '../../src/database/embedded-dev-database.js';
import { connectPostgres } from '../../src/database/postgres-server.js';
import { connectSqlite } from '../../src/database/sqlite-connection.js';
import { sqliteDevDatabase } from '../../src/database/sqlite-dev-database.js';
import { migrationEngine } from '../../src/migrations/engine.js';
import { readMigrationFolder } from '../../src/migrations/folder.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { rewriteFolder } from '../../src/migrations/rewrite-folder.js';
import { migrateStamp } from '../../src/migrations/stamp.js';
import { migrationStatus } from '../../src/migrations/status.js';
import { planSquash } from '../../src/planning/squash-migrations.js';
import { Workbench } from '../../src/planning/workbench.js';
import { postgresDialect } from '../../src/postgres/dialect.js';
import type { Dialect } from '../../src/schema/dialect.js';
import { diffSchemas } from '../../src/schema/diff.js';
import type { Schema } from '../../src/schema/object.js';
import { sqliteDialect } from '../../src/sqlite/dialect.js';
import { filesIn, writeMigrationFiles } from '../support/migration-files.js';
import { freshDatabase, servers } from '../support/postgres-server.js';

/** Five migrations; the squash is made of the second to the fourth, which also change a table of the first. */
const FILES = {
  '1_users.sql': 'CREATE TABLE users (id int PRIMARY KEY);',
  '1_users.down.sql': 'DROP TABLE users;',
  '2_nick.sql': 'ALTER TABLE users ADD COLUMN nick text;',
  '2_nick.down.sql': 'ALTER TABLE users DROP COLUMN nick;',
  '3_posts.sql':
    'CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users (id));\nCREATE INDEX posts_author ON posts (author);',
  '3_posts.down.sql': 'DROP TABLE posts;',
  '4_titles.sql': 'CREATE VIEW titles AS SELECT id, nick FROM users;',
  '4_titles.down.sql': 'DROP VIEW titles;',
  '5_tags.sql': 'CREATE TABLE tags (post int REFERENCES posts (id), word text);',
  '5_tags.down.sql': 'DROP TABLE tags;',
};

interface Engine {
  readonly name: string;
  readonly dialect: Dialect;
  openDev(): DevDatabase | Promise<DevDatabase>;
  /** A database with nothing in it. */
  open(): Promise<{ readonly connection: Connection; readonly drop: () => Promise<void> }>;
}

const [server] = servers().slice(-1);
const engines: Engine[] = [
  {
    name: 'SQLite',
    dialect: sqliteDialect,
    openDev: sqliteDevDatabase,
    open: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-squash-'));
      const url = parseDatabaseUrl(`sqlite:${join(folder, 'app.db')}`, { folder, env: {} });
      if (url.adapter !== 'sqlite') throw new Error('no SQLite');
      const connection = await connectSqlite(url);
      return {
        connection,
        drop: async () => {
          await connection.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  },
  ...(server === undefined
    ? []
    : [
        {
          name: `PostgreSQL ${server.name}`,
          dialect: postgresDialect,
          openDev: openEmbeddedDev,
          open: async () => {
            const { url, drop } = await freshDatabase(server);
            const parsed = parseDatabaseUrl(url, { folder: tmpdir(), env: {} });
            if (parsed.adapter !== 'server') throw new Error('no server');
            const connection = await connectPostgres(parsed);
            return { connection, drop: () => connection.close().then(drop) };
          },
        },
      ]),
];

describe.each(engines)('databases and a squash on $name', ({ dialect, openDev, open }) => {
  let dev: DevDatabase;
  let folder: string;
  let originals: string;
  const drops: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    dev = await openDev();
  });
  afterAll(() => dev.close());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-squash-'));
    process.env.TIDEMARK_CACHE_DIR = join(folder, 'cache');
    originals = join(folder, 'originals');
    await writeMigrationFiles(originals, FILES);
  });
  afterEach(async () => {
    for (const drop of drops.splice(0)) await drop();
    delete process.env.TIDEMARK_CACHE_DIR;
    rmSync(folder, { recursive: true, force: true });
  });

  const database = async (): Promise<Connection> => {
    const { connection, drop } = await open();
    drops.push(drop);
    return connection;
  };
  /** The migrations with their middle squashed, in a folder of their own. */
  const squashed = async (
    range = '2:4',
    files: Record<string, string> = FILES,
    keepStatements = false,
  ): Promise<string> => {
    const path = join(folder, 'migrations');
    await writeMigrationFiles(path, files);
    const bench = new Workbench({
      dialect,
      openDev: async () => ({
        label: dev.label,
        fingerprint: dev.fingerprint,
        engineVersion: dev.engineVersion,
        scratch: (work, options) => dev.scratch(work, options),
        close: async () => undefined,
      }),
    });
    const planned = await planSquash(bench, {
      folder: await readMigrationFolder(path),
      range,
      name: 'middle',
      keepStatements,
      plan: { open: () => Promise.reject(new Error('no database is named here')) },
    });
    await rewriteFolder(path, planned.changes);
    return path;
  };
  const up = async (connection: Connection, path: string, target?: string) =>
    migrateUp(connection, await readMigrationFolder(path), dialect, { target });
  const down = async (connection: Connection, path: string, target: string) =>
    migrateDown(connection, await readMigrationFolder(path), dialect, { target });
  const history = async (connection: Connection): Promise<string[]> =>
    (await (await migrationEngine(connection)).history.read()).revisions.map(({ revision }) => revision);
  const schema = (connection: Connection): Promise<Schema> => dialect.readSchema(connection);
  const same = (one: Schema, other: Schema): void => expect(diffSchemas(one, other, dialect)).toEqual([]);

  it('moves the originals aside, and writes no other file', async () => {
    const path = await squashed();
    const files = filesIn(path);
    expect(Object.keys(files)).toEqual([
      '1_users.down.sql',
      '1_users.sql',
      '4.1_middle.down.sql',
      '4.1_middle.sql',
      '5_tags.down.sql',
      '5_tags.sql',
      'squashed/2_nick.down.sql',
      'squashed/2_nick.sql',
      'squashed/3_posts.down.sql',
      'squashed/3_posts.sql',
      'squashed/4_titles.down.sql',
      'squashed/4_titles.sql',
      'tidemark.sum',
    ]);
    for (const [name, text] of Object.entries(FILES)) {
      expect(files[name] ?? files[`squashed/${name}`]).toBe(text);
    }
    expect(files['4.1_middle.sql']).toMatch(/^-- tidemark:replaces 2 3 4\n/);
  });

  const [SQUASHED, UNSQUASHED] = [
    ['1', '4.1', '5'],
    ['1', '2', '3', '4', '5'],
  ];
  it.each([
    ['at base', undefined, SQUASHED],
    ['before it', '1_users', SQUASHED],
    ['in the middle', '2_nick', UNSQUASHED],
    ['further in the middle', '3_posts', UNSQUASHED],
    ['after it', '4_titles', UNSQUASHED],
    ['beyond it', '5_tags', UNSQUASHED],
  ])('a database %s goes on, up and down', async (_, at, expected) => {
    const reference = await database();
    const empty = await schema(reference);
    await up(reference, originals);
    const wanted = await schema(reference);
    const connection = await database();
    const name = at?.slice(2);
    if (name !== undefined) await up(connection, originals, name);
    const path = await squashed();

    const before = await migrationStatus(connection, await readMigrationFolder(path));
    expect(before.problems).toEqual([]);
    expect(before.pending).toBe(expected.length - (at === undefined ? 0 : Number(at[0])));
    await up(connection, path);
    same(await schema(connection), wanted);
    expect(await history(connection)).toEqual(expected);
    const status = await migrationStatus(connection, await readMigrationFolder(path));
    expect(status).toMatchObject({ problems: [], pending: 0, current: ['5'] });

    await down(connection, path, 'users');
    await up(reference, originals);
    await down(reference, originals, 'users');
    same(await schema(connection), await schema(reference));
    expect(await history(connection)).toEqual(['1']);
    await down(connection, path, 'base');
    same(await schema(connection), empty);
    await up(connection, path);
    same(await schema(connection), wanted);
    expect(await history(connection)).toEqual(SQUASHED);
  });

  it('an original that is named is gone to exactly, where the squash is not applied', async () => {
    const path = await squashed();
    const [one, two] = [await database(), await database()];
    await up(one, path, 'posts');
    await up(two, originals, 'posts');
    same(await schema(one), await schema(two));
    expect(await history(one)).toEqual(['1', '2', '3']);
    await up(one, path);
    expect(await history(one)).toEqual(UNSQUASHED);
    const three = await database();
    await up(three, path);
    expect((await down(three, path, 'middle')).after).toEqual(['4.1']);
  });

  it('a stamp and a baseline take an original for what it is', async () => {
    const path = await squashed();
    const stamped = await database();
    await migrateStamp(stamped, await readMigrationFolder(path), dialect, { targets: ['nick'] });
    expect(await history(stamped)).toEqual(['1', '2']);
    const adopted = await database();
    for (const file of ['1_users.sql', '2_nick.sql'] as const) await adopted.executeAll([FILES[file]]);
    await migrateUp(adopted, await readMigrationFolder(path), dialect, {
      baseline: 'nick',
      allowDirty: true,
    });
    expect(await history(adopted)).toEqual(UNSQUASHED);
    await migrateStamp(stamped, await readMigrationFolder(path), dialect, {
      targets: ['middle'],
      purge: true,
    });
    expect(await history(stamped)).toEqual(['1', '4.1']);
  });

  it('an original that was edited or lost is noticed', async () => {
    const path = await squashed();
    const connection = await database();
    await up(connection, originals, 'nick');
    rmSync(join(path, 'squashed/3_posts.sql'));
    await expect(up(connection, path)).rejects.toMatchObject({ code: 'migration-orphan-down' });
    rmSync(join(path, 'squashed/3_posts.down.sql'));
    await expect(up(connection, path)).rejects.toMatchObject({
      code: 'sum-mismatch',
      message: expect.stringContaining('listed but gone: squashed/3_posts.down.sql, squashed/3_posts.sql'),
    });
    await writeMigrationFiles(path, {
      'squashed/2_nick.sql': 'ALTER TABLE users ADD COLUMN nick varchar;',
      'squashed/3_posts.sql': FILES['3_posts.sql'],
    });
    await expect(up(connection, path)).rejects.toMatchObject({ code: 'history-edited' });
  });

  it('goes on without the originals where all of them are applied, and says what is wrong where some are', async () => {
    const path = await squashed();
    const [whole, part, none] = [await database(), await database(), await database()];
    await up(whole, originals, 'titles');
    await up(part, originals, 'posts');
    rmSync(join(path, 'squashed'), { recursive: true });
    await hashFolder(path);

    await up(whole, path);
    expect(await history(whole)).toEqual(UNSQUASHED);
    const status = await migrationStatus(whole, await readMigrationFolder(path));
    expect(status).toMatchObject({ problems: [], pending: 0 });
    await up(none, path);
    same(await schema(none), await schema(whole));

    const refused = await up(part, path).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'squash-torn',
      message:
        'the database has 2, 3 of what 4.1_middle.sql was made of, and the files of the rest are gone: 4',
    });
    expect(await history(part)).toEqual(['1', '2', '3']);
    expect((await migrationStatus(part, await readMigrationFolder(path))).problems).toMatchObject([
      { code: 'squash-torn' },
    ]);

    // The texts kept in the database lead down, and then the squash runs.
    await down(whole, path, 'users');
    expect(await history(whole)).toEqual(['1']);
    await down(part, path, 'users');
    await up(part, path);
    expect(await history(part)).toEqual(SQUASHED);
    same(await schema(part), await schema(none));
  });

  it('a squash of a squash', async () => {
    const [inside, squashOnly, fresh, wanted] = [
      await database(),
      await database(),
      await database(),
      await database(),
    ];
    await up(inside, originals, 'nick');
    await up(wanted, originals);
    const path = await squashed();
    await up(squashOnly, path, 'middle');
    const once = filesIn(path);
    const again = await squashed('4.1:5', once);
    expect(Object.keys(filesIn(again)).filter((file) => !file.includes('down'))).toEqual([
      '1_users.sql',
      '5.1_middle.sql',
      'squashed/2_nick.sql',
      'squashed/3_posts.sql',
      'squashed/4.1_middle.sql',
      'squashed/4_titles.sql',
      'squashed/5_tags.sql',
      'tidemark.sum',
    ]);
    for (const connection of [inside, squashOnly, fresh]) {
      await up(connection, again);
      same(await schema(connection), await schema(wanted));
    }
    expect(await history(inside)).toEqual(UNSQUASHED);
    expect(await history(squashOnly)).toEqual(SQUASHED);
    expect(await history(fresh)).toEqual(['1', '5.1']);
    for (const connection of [inside, squashOnly, fresh]) {
      await down(connection, again, 'base');
      await up(connection, again);
      expect(await history(connection)).toEqual(['1', '5.1']);
    }
  });

  it('leaves in the rows that were there what the originals leave', async () => {
    const files = { ...FILES, '2_nick.sql': "ALTER TABLE users ADD COLUMN nick text NOT NULL DEFAULT 'x';" };
    await writeMigrationFiles(originals, files);
    const path = await squashed('2:4', files);
    const rows = [];
    for (const migrations of [originals, path]) {
      const connection = await database();
      await up(connection, migrations, 'users');
      await connection.executeAll(['INSERT INTO users (id) VALUES (1)', 'INSERT INTO users (id) VALUES (2)']);
      await up(connection, migrations);
      rows.push(await connection.query('SELECT id, nick FROM users ORDER BY id'));
      await down(connection, migrations, 'users');
      expect(await connection.query('SELECT id FROM users ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
    }
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[0]).toEqual([
      { id: 1, nick: 'x' },
      { id: 2, nick: 'x' },
    ]);
  });

  it('keeps the rows that statements make, in both directions', async () => {
    const files = {
      ...FILES,
      '2_nick.sql': `${FILES['2_nick.sql']}\nINSERT INTO users (id, nick) VALUES (1, 'a;b') -- the first`,
      '2_nick.down.sql': `DELETE FROM users WHERE id = 1;\n${FILES['2_nick.down.sql']}`,
      '3_posts.sql': `-- tidemark:ignore add-index it is new\n${FILES['3_posts.sql']}`,
    };
    await expect(squashed('2:4', files)).rejects.toMatchObject({
      code: 'squash-refused',
      exitCode: 4,
      excerpt: expect.stringContaining('2_nick.sql:2: INSERT INTO users'),
    });
    expect(Object.keys(filesIn(join(folder, 'migrations')))).not.toContain('4.1_middle.sql');
    const path = await squashed('2:4', files, true);
    const text = filesIn(path)['4.1_middle.sql'] ?? '';
    expect(text).toContain('-- tidemark:ignore add-index it is new\n');
    const connection = await database();
    await up(connection, path);
    expect(await connection.query('SELECT nick FROM users')).toEqual([{ nick: 'a;b' }]);
    await down(connection, path, 'users');
    expect(await connection.query('SELECT * FROM users')).toEqual([]);
  });
});
