import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Runner } from '../migrations/support/runner.js';
import { tidemark } from '../support/cli.js';
import { describeOldestAndNewest, freshDatabase } from '../support/postgres-server.js';
import { openSession, type Session } from '../support/session.js';

const BEFORE = 'CREATE TABLE orgs (id int PRIMARY KEY); CREATE TABLE users (id int PRIMARY KEY, email text);';
const AFTER = `CREATE TABLE orgs (id int PRIMARY KEY);
  CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, org int REFERENCES orgs);
  CREATE UNIQUE INDEX users_email ON users (email);`;

describeOldestAndNewest('a change of tables in use', (server) => {
  let folder: string;
  let url: string;
  let drop: () => Promise<void>;
  let session: Session;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-online-'));
    ({ url, drop } = await freshDatabase(server));
    writeFileSync(join(folder, 'schema.sql'), BEFORE);
    session = await openSession(url);
  });
  afterEach(async () => {
    await session.close();
    await drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]) => tidemark([...args, '--url', url], { cwd: folder });
  const migrations = () => readdirSync(join(folder, 'migrations')).filter((file) => /change/.test(file));

  /** The migrations for the change, of which the first is not applied yet, on a database with rows. */
  async function writeChange(rows: string, after = AFTER, before = BEFORE): Promise<void> {
    writeFileSync(join(folder, 'schema.sql'), before);
    expect(await run('migrate', 'diff', 'initial')).toMatchObject({ code: 0 });
    expect(await run('migrate', 'up')).toMatchObject({ code: 0 });
    await session.run(rows);
    writeFileSync(join(folder, 'schema.sql'), after);
    expect(await run('migrate', 'diff', 'change')).toMatchObject({ code: 0 });
  }

  const ROWS = `INSERT INTO users VALUES (1, 'a'), (2, 'b')`;

  test('is written as migrations that each can be taken back, and leads there and back', async () => {
    await writeChange(ROWS);
    expect(migrations().map((file) => file.replace(/^\d+_/, ''))).toEqual([
      'change.down.sql',
      'change.sql',
      'change_online.down.sql',
      'change_online.sql',
    ]);
    const [down, , onlineDown, online] = migrations().map((file) =>
      readFileSync(join(folder, 'migrations', file), 'utf8'),
    );
    expect(down).not.toContain('tidemark:transaction none');
    expect(online).toMatch(/^-- tidemark:transaction none\n/);
    expect(onlineDown).toContain('DROP INDEX CONCURRENTLY users_email');
    for (const step of [['up'], ['down', '-1'], ['up'], ['down', '-2'], ['up']]) {
      expect(await run('migrate', ...step, '--yes')).toMatchObject({ code: 0 });
    }
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
    expect(await run('migrate', 'check')).toMatchObject({ code: 0 });
  });

  test('with --offline is one migration', async () => {
    expect(await run('migrate', 'diff', 'initial')).toMatchObject({ code: 0 });
    writeFileSync(join(folder, 'schema.sql'), AFTER);
    const result = await run('migrate', 'diff', 'change', '--offline', '--json');
    expect(JSON.parse(result.stdout).result).toMatchObject({
      transaction: true,
      migrations: [{ name: 'change' }],
    });
    expect(migrations()).toHaveLength(2);
  });

  test('that rows stop leaves an invalid index, and goes on when they are mended', async () => {
    await writeChange(`INSERT INTO users VALUES (1, 'a'), (2, 'a')`);
    const failed = await run('migrate', 'up');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('is duplicated') });
    expect(await invalid()).toEqual(['users_email']);
    await session.run(`UPDATE users SET email = 'b' WHERE id = 2`);
    expect(await run('migrate', 'up')).toMatchObject({ code: 0 });
    expect(await invalid()).toEqual([]);
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  test('that rows stop in schema apply is taken up by the next one', async () => {
    await session.run(`${BEFORE} INSERT INTO users VALUES (1, 'a'), (2, 'a')`);
    writeFileSync(join(folder, 'schema.sql'), AFTER);
    const failed = await run('schema', 'apply', '--yes');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/parts .* took effect; run the/) });
    expect(await invalid()).toEqual(['users_email']);
    await session.run(`UPDATE users SET email = 'b' WHERE id = 2`);
    expect(await run('schema', 'apply', '--yes')).toMatchObject({ code: 0 });
    expect(await invalid()).toEqual([]);
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  test('does not keep writers waiting, and survives being killed while it waits for one', async () => {
    await writeChange(ROWS, `${BEFORE} CREATE UNIQUE INDEX users_email ON users (email);`);
    expect(migrations()).toHaveLength(2);
    const writer = await openSession(url);
    await writer.run(`BEGIN; INSERT INTO users VALUES (3, 'c')`);
    const runner = new Runner('up', url, join(folder, 'migrations'), { target: 'head' });
    await until('SELECT FROM pg_index WHERE NOT indisvalid');
    const builder = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX CONCURRENTLY%'`;
    const held = await session.query(
      `SELECT DISTINCT mode FROM pg_locks WHERE relation = 'users'::regclass AND pid IN (${builder})`,
    );
    expect(held).toEqual([{ mode: 'ShareUpdateExclusiveLock' }]);
    await session.run(`SET lock_timeout = '30s'; INSERT INTO users VALUES (4, 'd')`);

    await runner.killed();
    await session.query(`SELECT pg_terminate_backend(pid) FROM (${builder}) b`);
    await until(`SELECT WHERE NOT EXISTS (${builder})`);
    await writer.run('COMMIT');
    await writer.close();
    expect(await invalid()).toEqual(['users_email']);
    const next = await run('migrate', 'up');
    expect(next).toMatchObject({ code: 0 });
    expect(next.stdout + next.stderr).toContain('dropped the invalid index');
    expect(await invalid()).toEqual([]);
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  const PARTITIONED = `CREATE TABLE orgs (id int PRIMARY KEY);
    CREATE TABLE p (id int NOT NULL, org int) PARTITION BY RANGE (id);
    CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
    CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
    CREATE TABLE n (id int NOT NULL, org int);`;
  const DETACHED = PARTITIONED.replace(
    /PARTITION OF p FOR VALUES FROM \(10\).*/,
    '(id int NOT NULL, org int);',
  );
  const DETACHING = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE p DETACH%'`;
  const KEYS = `${PARTITIONED} ALTER TABLE p ADD PRIMARY KEY (id), ADD CONSTRAINT f FOREIGN KEY (org) REFERENCES orgs;
    ALTER TABLE p ATTACH PARTITION n FOR VALUES FROM (20) TO (30);`;
  const TROUBLE = `INSERT INTO orgs VALUES (1);
    INSERT INTO p VALUES (1, 1), (11, 1), (11, 1), (12, 2); INSERT INTO n VALUES (20, 1), (30, 1)`;
  const CURES = [
    [/duplicate/, 'DELETE FROM p WHERE id = 11'],
    [/foreign key/, 'DELETE FROM p WHERE org = 2'],
    [/n__bound/, 'DELETE FROM n WHERE id = 30'],
  ] as const;

  test.each([
    ['migrate up', ['migrate', 'up']],
    ['schema apply', ['schema', 'apply', '--yes']],
  ])('of partitioned tables that rows stop again and again is taken up by %s', async (_, command) => {
    if (command[0] === 'migrate') await writeChange('SELECT', KEYS, PARTITIONED);
    else await session.run(PARTITIONED);
    writeFileSync(join(folder, 'schema.sql'), KEYS);
    await session.run(TROUBLE);
    const applied = new Set<string>();
    while (applied.size < CURES.length) {
      const stopped = await run(...command);
      const found = CURES.find(([trouble, cure]) => trouble.test(stopped.stderr) && !applied.has(cure));
      expect(found, stopped.stderr).toBeDefined();
      await session.run(found![1]);
      applied.add(found![1]);
    }
    expect(await run(...command)).toMatchObject({ code: 0 });
    expect(await invalid()).toEqual([]);
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  test.skipIf(server.name === '13').each([
    ['detached', DETACHED],
    ['attached again', PARTITIONED],
  ])('a partition that is half detached is %s by the next schema apply', async (_, wanted) => {
    await session.run(`${PARTITIONED} INSERT INTO p VALUES (11, 1)`);
    writeFileSync(join(folder, 'schema.sql'), DETACHED);
    const reader = await openSession(url);
    await reader.run('BEGIN; LOCK TABLE ONLY p IN ACCESS SHARE MODE');
    const applying = run('schema', 'apply', '--yes');
    await until('SELECT FROM pg_inherits WHERE inhdetachpending');
    await session.query(`SELECT pg_terminate_backend(pid) FROM (${DETACHING}) d`);
    expect(await applying).toMatchObject({ code: 1 });
    await reader.run('COMMIT');
    await reader.close();
    writeFileSync(join(folder, 'schema.sql'), wanted);
    const next = await run('schema', 'apply', '--yes');
    expect(next).toMatchObject({ code: 0, stderr: expect.stringContaining('DETACH PARTITION p2 FINALIZE') });
    expect(await session.query('SELECT id FROM p2')).toEqual([{ id: 11 }]);
    expect(await run('schema', 'diff', '--check')).toMatchObject({ code: 0, stdout: '' });
  });

  async function invalid(): Promise<unknown[]> {
    const rows = await session.query(
      'SELECT c.relname::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid',
    );
    return rows.map(({ name }) => name);
  }

  async function until(sql: string): Promise<void> {
    for (;;) {
      if ((await session.query(sql)).length > 0) return;
      await sleep(20);
    }
  }
});
