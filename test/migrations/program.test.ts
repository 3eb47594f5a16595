import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.js';
import { loadDialect } from '../../src/dialects.js';
import type { TidemarkError } from '../../src/errors.js';
import { migrateDown } from '../../src/migrations/migrate-down.js';
import type { MigrateEvent } from '../../src/migrations/migrate-options.js';
import { migrateUp } from '../../src/migrations/migrate-up.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { connect } from './support/database.js';
import { type TestFolder, testFolder } from './support/folder.js';

const TABLE = `CREATE TABLE notes (id integer PRIMARY KEY, title text NOT NULL);
INSERT INTO notes VALUES (1, 'One'), (2, 'it''s; two');`;

const memory = (url: string) => async () => ({ url, drop: async () => {} });
describe('a migration in TypeScript (embedded)', () => programs(memory('pglite:memory')));
describe('a migration in TypeScript (SQLite)', () => programs(memory('sqlite:memory'), 'sqlite'));
describeOldestAndNewest('a migration in TypeScript', (server) => programs(() => freshDatabase(server)));

function programs(database: () => ReturnType<typeof freshDatabase>, engine?: 'sqlite'): void {
  let folder: TestFolder;
  let db: Connection;
  let drop: () => Promise<void>;

  beforeEach(async () => {
    folder = await testFolder();
    let url: string;
    ({ url, drop } = await database());
    db = await connect(url);
  });
  afterEach(async () => {
    await db.close();
    await drop();
    await folder.remove();
  });

  const up = async (files: Record<string, string | null>, onEvent?: (event: MigrateEvent) => void) =>
    migrateUp(db, await folder.put(files), await loadDialect(db.engine), { onEvent });
  const down = async () => migrateDown(db, await folder.put({}), await loadDialect(db.engine));
  const upgrade = (body: string) =>
    `export async function upgrade(db: { [name: string]: any }): Promise<void> {\n${body}\n}\n`;
  const refusal = async (work: Promise<unknown>): Promise<TidemarkError> => {
    const error = await work.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    if (error === undefined) throw new Error('it was not refused');
    return error as TidemarkError;
  };

  test('binds values, tells how it gets on, and goes back', async () => {
    const said: string[] = [];
    await up(
      {
        '1_notes.sql': TABLE,
        '2_slugs.ts': `
          import type { MigrationDatabase } from 'tidemark';
          interface Note { readonly id: number; readonly title: string }
          export async function upgrade(db: MigrationDatabase): Promise<void> {
            await db.execute('ALTER TABLE notes ADD COLUMN slug text; CREATE INDEX notes_slug ON notes (slug)');
            for (const { id, title } of await db.query<Note>('SELECT id, title FROM notes ORDER BY id')) {
              const slug: string = title.toLowerCase().replace(/[^a-z]+/g, '-');
              await db.sql\`UPDATE notes SET slug = \${slug} WHERE id = \${id}\`;
            }
            const [row] = await db.sql\`SELECT count(*) AS n FROM notes WHERE title = \${"it's; two"}\`;
            db.log(\`\${(row as { n: number }).n} on \${db.engine}\`);
          }
          export async function downgrade(db: MigrationDatabase): Promise<void> {
            await db.execute('DROP INDEX notes_slug');
            await db.execute('ALTER TABLE notes DROP COLUMN slug');
          }`,
      },
      (event) => event.type === 'message' && said.push(event.text),
    );
    expect(await db.query('SELECT id, slug FROM notes ORDER BY id')).toEqual([
      { id: 1, slug: 'one' },
      { id: 2, slug: 'it-s-two' },
    ]);
    expect(said).toEqual([`1 on ${db.engine}`]);
    expect((await down()).after).toEqual(['1']);
    expect(await db.query('SELECT * FROM notes WHERE id = 1')).toEqual([{ id: 1, title: 'One' }]);
  });

  test('is undone with everything when it throws, and the place is told', async () => {
    const error = await refusal(
      up({
        '1_notes.sql': TABLE,
        '2_bad.ts': upgrade("await db.execute('DELETE FROM notes');\nthrow new Error('no luck');"),
      }),
    );
    expect(error).toMatchObject({
      code: 'migration-failed',
      location: { file: join(folder.path, '2_bad.ts'), line: 3 },
    });
    expect(error.message).toContain('no luck');
    expect(await db.query('SELECT id FROM notes ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('is undone when it swallows an error of the database', async () => {
    const body = `await db.execute('DELETE FROM notes');
      try { await db.query('SELECT absent FROM notes'); } catch {}`;
    const error = await refusal(up({ '1_notes.sql': TABLE, '2_bad.ts': upgrade(body) }));
    expect(error.message).toContain('absent');
    expect(error.hints.join('\n')).toContain('in SELECT absent FROM notes');
    expect(await db.query('SELECT id FROM notes ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test.each([
    [`await db.execute('COMMIT')`, 'cannot control its transaction: COMMIT'],
    [`await db.query('/* x */ rollback')`, 'cannot control its transaction'],
    [`await db.execute('SELECT 1; BEGIN')`, 'cannot control its transaction: BEGIN'],
    [`await db.sql\`SAVEPOINT a\``, 'cannot control its transaction'],
    [`await db.execute('VACUUM')`, 'this cannot run in a transaction: VACUUM'],
    [`await db.query('SELECT 1; SELECT 2')`, 'one statement was expected, not 2'],
    [`db.execute('DELETE FROM notes').catch(() => {})`, 'uses its database after it has returned'],
  ])('may not: %s', async (body, message) => {
    const error = await refusal(up({ '1_notes.sql': TABLE, '2_bad.ts': upgrade(body) }));
    expect(error.message).toContain(message);
    expect(await db.query('SELECT id FROM notes ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  // What follows is the same on every engine: the cheapest one does.
  if (engine !== 'sqlite') return;

  test.each([
    ['no upgrade', '2_x.ts', 'export const a = 1;', 'migration-invalid', 'exports no function "upgrade"'],
    [
      'an upgrade that is no function',
      '2_x.mjs',
      'export const upgrade = 1;',
      'migration-invalid',
      'is not a function',
    ],
    [
      'an error while loading',
      '2_x.js',
      'throw new Error("boom");',
      'migration-invalid',
      'cannot be loaded: boom',
    ],
    [
      'a transaction of its own',
      '2_x.ts',
      '// tidemark:transaction none\nexport async function upgrade() {}',
      'directive-invalid',
      'always runs in a transaction',
    ],
  ])('with %s is refused before anything runs', async (_, name, text, code, message) => {
    const error = await refusal(up({ '1_notes.sql': TABLE, [name]: text }));
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(message);
    await expect(db.query('SELECT * FROM notes')).rejects.toThrow();
  });

  test('without downgrade does not go back', async () => {
    await up({ '1_x.ts': upgrade('await db.execute("CREATE TABLE t (a integer)")') });
    expect(await refusal(down())).toMatchObject({
      code: 'no-down',
      exitCode: 4,
      message: expect.stringContaining('"downgrade"'),
    });
  });

  test('counts in the sum and in the history, and takes directives', async () => {
    await up({ '1_notes.sql': TABLE, '2_x.ts': `// tidemark:parent 1\n${upgrade('')}` });
    const edited = await refusal(up({ '2_x.ts': upgrade('// other') }));
    expect(edited.code).toBe('history-edited');
  });
}
