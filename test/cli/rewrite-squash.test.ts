import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { filesIn, writeMigrationFiles } from '../support/migration-files.js';

let cwd: string;
let migrations: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-squash-'));
  migrations = join(cwd, 'migrations');
  await writeMigrationFiles(migrations, FILES);
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const FILES = {
  '1_a.sql': 'CREATE TABLE a (id INTEGER);',
  '1_a.down.sql': 'DROP TABLE a;',
  '2_b.sql': 'CREATE TABLE b (id INTEGER);',
  '2_b.down.sql': 'DROP TABLE b;',
  '3_c.sql': 'CREATE INDEX b_id ON b (id);',
  '3_c.down.sql': 'DROP INDEX b_id;',
  '4_d.sql': '-- tidemark:parent 3\nCREATE VIEW d AS SELECT id FROM b;',
  '4_d.down.sql': 'DROP VIEW d;',
};

const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });
const json = async (line: string) => {
  const { code, stdout } = await run(`${line} --json`);
  return { code, ...JSON.parse(stdout) };
};

describe('migrate squash', () => {
  it('writes, and says what it did', async () => {
    const dry = await json('migrate squash 2:3 --name posts --dry-run');
    expect(dry.result).toMatchObject({ written: false, revision: '3.1', replaces: ['2', '3'] });
    expect(filesIn(migrations)).toMatchObject(FILES);
    const { code, result } = await json('migrate squash 2:3 --name posts');
    expect(code).toBe(0);
    expect(result).toMatchObject({
      written: true,
      files: ['3.1_posts.sql', '3.1_posts.down.sql'],
      moved: ['2_b.sql', '2_b.down.sql', '3_c.sql', '3_c.down.sql'].map((file) => `squashed/${file}`),
    });
    expect(filesIn(migrations)['3.1_posts.sql']).toBe(dry.result.up);
    expect((await run('migrate validate --replay')).code).toBe(0);
    expect((await run('migrate up')).code).toBe(0);
    expect((await json('migrate history')).result.migrations).toMatchObject([
      { revision: '1' },
      { revision: '3.1', file: '3.1_posts.sql' },
      { revision: '4', parents: ['3.1'] },
    ]);
    expect((await json('migrate squash 2:3')).error.code).toBe('squash-one');
  });

  it('shows the originals where a database has some of them', async () => {
    await run('migrate up b');
    await run('migrate squash 2:3');
    expect((await json('migrate status')).result).toMatchObject({ pending: 2, problems: [], current: ['2'] });
    expect((await json('migrate show c')).result).toMatchObject({
      file: 'squashed/3_c.sql',
      state: 'pending',
    });
    expect((await run('migrate up')).code).toBe(0);
    const { result } = await json('migrate history');
    expect(result.migrations.map(({ file }: { file: string }) => file)).toEqual([
      '1_a.sql',
      'squashed/2_b.sql',
      'squashed/3_c.sql',
      '4_d.sql',
    ]);
    writeFileSync(
      join(cwd, 'schema.sql'),
      'CREATE TABLE a (id INTEGER);\nCREATE TABLE b (id INTEGER);\nCREATE INDEX b_id ON b (id);\nCREATE VIEW d AS SELECT id FROM b;',
    );
    expect((await json('status --check')).result).toMatchObject({
      drift: [],
      schema: { matchesMigrations: true },
    });
    await run('migrate down c');
    expect((await json('status')).result).toMatchObject({ drift: [], migrations: { current: ['3'] } });
    await run('migrate down b');
    expect((await json('status')).result).toMatchObject({ drift: [], migrations: { current: ['2'] } });
  });

  it('writes nothing when it is refused', async () => {
    await writeMigrationFiles(migrations, { '3_c.sql': 'INSERT INTO b VALUES (1);' });
    const before = filesIn(migrations);
    const { code, stderr } = await run('migrate squash 2:3');
    expect(code).toBe(4);
    expect(stderr).toContain(`${join(migrations, '3_c.sql')}:1: INSERT INTO b VALUES (1)`);
    expect(filesIn(migrations)).toEqual(before);
    expect((await run('migrate squash 2:3 --keep-statements')).code).toBe(1);
    expect(filesIn(migrations)).toEqual(before);
  });

  it('is not for a folder that Atlas keeps too: it would run a squash where its originals have run', async () => {
    rmSync(migrations, { recursive: true });
    const ups = Object.entries(FILES).filter(([name]) => !name.includes('.down.'));
    await writeMigrationFiles(migrations, { ...Object.fromEntries(ups), 'atlas.sum': '' });
    const before = filesIn(migrations);
    expect(await json('migrate squash 2:3')).toMatchObject({ code: 4, error: { code: 'squash-atlas' } });
    expect(filesIn(migrations)).toEqual(before);
  });
});

