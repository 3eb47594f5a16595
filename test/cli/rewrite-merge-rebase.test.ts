import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inProcess } from '../support/cli-in-process.js';
import { filesIn, type MigrationFiles, writeMigrationFiles } from '../support/migration-files.js';

let cwd: string;
let migrations: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-rewrite-'));
  migrations = join(cwd, 'migrations');
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const run = (line: string) => inProcess([...line.split(' '), '--url', 'sqlite:app.db'], { cwd });
const json = async (line: string) => {
  const { code, stdout } = await run(`${line} --json`);
  return { code, ...JSON.parse(stdout) };
};
const write = (files: MigrationFiles) => writeMigrationFiles(migrations, files);

const table = (name: string, parent?: string): string =>
  `${parent === undefined ? '' : `-- tidemark:parent ${parent}\n`}CREATE TABLE ${name} (id INTEGER);`;
const base: MigrationFiles = { '1_base.sql': table('base'), '1_base.down.sql': 'DROP TABLE base;' };
/** Two lines from one base, the second with two files and a label. */
const fork: MigrationFiles = {
  ...base,
  '2_theirs.sql': table('theirs', '1'),
  '2_theirs.down.sql': 'DROP TABLE theirs;',
  '3_mine.sql': `-- tidemark:branch mine\n${table('mine', '1')}`,
  '3_mine.down.sql': 'DROP TABLE mine;',
  '4_more.sql': table('more'),
  '4_more.down.sql': 'DROP TABLE more;',
};

describe('migrate merge', () => {
  it('joins all heads, and the result goes up and down', async () => {
    await write(fork);
    expect((await run('migrate up')).code).toBe(2);
    const { result } = await json('migrate merge --name both --branch joined --revision 5');
    expect(result).toMatchObject({
      changed: true,
      revision: '5',
      files: ['5_both.sql', '5_both.down.sql'],
      parents: ['2', '4'],
      proof: { withoutDown: [], notLeadingBack: [] },
    });
    expect(filesIn(migrations)['5_both.sql']).toContain(
      '-- tidemark:parent 2 4\n-- tidemark:branch joined\n',
    );
    expect((await run('migrate up')).code).toBe(0);
    expect((await json('migrate status')).result).toMatchObject({
      current: ['5'],
      heads: ['5'],
      problems: [],
    });
    expect((await run('migrate down base')).code).toBe(0);
    expect((await run('migrate up')).code).toBe(0);
    expect((await run('migrate validate --replay')).code).toBe(0);
  });

  it('writes nothing with one head, with --dry-run, or when the lines conflict', async () => {
    await write(base);
    expect((await run('migrate merge')).stdout).toBe('nothing to merge: 1 (base) is the only head\n');
    await write(fork);
    const before = filesIn(migrations);
    expect((await json('migrate merge --dry-run')).result).toMatchObject({ revision: null, files: [] });
    await write({ '2_theirs.sql': table('mine', '1'), '2_theirs.down.sql': 'DROP TABLE mine;' });
    const conflicting = filesIn(migrations);
    const { code, error } = await json('migrate merge');
    expect(code).toBe(1);
    expect(error).toMatchObject({
      code: 'merge-conflict',
      location: { file: join(migrations, '3_mine.sql'), line: 3 },
    });
    expect(filesIn(migrations)).toEqual(conflicting);
    expect(Object.keys(conflicting)).toEqual(Object.keys(before));
  });

  it.each([
    ['merge 4_more', 'target-unknown'],
    ['merge mine more', 'merge-not-head'],
    ['merge more', 'merge-one'],
    ['merge --branch mine', 'branch-duplicate'],
    ['merge --revision 3', 'migration-duplicate'],
  ])('refuses `%s`', async (line, code) => {
    await write(fork);
    const before = filesIn(migrations);
    expect((await json(`migrate ${line}`)).error.code).toBe(code);
    expect(filesIn(migrations)).toEqual(before);
  });
});

