import { createHash } from 'node:crypto';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { importer } from '../../../src/importing/tools/drizzle.js';
import { describeEachServer, type TestServer } from '../../support/postgres-server.js';
import { goOnAfterImport } from '../support/go-on-after-import.js';
import {
  execute,
  importWholly,
  makeDatabase,
  makeProject,
  type Project,
  rows,
} from '../support/import-scenario.js';
import { MODULES, runNode, runTool } from '../support/program-project.js';

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

  test('beside a folder that is called meta, too', async () => {
    expect((await read({ 'meta/robots.txt': '', ...KIT_0_31 })).revisions).toHaveLength(2);
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

const plain = (text: string) =>
  text
    .split('--> statement-breakpoint')
    .map((statement) => statement.trim().replace(/;$/, ''))
    .filter(Boolean);

// Written by drizzle-kit 0.31.11; the table and its rows are the dump of what drizzle-orm 0.45.4 made of them.
const FILES = {
  'drizzle/meta/_journal.json': `{
  "version": "7",
  "dialect": "postgresql",
  "entries": [
    { "idx": 0, "version": "7", "when": 1795182460556, "tag": "0000_first", "breakpoints": true },
    { "idx": 1, "version": "7", "when": 1795182461521, "tag": "0001_second", "breakpoints": true },
    { "idx": 2, "version": "7", "when": 1795182462000, "tag": "0002_by_hand", "breakpoints": true }
  ]
}`,
  'drizzle/0000_first.sql': `CREATE TYPE "public"."mood" AS ENUM('sad', 'it''s; ok');--> statement-breakpoint
CREATE TABLE "users" (
	"id" serial PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"mood" "mood" DEFAULT 'sad',
	"at" timestamp with time zone DEFAULT now(),
	CONSTRAINT "users_email_unique" UNIQUE("email")
);
--> statement-breakpoint
CREATE INDEX "e" ON "users" USING btree ("mood");`,
  'drizzle/0001_second.sql': `CREATE TABLE "posts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"u" serial NOT NULL,
	"body" jsonb
);
--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_u_users_id_fk" FOREIGN KEY ("u") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;`,
  'drizzle/0002_by_hand.sql': `DO $$ BEGIN
  RAISE NOTICE 'a;b';
END $$--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "late" integer`,
};
const TABLE = [
  'CREATE SCHEMA drizzle',
  'CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)',
  "INSERT INTO drizzle.__drizzle_migrations VALUES (1, '278a914a1d8d56272b9593d1958dc3e2f899e0e7328730bbbc88a7bb73f5e2b5', 1795182460556)",
  "INSERT INTO drizzle.__drizzle_migrations VALUES (2, '06b8633dffcec1ddffac14121f0470acb39c4df917265eeb226b6e1aaf42df40', 1795182461521)",
];
const done = (there: Project) => [
  ...TABLE,
  ...plain(there.text('drizzle/0000_first.sql')),
  ...plain(there.text('drizzle/0001_second.sql')),
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
        project.put({ 'drizzle/0001_second.sql': `${FILES['drizzle/0001_second.sql']}\n` });
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

// Table and row: drizzle-orm 0.45.4.
test('a Drizzle project of 0.31 on SQLite comes over, the second migration pending', () =>
  importWholly({
    tool: 'drizzle',
    engine: 'sqlite',
    files: KIT_0_31,
    done: (there) => [
      'CREATE TABLE IF NOT EXISTS "__drizzle_migrations" (\n\t\t\t\tid SERIAL PRIMARY KEY,\n\t\t\t\thash text NOT NULL,\n\t\t\t\tcreated_at numeric\n\t\t\t)',
      ...plain(there.text('drizzle/0000_first.sql')),
      `INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('f278c4079420f9bca574115e6e78f860de3f223ca45463542899cf66f2ac70ce', 1795180006866)`,
    ],
    table: '__drizzle_migrations',
    applied: ['0000'],
    pending: ['0001'],
    down: [],
  }));

// Table and row: drizzle-orm 1.0.0-rc.5.
test('a Drizzle project of 1.0 on SQLite comes over by its names', () =>
  importWholly({
    tool: 'drizzle',
    engine: 'sqlite',
    files: KIT_1_0,
    done: (there) => [
      'CREATE TABLE "__drizzle_migrations" (id INTEGER PRIMARY KEY, hash text NOT NULL, created_at numeric, name text, applied_at TEXT)',
      ...plain(there.text('drizzle/20261120130840_first/migration.sql')),
      `INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES ('ad43f52831d5873026e36444e1a2fc3d40a185f345e02a4efa5a855aaf9ec749', 1795180120000, '20261120130840_first')`,
    ],
    table: '__drizzle_migrations',
    applied: ['20261120130840_first'],
    pending: ['20261120130840_second'],
    down: [],
  }));

/** A project of the real drizzle-kit: its schema in TypeScript, before and after a change. */
interface KitProject {
  readonly dialect: 'postgresql' | 'sqlite';
  readonly before: string;
  readonly after: string;
  /** What the author writes into a migration of `generate --custom`. */
  readonly custom: string;
  readonly table: string;
  readonly data: readonly string[];
}

const KIT_POSTGRES: KitProject = {
  dialect: 'postgresql',
  before: `import { index, pgEnum, pgTable, serial, text, timestamp } from 'drizzle-orm/pg-core';
export const mood = pgEnum('mood', ['sad', "it's; ok"]);
export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  email: text('email').notNull().unique(),
  mood: mood('Gemüt').default('sad'),
  at: timestamp('at', { withTimezone: true }).defaultNow(),
}, (t) => [index('by_mood').on(t.mood)]);
`,
  after: `import { index, integer, jsonb, pgEnum, pgSchema, pgTable, serial, text, uuid } from 'drizzle-orm/pg-core';
export const mood = pgEnum('mood', ['sad', "it's; ok", 'glad']);
export const users = pgTable('users', {
  id: serial('id').primaryKey(),
  email: text('email').notNull().unique(),
  mood: mood('Gemüt').default('sad').notNull(),
}, (t) => [index('by_mood').on(t.mood, t.email)]);
export const blog = pgSchema('blog');
export const posts = blog.table('Straße', {
  id: uuid('id').primaryKey().defaultRandom(),
  author: integer('author').notNull().references(() => users.id, { onDelete: 'cascade' }),
  body: jsonb('body').default({ text: 'a; --> b' }),
});
`,
  custom: `DO $$ BEGIN
  INSERT INTO users (email) VALUES ('a;b');
END $$;
--> statement-breakpoint
INSERT INTO users (email, "Gemüt") VALUES ('c', 'it''s; ok')`,
  table: 'drizzle.__drizzle_migrations',
  data: ['SELECT id, email, "Gemüt" FROM users ORDER BY id'],
};

const KIT_SQLITE: KitProject = {
  dialect: 'sqlite',
  before: `import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
export const users = sqliteTable('users', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  email: text('email').notNull().unique(),
  note: text('note').default("it's; so"),
});
`,
  // A column that becomes NOT NULL: drizzle-kit makes the table anew.
  after: `import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
export const users = sqliteTable('users', {
  id: integer('id').primaryKey({ autoIncrement: true }),
  email: text('email').notNull().unique(),
  note: text('note').notNull().default("it's; so"),
});
export const posts = sqliteTable('Straße', {
  id: integer('id').primaryKey(),
  author: integer('author').notNull().references(() => users.id, { onDelete: 'cascade' }),
}, (t) => [index('by_author').on(t.author)]);
`,
  custom: `INSERT INTO users (email) VALUES ('a; b');
--> statement-breakpoint
INSERT INTO \`Straße\` VALUES (1, 1)`,
  table: '__drizzle_migrations',
  data: ['SELECT * FROM users ORDER BY id', 'SELECT * FROM `Straße`'],
};

const CONFIG = (dialect: string) => `export default {
  dialect: '${dialect}',
  schema: './schema.ts',
  out: './drizzle',
  dbCredentials: { url: process.env.DATABASE_URL.replace(/^sqlite:/, '') },
};
`;

/** The real drizzle-kit in a project's folder; it ends with 0 also when a migration fails, so its words are checked. */
function kit(there: Project, url: string, ...words: readonly string[]): void {
  const said = runTool('drizzle-kit/bin.cjs', there.folder, url, ...words);
  expect(said).toMatch(words[0] === 'migrate' ? /migrations applied successfully/ : /SQL migration file/);
}

/** A database is migrated to the first of three migrations by drizzle-kit, and taken over. */
async function takeOverFromKit(engine: TestServer | 'sqlite', sources: KitProject): Promise<void> {
  project = makeProject({
    'package.json': '{ "type": "module" }',
    'drizzle.config.ts': CONFIG(sources.dialect),
    'schema.ts': sources.before,
  });
  symlinkSync(MODULES, join(project.folder, 'node_modules'));
  const [part, whole] = [await makeDatabase(engine), await makeDatabase(engine)];
  try {
    kit(project, '', 'generate', '--name', 'first');
    kit(project, part.url, 'migrate');
    const first = "INSERT INTO users (email) VALUES ('before')";
    await execute(part.url, first);
    project.put({ 'schema.ts': sources.after });
    kit(project, whole.url, 'migrate');
    await execute(whole.url, first);
    kit(project, '', 'generate', '--name', 'second');
    kit(project, '', 'generate', '--custom', '--name', 'by_hand');
    project.put({ 'drizzle/0002_by_hand.sql': sources.custom });
    kit(project, whole.url, 'migrate');
    const hashes = await rows(whole.url, `SELECT hash FROM ${sources.table} ORDER BY created_at`);
    expect(hashes.map(({ hash }) => hash)).toEqual(
      ['0000_first', '0001_second', '0002_by_hand'].map((tag) =>
        createHash('sha256')
          .update(project.text(`drizzle/${tag}.sql`))
          .digest('hex'),
      ),
    );
    await goOnAfterImport({
      ...{ tool: 'drizzle', path: join(project.folder, 'drizzle'), tables: [sources.table] },
      ...{ part: part.url, whole: whole.url, data: sources.data },
      applied: ['0000'],
      pending: ['0001', '0002'],
    });
  } finally {
    await part.drop();
    await whole.drop();
  }
}

describe('from the real drizzle-kit', () => {
  describeEachServer(
    'a database is taken over in the middle, and goes on:',
    (server) => {
      test('on PostgreSQL', () => takeOverFromKit(server, KIT_POSTGRES));
    },
    { newest: true },
  );

  // drizzle-kit knows no SQLite but better-sqlite3, which is optional here.
  const there = hasBetterSqlite();
  const reason = 'drizzle-kit on SQLite: better-sqlite3 does not load; try npm rebuild better-sqlite3';
  if (!there && process.env.CI === 'true') throw new Error(reason);
  if (!there) console.warn(`skipped, ${reason}`);
  test.skipIf(!there)('a SQLite database is taken over in the middle, and goes on', () =>
    takeOverFromKit('sqlite', KIT_SQLITE),
  );
});

function hasBetterSqlite(): boolean {
  try {
    runNode(process.cwd(), '', '-e', "new (require('better-sqlite3'))(':memory:')");
    return true;
  } catch {
    return false;
  }
}