describe('two people squash', () => {
  it('the same range: they write the same files', async () => {
    await run('migrate squash 2:3');
    const mine = filesIn(migrations);
    rmSync(migrations, { recursive: true });
    await writeMigrationFiles(migrations, FILES);
    await run('migrate squash 2:3');
    expect(filesIn(migrations)).toEqual(mine);
  });

  it('ranges that overlap: together they are refused, by name', async () => {
    await run('migrate squash 2:3');
    const mine = filesIn(migrations);
    rmSync(migrations, { recursive: true });
    await writeMigrationFiles(migrations, FILES);
    await run('migrate squash 3:4 --name other');
    const theirs = filesIn(migrations);
    rmSync(migrations, { recursive: true });
    // As git merges them: what either has removed is gone, what either has added is there, the sum line by line.
    const sum = new Set(`${mine['tidemark.sum']}${theirs['tidemark.sum']}`.split('\n'));
    const merged = Object.entries({ ...mine, ...theirs }).filter(
      ([name]) => !(name in FILES) || (name in mine && name in theirs),
    );
    for (const [name, text] of Object.entries(FILES))
      if (!(name in mine) || !(name in theirs)) sum.delete(text);
    const files = Object.fromEntries(merged);
    delete files['tidemark.sum'];
    await expect(writeMigrationFiles(migrations, files)).rejects.toMatchObject({ code: 'squash-overlap' });
    const { code, error } = await json('migrate up');
    expect(code).toBe(1);
    expect(error.message).toMatch(/both replace revision 3$/);
    expect(error.hints.join(' ')).toContain('two people');
  });
});

/** Stops as a killed process would at its n-th change of the folder: what it waits for never comes. */
function stopAt(changes: number): { readonly stopped: Promise<void>; readonly restore: () => void } {
  const real = { link: fs.link, rename: fs.rename, rm: fs.rm };
  let left = changes;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const counted =
    <A extends unknown[], R>(change: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> => {
      left -= 1;
      if (left >= 0) return change(...args);
      stop();
      return new Promise<R>(() => undefined);
    };
  Object.assign(fs, { link: counted(real.link), rename: counted(real.rename), rm: counted(real.rm) });
  syncBuiltinESMExports();
  return {
    stopped,
    restore: () => {
      Object.assign(fs, real);
      syncBuiltinESMExports();
    },
  };
}

it('killed at any moment, no text is lost, and the next command tells', async () => {
  const codes = new Set<string>();
  let finished = false;
  for (let changes = 0; !finished; changes++) {
    rmSync(migrations, { recursive: true, force: true });
    await writeMigrationFiles(migrations, FILES);
    const { stopped, restore } = stopAt(changes);
    finished = await Promise.race([
      run('migrate squash 2:3').then(({ code }) => code === 0),
      stopped.then(() => false),
    ]).finally(restore);
    const there = Object.values(filesIn(migrations));
    for (const text of Object.values(FILES)) expect(there).toContain(text);
    const { code, error } = await json('migrate validate');
    if (code !== 0) {
      expect(error.hints.length).toBeGreaterThan(0);
      codes.add(error.code);
    }
    // Only untouched and finished folders pass.
    // Before the squash itself is there, copies beside are nobody's business, and a second try finds them.
    const names = Object.keys(filesIn(migrations)).filter((name) => !/^(\.|squashed\/)/.test(name));
    if (changes === 2) expect((await run('migrate squash 2:3')).code).toBe(0);
    const whole = finished || names.join() === [...Object.keys(FILES), 'tidemark.sum'].sort().join();
    expect(code === 0, `${changes}: ${names.join()}`).toBe(whole);
    expect(changes).toBeLessThan(60);
  }
  expect([...codes].sort()).toEqual(['migration-orphan-down', 'squash-overlap', 'sum-mismatch']);
});