describe('migrate rebase', () => {
  const moved = (files: Record<string, string>) =>
    Object.keys(files).filter((file) => file.endsWith('.sql') && !file.endsWith('.down.sql'));

  it('moves the line of which the database has nothing', async () => {
    await write(fork);
    await run('migrate up theirs');
    const { result } = await json('migrate rebase');
    expect(result).toMatchObject({ changed: true, written: true, onto: '2' });
    const [mine, more] = result.moved;
    expect([mine.from, more.from]).toEqual(['3', '4']);
    const files = filesIn(migrations);
    expect(moved(files)).toEqual(['1_base.sql', '2_theirs.sql', mine.newFile, more.newFile].sort());
    expect(mine.newFile).toMatch(/^\d{14}_mine\.sql$/);
    expect(files[mine.newFile]).toBe(
      `-- tidemark:parent 2\n-- tidemark:branch mine\nCREATE TABLE mine (id INTEGER);`,
    );
    expect(files[more.newFile]).toBe(table('more'));
    expect(files[mine.newFile.replace('.sql', '.down.sql')]).toBe('DROP TABLE mine;');
    expect((await run('migrate up')).code).toBe(0);
    expect((await json('migrate status')).result).toMatchObject({ problems: [], heads: [more.to] });
    expect((await run('migrate rebase')).stdout).toContain('nothing to rebase');
    expect((await run('migrate validate --replay')).code).toBe(0);
  });

  it('does not say that all is in order where no database was asked', async () => {
    await write(base);
    expect((await run('migrate rebase')).stdout).toContain('nothing is out of order');
    const alone = await inProcess(['migrate', 'rebase', '--migrations', 'migrations'], { cwd });
    expect(alone.stdout).toContain('one line, and no database was asked for their order');
  });

  it('beside the hashes of another tool gives the time alone', async () => {
    const ids = (id: string, parent: string): string =>
      `-- tidemark:revision ${id}\n-- tidemark:parent ${parent}\nCREATE TABLE ${id} (id INTEGER);`;
    await write({
      'abcdef_one.sql': ids('abcdef', 'base'),
      'bcdeff_two.sql': ids('bcdeff', 'abcdef'),
      '20250101000000_mine.sql': table('mine', 'abcdef'),
    });
    await run('migrate up bcdeff');
    const { result } = await json('migrate rebase');
    expect(result).toMatchObject({ onto: 'bcdeff', moved: [{ from: '20250101000000' }] });
    expect(result.moved[0].newFile).toMatch(/^\d{14}_mine\.sql$/);
    expect((await run('migrate up')).code).toBe(0);
    expect((await json('migrate status')).result).toMatchObject({ problems: [], pending: 0 });
  });

  it('moves the line that is named, by any of its revisions', async () => {
    await write(fork);
    const { result } = await json('migrate rebase theirs');
    expect(result.moved.map(({ from }: { from: string }) => from)).toEqual(['2']);
    expect(result.onto).toBe('4');
    expect((await json('migrate validate')).result).toMatchObject({ head: result.moved[0].to });
  });

  it('moves what is pending before applied migrations', async () => {
    await write({ ...base, '3_theirs.sql': table('theirs'), '3_theirs.down.sql': 'DROP TABLE theirs;' });
    await run('migrate up');
    await write({ '2_mine.sql': table('mine'), '2_mine.down.sql': 'DROP TABLE mine;' });
    expect((await run('migrate up')).code).toBe(4);
    const dry = await json('migrate rebase --dry-run');
    expect(dry.result).toMatchObject({
      written: false,
      onto: '3',
      moved: [{ from: '2', file: '2_mine.sql' }],
    });
    expect(Object.keys(filesIn(migrations))).toContain('2_mine.sql');
    await run('migrate rebase');
    const files = filesIn(migrations);
    expect(moved(files)).toHaveLength(3);
    expect(files).not.toHaveProperty('2_mine.sql');
    expect(Object.values(files)).toContain(table('mine'));
    expect((await run('migrate up')).code).toBe(0);
  });

  it('rewrites the ids that moved files name, and keeps a program a program', async () => {
    await write({
      ...fork,
      '4_more.sql': `-- tidemark:depends-on 3\n${table('more', '3')}`,
      '5_fill.ts':
        "// tidemark:parent 4\n// tidemark:depends-on mine\nexport async function upgrade(db) { await db.execute('INSERT INTO mine VALUES (1)'); }\nexport async function downgrade(db) { await db.execute('DELETE FROM mine'); }\n",
    });
    const { result } = await json('migrate rebase mine');
    const files = filesIn(migrations);
    const [mine, more, fill] = result.moved;
    expect(files[more.newFile]).toBe(
      `-- tidemark:parent ${mine.to}\n-- tidemark:depends-on ${mine.to}\n${table('more')}`,
    );
    expect(files[fill.newFile]).toContain(`// tidemark:parent ${more.to}\n// tidemark:depends-on mine\n`);
    expect((await run('migrate up')).code).toBe(0);
  });

  it('does not move what is applied, and says what is not looked at', async () => {
    await write(fork);
    await run('migrate up mine');
    const before = filesIn(migrations);
    const refused = await json('migrate rebase more');
    expect(refused).toMatchObject({
      code: 4,
      error: { code: 'rebase-applied', details: { applied: ['3'] } },
    });
    expect(filesIn(migrations)).toEqual(before);
    writeFileSync(
      join(cwd, 'tidemark.config.mjs'),
      "export default { environments: { local: { url: 'sqlite:other.db' }, production: { url: 'sqlite:live.db' } }, defaultEnvironment: 'local' };",
    );
    const { stderr } = await inProcess(['migrate', 'rebase', 'more', '--dry-run'], { cwd });
    expect(stderr).toContain('other environments (production)');
  });

  it('asks for the line where it is not plain', async () => {
    await write(fork);
    const { code, error } = await json('migrate rebase');
    expect(code).toBe(2);
    expect(error.code).toBe('rebase-unclear');
    expect(error.hints.join('\n')).toContain('tidemark migrate rebase 4');
    const none = await inProcess(['migrate', 'rebase', '--json'], { cwd });
    expect(JSON.parse(none.stdout).error.message).toContain('no database was asked');
  });

  it.each([
    ['base', 'rebase-shared'],
    ['1_', 'target-unknown'],
    ['mine --onto more', 'rebase-onto'],
  ])('refuses `%s`', async (line, code) => {
    await write(fork);
    const before = filesIn(migrations);
    expect((await json(`migrate rebase ${line}`)).error.code).toBe(code);
    expect(filesIn(migrations)).toEqual(before);
  });

  it('goes onto the head that is named, where several stay', async () => {
    await write({ ...fork, '5_third.sql': table('third', '1'), '5_third.down.sql': 'DROP TABLE third;' });
    expect((await json('migrate rebase third')).error).toMatchObject({
      code: 'several-heads',
      details: { heads: ['2', '4'] },
    });
    const { result } = await json('migrate rebase third --onto more');
    expect(result).toMatchObject({ onto: '4', moved: [{ from: '5' }] });
    expect(filesIn(migrations)[result.moved[0].newFile]).toContain('-- tidemark:parent 4\n');
    expect((await json('migrate heads')).result.heads).toHaveLength(2);
    expect((await run('migrate rebase third --onto more')).stdout).toContain(
      'nothing to rebase: they follow 4 (more) already',
    );
  });

  it('numbers on where revisions are numbers, and keeps a name that does not begin with the revision', async () => {
    writeFileSync(
      join(cwd, 'tidemark.config.mjs'),
      "export default { newMigrations: { revision: 'number' } };",
    );
    await write({
      ...base,
      '2_theirs.sql': table('theirs', '1'),
      '3_mine.up.sql': table('mine', '1'),
      '3_mine.down.sql': 'DROP TABLE mine;',
      'later.sql': `-- tidemark:revision l8\n-- tidemark:parent 3\n${table('later')}`,
      'later.down.sql': 'DROP TABLE later;',
    });
    const { result } = await json('migrate rebase mine');
    const [mine, later] = result.moved;
    expect(mine).toMatchObject({ from: '3', file: '3_mine.up.sql', newFile: `${mine.to}_mine.up.sql` });
    expect(later).toMatchObject({ from: 'l8', file: 'later.sql', newFile: 'later.sql' });
    const files = filesIn(migrations);
    expect(files['later.sql']).toBe(
      `-- tidemark:revision ${later.to}\n-- tidemark:parent ${mine.to}\n${table('later')}`,
    );
    expect(files).toHaveProperty(`${mine.to}_mine.down.sql`);
    expect((await run('migrate up')).code).toBe(0);
    expect((await json('migrate status')).result).toMatchObject({ current: [later.to], problems: [] });
  });

  it('leaves a squash where it is', async () => {
    await write({
      ...fork,
      '5_e.sql': 'CREATE VIEW e AS SELECT id FROM more;',
      '5_e.down.sql': 'DROP VIEW e;',
    });
    expect((await run('migrate squash 4:5')).code).toBe(0);
    expect((await json('migrate rebase mine')).error).toMatchObject({ code: 'rebase-squash' });
    const { result } = await json('migrate rebase theirs');
    expect(result).toMatchObject({ onto: '5.1', moved: [{ from: '2' }] });
    expect((await run('migrate up')).code).toBe(0);
  });

  it('does not take away what another one names', async () => {
    await write({ ...fork, '2_theirs.sql': `-- tidemark:depends-on mine\n${table('theirs', '1')}` });
    expect((await json('migrate rebase mine')).error).toMatchObject({
      code: 'rebase-needed',
      message: '2_theirs.sql stays, and says that it needs 3 (mine), which would come after it',
    });
  });

  it('names the statement that fails there, and the reverse that would bring back what is outdated', async () => {
    await write({ ...fork, '3_mine.sql': table('theirs', '1') });
    await run('migrate up theirs');
    const failing = filesIn(migrations);
    expect((await json('migrate rebase')).error).toMatchObject({
      code: 'rebase-conflict',
      message: '3_mine.sql fails after what it is to follow: table theirs already exists',
      location: { file: join(migrations, '3_mine.sql'), line: 2 },
    });
    expect(filesIn(migrations)).toEqual(failing);

    const view = (columns: string, drop = 'DROP VIEW v;\n') =>
      `${drop}CREATE VIEW v AS SELECT ${columns} FROM base;`;
    await write({
      '1_base.sql': `${table('base')}\n${view('id', '')}`,
      '1_base.down.sql': 'DROP VIEW v;\nDROP TABLE base;',
      '2_theirs.sql': `-- tidemark:parent 1\n${view('id, 2 AS two')}`,
      '2_theirs.down.sql': view('id'),
      '3_mine.sql': `-- tidemark:parent 1\n${view('id, 3 AS three')}`,
      '3_mine.down.sql': view('id'),
    });
    rmSync(join(cwd, 'app.db'));
    await run('migrate up theirs');
    const { error } = await json('migrate rebase');
    expect(error).toMatchObject({
      code: 'rebase-conflict',
      location: { file: join(migrations, '3_mine.down.sql') },
    });
    expect(error.message).toContain('would not lead back any more');
    expect(error.excerpt).toContain('view v');
  });

  it('does not blame the move for a reverse that was wrong before', async () => {
    await write({ ...fork, '3_mine.down.sql': 'SELECT 1;', '4_more.down.sql': '-- none' });
    expect((await json('migrate rebase mine')).result.withoutDown).toHaveLength(1);
    await write(filesIn(migrations));
  });
});

