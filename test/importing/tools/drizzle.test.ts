import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/drizzle.js';
import { describeEachServer } from '../../support/postgres-server.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
} from '../support/import-scenario.js';

let project: Project;
afterEach(() => project?.remove());

const read = (files: Record<string, string>, engine: 'postgres' | 'sqlite' = 'sqlite') => {
  project = makeProject(files);
  return importer.read(project.folder, { engine, env: {} });
};

// Written by drizzle-kit 0.31.11 (`generate`), from a schema of two tables.
const KIT_0_31 = {
  'drizzle/meta/_journal.json': `{
  "version": "7",
  "dialect": "sqlite",
  "entries": [
    {
      "idx": 0,
      "version": "6",
      "when": 1795180006866,
      "tag": "0000_first",
      "breakpoints": true
    },
    {
      "idx": 1,
      "version": "6",
      "when": 1795180007194,
      "tag": "0001_second",
      "breakpoints": true
    }
  ]
}`,
  'drizzle/0000_first.sql':
    'CREATE TABLE `users` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`email` text NOT NULL\n);\n--> statement-breakpoint\nCREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);--> statement-breakpoint\nCREATE INDEX `e` ON `users` (`email`);',
  'drizzle/0001_second.sql':
    'CREATE TABLE `posts` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`u` integer,\n\tFOREIGN KEY (`u`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action\n);\n',
};

// The same schema by drizzle-kit 1.0.0-rc.5, both generated within one second.
const KIT_1_0 = {
  'drizzle/20261120130840_first/migration.sql':
    'CREATE TABLE `users` (\n\t`id` integer PRIMARY KEY,\n\t`email` text NOT NULL UNIQUE\n);\n--> statement-breakpoint\nCREATE INDEX `e` ON `users` (`email`);',
  'drizzle/20261120130840_first/snapshot.json': '{ "version": "7", "dialect": "sqlite" }',
  'drizzle/20261120130840_second/migration.sql':
    'CREATE TABLE `posts` (\n\t`id` integer PRIMARY KEY,\n\t`u` integer,\n\tCONSTRAINT `fk_posts_u_users_id_fk` FOREIGN KEY (`u`) REFERENCES `users`(`id`)\n);\n',
  'drizzle/20261120130840_second/snapshot.json': '{ "version": "7", "dialect": "sqlite" }',
};

const journal = (dialect: string, tags: readonly string[]) =>
  JSON.stringify({
    version: '7',
    dialect,
    entries: tags.map((tag, idx) => ({ idx, version: '7', when: 1000 * (idx + 1), tag, breakpoints: true })),
  });