describe('migrate rebase in a git work tree', () => {
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'init.defaultBranch=main', ...args],
      {
        cwd,
        stdio: 'pipe',
      },
    );
  /** The upstream branch has everything but the lines named. */
  const publish = async (...local: string[]) => {
    const files = Object.entries(fork);
    await write(Object.fromEntries(files.filter(([name]) => !local.some((id) => name.startsWith(id)))));
    git('init', '-q');
    git('add', 'migrations');
    git('commit', '-q', '-m', 'published');
    git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
    await write(fork);
  };

  it('what only this clone has is moved, where no database can tell', async () => {
    await publish('3', '4');
    const { code, stdout } = await inProcess(['migrate', 'rebase', '--json'], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: { onto: '2', moved: [{ from: '3' }, { from: '4' }] },
      warnings: ['no database was asked whether it has applied them'],
    });
  });

  it('what others have is not moved, though this database has none of it', async () => {
    // The usual day: mine is applied here, theirs came in.
    await publish('3', '4');
    await run('migrate up more');
    const before = filesIn(migrations);
    const { code, error } = await json('migrate rebase');
    expect(code).toBe(2);
    expect(error.message).toContain('nothing of 2 (theirs), but the upstream branch has it already');
    expect(filesIn(migrations)).toEqual(before);
    const named = await json('migrate rebase theirs --dry-run');
    expect(named.warnings).toContain('the upstream branch has 2 already: others may have applied it');
  });

  it('nor what is pending before applied migrations', async () => {
    await publish('4');
    rmSync(join(migrations, '2_theirs.sql'));
    rmSync(join(migrations, '2_theirs.down.sql'));
    await write({ '3_mine.sql': table('mine') });
    await run('migrate up');
    await write({ '2_theirs.sql': table('theirs'), '2_theirs.down.sql': 'DROP TABLE theirs;' });
    expect((await json('migrate rebase')).error).toMatchObject({
      code: 'rebase-unclear',
      details: { revisions: ['2'] },
    });
  });
});