describe('files', () => {
  test('of drizzle-kit 0.31: the journal says which and in what order', async () => {
    const { revisions } = await read({ ...KIT_0_31, 'drizzle/0002_stray.sql': 'SELECT 1;' });
    expect(revisions.map(({ id, name, key }) => [id, name, key])).toEqual([
      ['0000', 'first', '0000_first@1795180006866'],
      ['0001', 'second', '0001_second@1795180007194'],
    ]);
    expect(revisions[0]!.up).toBe(
      'CREATE TABLE `users` (\n\t`id` integer PRIMARY KEY NOT NULL,\n\t`email` text NOT NULL\n);\nCREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);\nCREATE INDEX `e` ON `users` (`email`);\n',
    );
  });

  test('of drizzle-kit 1.0: a folder each, whole names where a second had two', async () => {
    const { revisions } = await read(KIT_1_0);
    expect(revisions.map(({ id, name, key }) => [id, name, key])).toEqual([
      ['20261120130840_first', 'first', `20261120130840_first@${Date.UTC(2026, 10, 20, 13, 8, 40)}`],
      ['20261120130840_second', 'second', `20261120130840_second@${Date.UTC(2026, 10, 20, 13, 8, 40)}`],
    ]);
  });

  test('a statement before a breakpoint may lack its semicolon', async () => {
    const { revisions } = await read({
      'meta/_journal.json': journal('sqlite', ['0000_x']),
      '0000_x.sql': "SELECT ';' -- last;\n--> statement-breakpoint\nSELECT 2",
    });
    expect(revisions[0]!.up).toBe("SELECT ';'; -- last;\nSELECT 2;\n");
  });

  test.each([
    ['another dialect', { 'meta/_journal.json': journal('mysql', []) }, 'the migrations are for mysql'],
    [
      'a file that is gone',
      { 'meta/_journal.json': journal('sqlite', ['0000_x']) },
      'there is no 0000_x.sql',
    ],
    ['a broken journal', { 'meta/_journal.json': '{' }, 'it is not JSON'],
  ])('refused: %s', async (_, files, words) => {
    await expect(read(files as unknown as Record<string, string>)).rejects.toMatchObject({
      code: 'import-unsupported',
      message: expect.stringContaining(words),
    });
  });
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const plain = (text: string) =>
  text
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim().replace(/;$/, ''))
    .filter(Boolean);

const FILES = {
  'drizzle/meta/_journal.json': journal('postgresql', ['0000_first', '0001_second', '0002_third']),
  'drizzle/0000_first.sql':
    'CREATE TYPE "public"."mood" AS ENUM(\'sad; not\', \'ok\');--> statement-breakpoint\nCREATE TABLE "users" (\n\t"id" serial PRIMARY KEY NOT NULL,\n\t"mood" "mood"\n);\n',
  'drizzle/0001_second.sql': 'ALTER TABLE "users" ADD COLUMN "age" integer;',
  'drizzle/0002_third.sql': 'ALTER TABLE "users" ADD COLUMN "late" integer;',
};
// As drizzle-orm 0.45.4 makes them.
const TABLE = [
  'CREATE SCHEMA IF NOT EXISTS "drizzle"',
  'CREATE TABLE IF NOT EXISTS "drizzle"."__drizzle_migrations" (\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at bigint\n\t\t\t)',
];
const done = (there: Project) => [
  ...TABLE,
  ...['0000_first', '0001_second'].flatMap((tag, index) => {
    const text = there.text(`drizzle/${tag}.sql`);
    return [
      ...plain(text),
      `INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('${sha256(text)}', ${1000 * (index + 1)})`,
    ];
  }),
];

describeEachServer(
  'a Drizzle project comes over',
  (server) => {
    test('of 0.31, with its history', () =>
      importWholly({
        tool: 'drizzle',
        engine: server,
        files: FILES,
        path: 'drizzle',
        done,
        table: 'drizzle.__drizzle_migrations',
        applied: ['0000', '0001'],
        pending: ['0002'],
        down: [],
      }));

    test('an edited file is refused', async () => {
      project = makeProject(FILES);
      const { url, drop } = await makeDatabase(server);
      try {
        await execute(url, ...done(project));
        project.put({ 'drizzle/0001_second.sql': 'ALTER TABLE "users" ADD COLUMN "age" bigint;' });
        const refused = await project.json(
          'migrate',
          'import',
          '--from',
          'drizzle',
          '.',
          '--migrations',
          'tide',
          '--url',
          url,
        );
        expect(refused).toMatchObject({ code: 4, error: { code: 'import-refused' } });
        expect(refused.error?.message).toContain('0001_second.sql was changed after it was applied');
      } finally {
        await drop();
      }
    });
  },
  { newest: true },
);

test('a Drizzle project of 0.31 on SQLite comes over, the second migration pending', () =>
  importWholly({
    tool: 'drizzle',
    engine: 'sqlite',
    files: KIT_0_31,
    done: (there) => [
      'CREATE TABLE IF NOT EXISTS "__drizzle_migrations" (\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at numeric\n\t\t\t)',
      ...plain(there.text('drizzle/0000_first.sql')),
      `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('${sha256(there.text('drizzle/0000_first.sql'))}', 1795180006866)`,
    ],
    table: '__drizzle_migrations',
    applied: ['0000'],
    pending: ['0001'],
    down: [],
  }));

test('a Drizzle project of 1.0 on SQLite comes over by its names', () =>
  importWholly({
    tool: 'drizzle',
    engine: 'sqlite',
    files: KIT_1_0,
    done: (there) => [
      'CREATE TABLE "__drizzle_migrations" (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, applied_at TEXT)',
      ...plain(there.text('drizzle/20261120130840_first/migration.sql')),
      `INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES ('${sha256(there.text('drizzle/20261120130840_first/migration.sql'))}', ${Date.UTC(2026, 10, 20, 13, 8, 40)}, '20261120130840_first')`,
    ],
    table: '__drizzle_migrations',
    applied: ['20261120130840_first'],
    pending: ['20261120130840_second'],
    down: [],
  }));
