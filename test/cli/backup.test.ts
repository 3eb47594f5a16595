import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseDatabaseUrl } from '../../src/database/database-url.js';
import { openDatabase } from '../../src/database/open-database.js';
import { inProcess } from '../support/cli-in-process.js';

const DAY = 86_400_000;

let cwd: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-backup-'));
  await sql(
    'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)',
    "INSERT INTO users (name) VALUES ('a'), ('b'), ('c')",
  );
  config({ destinations: { offsite: { type: 'folder', path: './offsite' } } });
});
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

const open = () => openDatabase(parseDatabaseUrl('sqlite:app.db', { folder: cwd }));

async function sql(...statements: string[]): Promise<void> {
  const database = await open();
  try {
    await database.executeAll(statements);
  } finally {
    await database.close();
  }
}

async function names(): Promise<string[]> {
  const database = await open();
  try {
    return (await database.query<{ name: string }>('SELECT name FROM users ORDER BY id')).map(
      ({ name }) => name,
    );
  } finally {
    await database.close();
  }
}

function config(backup: object, more: object = {}): void {
  const text = { environments: { local: { url: 'sqlite:app.db', backup, ...more } } };
  writeFileSync(join(cwd, 'tidemark.config.json'), JSON.stringify(text));
}

/** What the commands' results have that these tests go on with. */
interface Result {
  readonly id: string;
  readonly path: string;
  readonly total: number;
  readonly needed: number;
  readonly sent: unknown;
  readonly backups: readonly { readonly trigger: string; readonly places: readonly unknown[] }[];
  readonly places: readonly {
    readonly decisions: readonly { readonly id: string; readonly keep: boolean }[];
  }[];
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details: { readonly id: string };
}

type Env = Readonly<Record<string, string>>;
const run = (line: string, env: Env = {}, typed?: string) =>
  inProcess(line.split(' '), { cwd, env, ...(typed === undefined ? {} : { typed }) });

async function result(line: string, env: Env = {}): Promise<Result> {
  const { code, stdout, stderr } = await run(`${line} --json`, env);
  const document = JSON.parse(stdout);
  expect({ code, error: document.error, stderr }).toMatchObject({ code: 0 });
  return document.result;
}

async function failure(line: string, env: Env = {}): Promise<{ code: number | null; error: Failure }> {
  const { code, stdout } = await run(`${line} --json`, env);
  return { code, error: JSON.parse(stdout).error };
}

const made = () =>
  readdirSync(join(cwd, 'backups')).flatMap((folder) =>
    readdirSync(join(cwd, 'backups', folder)).filter((name) => /^\d{8}T/.test(name)),
  );
const folderOf = () => join(cwd, 'backups', readdirSync(join(cwd, 'backups'))[0] ?? '');

/** Gives a backup another age: id, folder, marks and manifest say when it was made. */
async function age(id: string, days: number, root = 'backups'): Promise<string> {
  const { renameSync } = await import('node:fs');
  const folder = join(cwd, root, readdirSync(join(cwd, root))[0] ?? '');
  const when = new Date(Date.now() - days * DAY).toISOString();
  const older = `${when.replace(/[-:.]/g, '')}${id.slice(19)}`;
  const manifest = join(folder, id, 'manifest.json');
  const text = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify({ ...text, id: older, createdAt: when }));
  renameSync(join(folder, id), join(folder, older));
  for (const mark of existsSync(join(folder, 'marks')) ? readdirSync(join(folder, 'marks')) : []) {
    if (mark.startsWith(id))
      renameSync(join(folder, 'marks', mark), join(folder, 'marks', mark.replace(id, older)));
  }
  return older;
}

describe('backup create', () => {
  test('prints id, size, rows and time, and lies there for its owner alone', async () => {
    const { code, stdout, stderr } = await run('backup create --tag release-12');
    expect({ code, stderr: stderr.split('\n')[0] }).toEqual({ code: 0, stderr: 'copying' });
    expect(stdout).toMatch(
      /^backed up app\.db as (\d{8}T\d{9}Z-\w{6})\n {2}8\.19 kB, 3 rows in 1 table, [\d.]+ m?s\n {2}proven: read from end to end \(level 2\)\n/,
    );
    const [id = ''] = made();
    expect(statSync(join(folderOf(), id)).mode & 0o777).toBe(0o700);
    expect((await result('backup list')).backups).toMatchObject([
      { id, state: 'complete', rows: 3, tags: ['release-12'], pinned: false, verified: { level: 2 } },
    ]);
  });

  test('--dry-run says what would be done, and does none of it', async () => {
    const plan = await result('backup create --dry-run --destination offsite --verify 3');
    expect(plan).toMatchObject({ dryRun: true, engine: 'sqlite', destinations: ['offsite'], verify: 3 });
    expect(plan.needed).toBeGreaterThan(0);
    expect(existsSync(join(cwd, 'backups'))).toBe(false);
    expect((await run('backup create --dry-run')).stdout).toContain('would back up app.db (sqlite) into ');
  });

  test('--output-dir starts where the command is typed, the configured folder at the configuration', async () => {
    config({ folder: './vault' });
    mkdirSync(join(cwd, 'sub'));
    const there = (line: string) => inProcess(line.split(' '), { cwd: join(cwd, 'sub') });
    expect((await there('backup create')).code).toBe(0);
    expect((await there('backup create --output-dir here')).code).toBe(0);
    expect([existsSync(join(cwd, 'vault')), existsSync(join(cwd, 'sub', 'here'))]).toEqual([true, true]);
  });

  test('--upload sends it everywhere, read back; what is sent verifies by itself', async () => {
    const { id, sent } = await result('backup create --upload --pin');
    expect(sent).toMatchObject([{ place: 'offsite', bytes: expect.any(Number) }]);
    expect(await result('backup verify --level 3 --from offsite')).toMatchObject({
      id,
      place: 'offsite',
      ok: true,
      rows: 3,
    });
    const [listed] = (await result('backup list')).backups;
    expect(listed).toMatchObject({
      pinned: true,
      places: [{ place: 'local' }, { place: 'offsite', pinned: true }],
    });
  });

  test('an upload that fails is exit code 1; the backup stays, and push finishes it', async () => {
    writeFileSync(join(cwd, 'offsite'), 'a file where a folder should be');
    const { code, error } = await failure('backup create --upload');
    expect({ code, error }).toMatchObject({
      code: 1,
      error: { code: 'upload-failed', details: { failed: [{ place: 'offsite' }] } },
    });
    rmSync(join(cwd, 'offsite'));
    expect(await result('backup push latest')).toMatchObject({
      id: error.details.id,
      to: [{ place: 'offsite' }],
    });
  });

  test.each([
    ['backup create --upload', {}, 'destination-unknown'],
    [
      'backup create --destination ofsite',
      { destinations: { offsite: { type: 'folder', path: 'x' } } },
      'destination-unknown',
    ],
    ['backup create --encrypt-to age1nonsense', {}, 'recipient-invalid'],
    ['backup create --verify 4', {}, 'assertions-missing'],
    ['backup create --jobs 0', {}, 'option-invalid'],
    ['backup create --verify 5', {}, 'usage'],
    ['backup create --url sqlite::memory:', {}, 'backup-memory'],
  ])('%s is refused before anything is made', async (line, backup, code) => {
    config(backup);
    expect(await failure(line)).toMatchObject({ code: 2, error: { code } });
    if (code !== 'assertions-missing') expect(existsSync(join(cwd, 'backups'))).toBe(false);
  });

  test('a database that is not there makes no backup and no file', async () => {
    expect(await failure('backup create --url sqlite:nowhere.db')).toMatchObject({ code: 1 });
    expect(existsSync(join(cwd, 'nowhere.db'))).toBe(false);
    expect(await failure('backup verify')).toMatchObject({ code: 2, error: { code: 'backup-unknown' } });
  });
});

describe('backup list and show', () => {
  test('newest first, at most as many as asked, what is half made and what is damaged marked', async () => {
    const [first, second, third] = [
      (await result('backup create')).id,
      (await result('backup create --upload')).id,
      (await result('backup create')).id,
    ];
    mkdirSync(join(folderOf(), `.partial-20200101T000000000Z-aaaaaa`));
    rmSync(join(folderOf(), third, 'database.sqlite'));
    const { backups, total } = await result('backup list --limit 3');
    expect(total).toBe(4);
    expect(backups).toMatchObject([
      { id: third, state: 'incomplete', problem: 'its part database.sqlite is missing' },
      { id: second, state: 'complete', places: [{ place: 'local' }, { place: 'offsite' }] },
      { id: first, state: 'complete' },
    ]);
    const { stdout } = await run('backup list --limit all');
    expect(stdout.split('\n')[0]).toContain('incomplete: its part database.sqlite is missing');
    expect(stdout.split('\n')[1]).toContain('local+offsite verified 2');
    expect(stdout.split('\n')[3]).toContain('incomplete: its process ended before it was finished');
  });

  test('a destination that cannot be asked hides nothing of the folder', async () => {
    await run('backup create');
    config({
      destinations: {
        bucket: { type: 's3', bucket: 'b', endpoint: 'http://127.0.0.1:9', accessKeyVariable: 'NO_SUCH' },
      },
    });
    const { code, stdout, stderr } = await run('backup list');
    expect({ code, lines: stdout.trim().split('\n').length }).toEqual({ code: 0, lines: 1 });
    expect(stderr).toContain('bucket could not be asked');
  });

  test('show tells tables, rows and parts; an id may be cut short, and must fit', async () => {
    const { id } = await result('backup create');
    const shown = await result(`backup show ${id.slice(0, 20)}`);
    expect(shown).toMatchObject({
      id,
      manifest: { tables: [{ name: 'users', rows: 3 }], parts: [{ name: 'database.sqlite' }] },
    });
    expect((await run('backup show latest')).stdout).toContain('users: 3 rows');
    expect(await failure('backup show 1999')).toMatchObject({ code: 2, error: { code: 'backup-unknown' } });
    await run('backup create');
    expect(await failure('backup show 2')).toMatchObject({ code: 2, error: { code: 'backup-ambiguous' } });
  });
});

describe('backup verify and drill', () => {
  test('a byte that changed is found from level 1 on, and takes the proof away', async () => {
    const { id } = await result('backup create --verify 3');
    const part = join(folderOf(), id, 'database.sqlite');
    const bytes = readFileSync(part);
    bytes[4200] = (bytes[4200] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    expect(await run('backup verify --level 0')).toMatchObject({ code: 0 });
    const { code, stdout } = await run('backup verify --level 2 --json');
    expect(code).toBe(3);
    expect(JSON.parse(stdout).result).toMatchObject({
      ok: false,
      passed: 0,
      damaged: true,
      problems: ['its part database.sqlite is not the one that was written'],
    });
    expect((await result('backup list')).backups).toMatchObject([{ verified: null }]);
  });

  test('level 4 runs the assertions in what was restored; each row they give is a fault', async () => {
    writeFileSync(
      join(cwd, 'check.sql'),
      '-- nobody without a name\nSELECT * FROM users WHERE name IS NULL;\n\nSELECT 1 WHERE (SELECT count(*) FROM users) < 3;\n',
    );
    config({ assertions: 'check.sql' });
    await run('backup create');
    expect(await result('backup drill')).toMatchObject({
      ok: true,
      level: 4,
      rows: 3,
      restoreMs: expect.any(Number),
    });
    writeFileSync(join(cwd, 'check.sql'), 'SELECT 1;\nSELECT * FROM nowhere;\nSELECT name FROM users;');
    const { code, stdout } = await run('backup drill');
    expect(code).toBe(3);
    expect(stdout).toContain('check.sql:1: the assertion gives 1 row\n');
    expect(stdout).toContain('check.sql:2: the assertion fails: ');
    expect(stdout).toContain('check.sql:3: the assertion gives 3 rows\n');
    expect(stdout).toContain('it would not have helped');
    expect(stdout).not.toContain("'a'");
  });
});

describe('an encrypted backup', () => {
  test('is proven by its hashes where no key is, and wholly where one is; without it nothing is restored', async () => {
    const { generateIdentity, identityToRecipient } = await import('age-encryption');
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    writeFileSync(join(cwd, 'key.txt'), `# a comment\n${identity}\n`);
    const { code, stdout, stderr } = await run(`backup create --encrypt-to ${recipient}`);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('(level 1)\n') });
    expect(stderr).toContain('there is no identity here to open it');
    expect(stdout).toContain('  encrypted\n');
    const [id = ''] = made();
    const kept = readFileSync(join(folderOf(), id, 'database.sqlite'));
    expect([kept.includes('SQLite format 3'), kept.includes('age-encryption.org/v1')]).toEqual([false, true]);
    expect(await failure('backup verify --level 2')).toMatchObject({
      code: 2,
      error: { code: 'backup-key-missing' },
    });
    expect(await result('backup verify --level 3 --identity key.txt')).toMatchObject({ ok: true, rows: 3 });
    expect(await result('backup drill', { TIDEMARK_AGE_IDENTITY: 'key.txt' })).toMatchObject({ ok: true });
    await sql('DELETE FROM users');
    expect(await failure('backup restore latest --yes')).toMatchObject({ code: 2 });
    expect(made()).toEqual([id]);
    expect(await names()).toEqual([]);
    const restored = await run('backup restore latest --yes --identity key.txt');
    expect(restored.code).toBe(0);
    expect(await names()).toEqual(['a', 'b', 'c']);
    // What was there before comes to lie beside an encrypted backup: it is none that anybody reads.
    const before = made().find((made) => made !== id) ?? '';
    expect(await result(`backup show ${before}`)).toMatchObject({ trigger: 'pre-restore' });
    expect(readFileSync(join(folderOf(), before, 'database.sqlite')).includes('SQLite format 3')).toBe(false);
    expect(restored.stderr).toContain(`encrypted to ${recipient}, as the backup that comes back`);
    for (const line of ['backup list', 'backup show latest', 'backup verify --identity key.txt --json']) {
      const printed = await run(line);
      expect(printed.stdout + printed.stderr).not.toContain('AGE-SECRET-KEY');
    }
  });
});

describe('backup pin, unpin and prune', () => {
  test('each backup is told why it stays or goes; a pin keeps it, off it goes', async () => {
    const ids: string[] = [];
    for (let days = 8; days > 0; days -= 1)
      ids.unshift(await age((await result('backup create')).id, days * 10));
    await run(`backup pin ${ids[7]}`);
    const dry = await result('backup prune --dry-run --keep-days 15 --min-keep 2');
    expect(dry.places[0]?.decisions.map(({ id, keep }) => [id, keep])).toEqual(
      ids.map((id, at) => [id, at < 2 || at === 7]),
    );
    expect(made()).toHaveLength(8);
    const { code, stdout } = await run('backup prune --keep-days 15 --min-keep 2');
    expect(code).toBe(0);
    expect(stdout).toContain('local: deleted 5 of 8 backups\n');
    expect(stdout).toContain(`deleted ${ids[3]}  no rule keeps it`);
    expect(stdout).toMatch(new RegExp(`keep {4}${ids[7]} {2}pinned`));
    await run(`backup unpin ${ids[7]}`);
    expect((await result('backup prune --keep-days 15 --min-keep 2')).places[0]?.decisions).toHaveLength(3);
    expect(made().sort()).toEqual([ids[1], ids[0]].sort());
  });

  test('flags win over variables, variables over the configuration; a place has its own', async () => {
    config({
      retention: { keepDays: 50, minKeep: 1 },
      destinations: { offsite: { type: 'folder', path: './offsite', retention: { minKeep: 3 } } },
    });
    const ids: string[] = [];
    for (let days = 4; days > 0; days -= 1)
      ids.unshift(await age((await result('backup create')).id, days * 20));
    for (const id of ids) await run(`backup push ${id}`);
    const kept = async (line: string, env: Env = {}) =>
      (await result(`${line} --dry-run`, env)).places.map(
        ({ decisions }) => decisions.filter(({ keep }) => keep).length,
      );
    expect(await kept('backup prune')).toEqual([2, 3]);
    expect(await kept('backup prune', { BACKUP_KEEP_DAYS: '70' })).toEqual([3, 3]);
    expect(await kept('backup prune', { BACKUP_MIN_KEEP: '4', BACKUP_KEEP_DAYS: '1' })).toEqual([4, 4]);
    expect(await kept('backup prune --keep-days 1 --min-keep 2', { BACKUP_MIN_KEEP: '4' })).toEqual([2, 2]);
    expect(await kept('backup prune --destination offsite')).toEqual([3]);
  });

  test.each([
    ['BACKUP_KEEP_DAYS', ''],
    ['BACKUP_KEEP_DAYS', '0'],
    ['BACKUP_KEEP_DAYS', '-1'],
    ['BACKUP_KEEP_DAYS', '30d'],
    ['BACKUP_KEEP_DAYS', '1e3'],
    ['BACKUP_MIN_KEEP', ' 5'],
    ['BACKUP_MIN_KEEP', '0'],
    ['BACKUP_MIN_KEEP', 'off'],
    ['BACKUP_MIN_KEEP', 'NaN'],
    ['BACKUP_INTERVAL_HOURS', '24h'],
    ['BACKUP_INTERVAL_HOURS', '0'],
    ['BACKUP_CLEANUP_INTERVAL_DAYS', ''],
  ])('%s=%j is refused by its name, and nothing goes', async (name, value) => {
    await age((await result('backup create')).id, 99);
    const { code, error } = await failure('backup prune --min-keep 1', { [name]: value });
    expect({ code, error }).toMatchObject({
      code: 2,
      error: { code: 'variable-invalid', message: expect.stringContaining(name) },
    });
    expect(made()).toHaveLength(1);
  });

  test.each(['--keep-days 0', '--keep-days=-3', '--min-keep 0', '--keep-daily x', '--keep-days 1.5'])(
    '%s is wrong usage',
    async (flag) => {
      expect(await failure(`backup prune ${flag}`)).toMatchObject({
        code: 2,
        error: { code: 'option-invalid' },
      });
    },
  );

  test('more than half, and more than ten, go with --force alone', async () => {
    for (let days = 13; days > 0; days -= 1) await age((await result('backup create')).id, days * 40);
    const line = 'backup prune --keep-days 1 --min-keep 1';
    const refused = await failure(line);
    expect(refused).toMatchObject({ code: 4, error: { code: 'prune-too-much' } });
    expect(made()).toHaveLength(13);
    await result(`${line} --force`);
    expect(made()).toHaveLength(1);
  });

  test('a clock behind the newest backup deletes nothing, and says so with 4', async () => {
    await age((await result('backup create')).id, -2);
    expect(await failure('backup prune')).toMatchObject({ code: 4, error: { code: 'clock-behind' } });
    expect(made()).toHaveLength(1);
  });
});

describe('backup fetch and push', () => {
  test('a backup comes back from a destination, and is whole', async () => {
    const { id } = await result('backup create --upload');
    rmSync(join(cwd, 'backups'), { recursive: true });
    expect(await result('backup fetch latest')).toMatchObject({
      id,
      from: 'offsite',
      to: [{ place: 'local' }],
    });
    expect(await result('backup verify --from local')).toMatchObject({ id, ok: true });
    expect((await run('backup fetch latest')).stdout).toBe(`${id} is in the folder already\n`);
  });

  test('a push that was interrupted goes on with what is missing', async () => {
    const { id } = await result('backup create --upload');
    const folder = join(cwd, 'offsite', readdirSync(join(cwd, 'offsite'))[0] ?? '', id);
    rmSync(join(folder, 'manifest.json'));
    expect((await result('backup list')).backups[0]?.places[1]).toMatchObject({ state: 'incomplete' });
    expect(await result(`backup push ${id} --to offsite`)).toMatchObject({
      to: [{ place: 'offsite', kept: 1 }],
    });
  });
});

describe('backup status', () => {
  test('never, ok, overdue: by exit code', async () => {
    expect((await run('backup status')).code).toBe(3);
    const { id } = await result('backup create');
    expect(await result('backup status')).toMatchObject({
      verdict: 'ok',
      last: { id, rows: 3 },
      lastProven: null,
      complete: 1,
    });
    await run('backup verify --level 3');
    expect(await result('backup status')).toMatchObject({ lastProven: { id } });
    await age(id, 1.03);
    expect(await result('backup status')).toMatchObject({ verdict: 'due' });
    expect(await run('backup status --interval 1h')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('is overdue'),
    });
    expect(await run('backup status', { BACKUP_INTERVAL_HOURS: '2' })).toMatchObject({ code: 3 });
    expect(await run('backup status --interval 2d', { BACKUP_INTERVAL_HOURS: '2' })).toMatchObject({
      code: 0,
    });
    expect(await failure('backup status --interval 24')).toMatchObject({
      code: 2,
      error: { code: 'interval-invalid' },
    });
  });

  test('a server that is away takes the verdict from nobody', async () => {
    const { code, stdout } = await run('backup status --url postgres://u@127.0.0.1:1/gone');
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringContaining('gone was never backed up'),
    });
    expect(stdout).toContain('what restores keep is not known: the server cannot be asked');
  });

  test('half-made leftovers are named', async () => {
    await run('backup create');
    mkdirSync(join(folderOf(), '.partial-20200101T000000000Z-aaaaaa'));
    const { stdout } = await run('backup status');
    expect(stdout).toContain('left half made: 20200101T000000000Z-aaaaaa');
  });
});

describe('hooks, health check and numbers', () => {
  test('are told of a success and of a failure, and stop nothing when they fail', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.statusCode = asked.length === 1 ? 500 : 200;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const note = (word: string) => [
        process.execPath,
        '-e',
        `require('fs').appendFileSync('log', '${word} ' + [process.env.TIDEMARK_BACKUP_MOMENT, process.env.TIDEMARK_BACKUP_ROWS, process.env.TIDEMARK_BACKUP_ERROR].join('|') + '\\n')`,
      ];
      const { port } = server.address() as AddressInfo;
      config({
        hooks: {
          before: ['no-such-program; touch pwned', '$(touch pwned)'],
          after: note('after'),
          failed: note('failed'),
        },
        ping: `http://127.0.0.1:${port}/check/0123456789`,
        metricsFile: 'backup.prom',
      });
      const first = await run('backup create');
      expect(first.code).toBe(0);
      expect(first.stderr).toContain('the hook "before" (no-such-program; touch pwned) failed');
      expect(first.stderr).toContain('answered 500');
      expect(first.stderr).not.toContain('0123456789');
      expect(readFileSync(join(cwd, 'backup.prom'), 'utf8')).toMatch(
        /tidemark_backup_failures\{database="app\.db"\} 0\n[\s\S]*tidemark_backup_rows\{database="app\.db"\} 3\n/,
      );
      writeFileSync(join(cwd, 'app.db'), 'this is no database at all, not even a small one'.repeat(100));
      expect((await run('backup create')).code).toBe(1);
      expect(asked).toEqual([
        '/check/0123456789/start',
        '/check/0123456789',
        '/check/0123456789/start',
        '/check/0123456789/fail',
      ]);
      const log = readFileSync(join(cwd, 'log'), 'utf8').split('\n');
      expect(log[0]).toBe('after after|3|');
      expect(log[1]).toMatch(/^failed failed\|\|.+/);
      expect(existsSync(join(cwd, 'pwned'))).toBe(false);
      expect(readFileSync(join(cwd, 'backup.prom'), 'utf8')).toMatch(
        /tidemark_backup_failures\{database="app\.db"\} 1\n/,
      );
      expect(made()).toHaveLength(1);
    } finally {
      server.close();
    }
  });
});

describe('backup schedule --once', () => {
  test('makes one when it is due, sends it, and nothing when it is not', async () => {
    expect(await result('backup schedule --once')).toMatchObject({ backups: 1, failures: 0, endedBy: null });
    expect(await result('backup schedule --once')).toMatchObject({ backups: 0, failures: 0 });
    const [listed] = (await result('backup list')).backups;
    expect(listed).toMatchObject({ trigger: 'schedule', places: [{ place: 'local' }, { place: 'offsite' }] });
    config({});
    await age(made()[0] ?? '', 2);
    expect((await run('backup schedule --once', { BACKUP_INTERVAL_HOURS: '72' })).stdout).toBe(
      'no backup made\n',
    );
    expect((await run('backup schedule --once --verify-interval 1d')).stderr).toContain(
      'restored and counted (level 3)',
    );
    expect(made()).toHaveLength(2);
  });

  test('what fails ends it with its error; old ones stay', async () => {
    await age((await result('backup create')).id, 99);
    rmSync(join(cwd, 'app.db'));
    expect(await failure('backup schedule --once --interval 1h')).toMatchObject({ code: 1 });
    expect(made()).toHaveLength(1);
  });

  test.each([
    ['--cron nonsense', 'cron-invalid'],
    ['--interval 1h --cron x', 'usage'],
    ['--interval 0h', 'interval-invalid'],
    ['--verify-interval soon', 'interval-invalid'],
  ])('%s is refused', async (flags, code) => {
    expect(await failure(`backup schedule --once ${flags}`)).toMatchObject({ code: 2, error: { code } });
  });
});

describe('backup restore', () => {
  test('asks first; then the old state is back, what was live is kept, and --undo swaps back', async () => {
    const { id } = await result('backup create');
    await sql('DELETE FROM users');
    expect(await failure('backup restore latest')).toMatchObject({
      code: 4,
      error: { code: 'needs-consent' },
    });
    expect(await run('backup restore latest', {}, 'n')).toMatchObject({ code: 4 });
    expect(await names()).toEqual([]);
    const { code, stdout } = await run(`backup restore ${id} --yes`);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`restored ${id} as `),
    });
    expect(stdout).toContain('what was there before is the backup ');
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect((await result('backup list')).backups.map(({ trigger }) => trigger)).toEqual([
      'pre-restore',
      'manual',
    ]);
    expect((await run('backup list')).stdout.match(/put aside by a restore/g)).toHaveLength(1);
    expect(await result('backup restore --undo --yes')).toMatchObject({ undone: true });
    expect(await names()).toEqual([]);
  });

  test('what it keeps is in the status; what a killed one left is, and goes with --repair', async () => {
    const { id } = await result('backup create');
    const live = join(cwd, 'app.db');
    expect(await result('backup restore --repair')).toEqual({ repaired: true, database: live, notes: [] });
    await run('backup restore latest --yes');
    const kept = [{ name: `${live}.before-restore-${id}`, at: null, backup: id, bytes: 8192 }];
    expect(await result('backup status')).toMatchObject({ kept, halfRestored: [], last: { id } });
    expect((await run('backup status')).stdout).toContain(`kept by a restore: ${live}.before-restore-${id}`);

    // As one leaves it that was killed while it made the new file.
    const record = `${live}.tidemark-restore`;
    const done = JSON.parse(readFileSync(record, 'utf8'));
    const incoming = `app.db.restoring-${id}`;
    const outgoing = `app.db.before-restore-${id}-2`;
    writeFileSync(
      record,
      JSON.stringify({
        ...done,
        phase: 'preparing',
        incoming,
        outgoing,
        previous: { ...done, previous: null },
      }),
    );
    writeFileSync(join(cwd, incoming), 'half');
    expect(await result('backup status')).toMatchObject({ kept, halfRestored: [join(cwd, incoming)] });
    const { stdout } = await run('backup restore --repair');
    expect(stdout).toContain('repaired ');
    expect(existsSync(join(cwd, incoming))).toBe(false);
    expect(await result('backup status')).toMatchObject({ kept, halfRestored: [] });
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect(await result('backup restore --undo --yes')).toMatchObject({ undone: true });

    expect((await run('backup restore latest --yes --no-backup-first')).stdout).toContain(
      `  what was there before is kept as ${live}.before-restore-`,
    );
    for (const words of ['latest --repair', '--undo --repair', ''])
      expect(await failure(`backup restore ${words}`.trim())).toMatchObject({
        code: 2,
        error: { code: 'usage' },
      });
  });

  test('what it keeps is removed on request, and nothing else is', async () => {
    const { id } = await result('backup create');
    await run('backup restore latest --yes');
    const kept = `app.db.before-restore-${id}`;
    expect(readdirSync(cwd)).toContain(kept);
    for (const name of ['app.db', 'tidemark.config.json', `app.db.before-restore-${id}-9`, '../app.db'])
      expect(await failure(`backup restore --drop-kept ${name} --yes`)).toMatchObject({
        code: 2,
        error: { code: 'kept-unknown' },
      });
    expect((await run(`backup restore --drop-kept ${kept}`)).code).not.toBe(0);
    expect(readdirSync(cwd)).toContain(kept);
    expect(await result(`backup restore --drop-kept ${kept} --yes`)).toEqual({ dropped: join(cwd, kept) });
    expect(readdirSync(cwd)).not.toContain(kept);
    expect(await result('backup status')).toMatchObject({ kept: [] });
    expect(await failure('backup restore --undo --yes')).toMatchObject({
      error: { code: 'undo-impossible' },
    });
    expect(await names()).toEqual(['a', 'b', 'c']);
    for (const words of [`latest --drop-kept ${kept}`, `--undo --drop-kept ${kept}`])
      expect(await failure(`backup restore ${words}`)).toMatchObject({ code: 2, error: { code: 'usage' } });
  });

  test('production wants the name typed or given, and --yes is not enough', async () => {
    await run('backup create');
    await sql('DELETE FROM users');
    config({}, { production: true });
    for (const flags of ['--yes', '--force other', '--yes --undo'])
      expect((await run(`backup restore ${flags.includes('undo') ? '' : 'latest '}${flags}`)).code).toBe(4);
    expect(await names()).toEqual([]);
    expect((await run('backup restore latest', {}, 'wrong')).code).toBe(4);
    expect((await run('backup restore latest', {}, 'app.db')).code).toBe(0);
    expect(await names()).toEqual(['a', 'b', 'c']);
    expect((await run('backup restore latest --force app.db')).code).toBe(0);
  });

  test('beside it asks nothing and touches nothing; one table comes as a copy', async () => {
    const { path } = await result('backup create');
    await sql("DELETE FROM users WHERE name = 'b'");
    const beside = await result('backup restore latest --to-database yesterday.db');
    expect(beside).toMatchObject({
      mode: 'new-database',
      database: join(cwd, 'yesterday.db'),
      kept: null,
      before: null,
    });
    expect(await failure('backup restore latest --to-database yesterday.db')).toMatchObject({ code: 2 });
    expect(await result('backup restore latest --table users')).toMatchObject({
      mode: 'selection',
      tables: [{ table: 'users', restored: 'users_restored', rows: 3 }],
    });
    expect(await names()).toEqual(['a', 'c']);
    expect((await run(`backup restore ${path} --yes`)).code).toBe(0);
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  test('latest is never the broken state that a restore before it put aside', async () => {
    const { id } = await result('backup create');
    await sql('DELETE FROM users');
    await run('backup restore latest --yes');
    await sql('DELETE FROM users');
    expect(await result('backup restore latest --yes')).toMatchObject({ id });
    expect(await names()).toEqual(['a', 'b', 'c']);
    const aside = (await result('backup list')).backups.filter(({ trigger }) => trigger === 'pre-restore');
    expect(aside).toHaveLength(2);
  });

  test('a backup that is damaged changes nothing', async () => {
    const { path } = await result('backup create');
    await sql('DELETE FROM users');
    const bytes = readFileSync(join(path, 'database.sqlite'));
    bytes[4200] = (bytes[4200] ?? 0) ^ 1;
    writeFileSync(join(path, 'database.sqlite'), bytes);
    expect(await failure(`backup restore ${path} --yes`)).toMatchObject({
      code: 1,
      error: { code: 'backup-damaged' },
    });
    expect(await names()).toEqual([]);
  });

  test('one that is behind the code is said, and migrated on with --migrate', async () => {
    mkdirSync(join(cwd, 'migrations'));
    rmSync(join(cwd, 'app.db'));
    writeFileSync(
      join(cwd, 'migrations', '1000_users.sql'),
      'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);',
    );
    await run('migrate hash');
    await run('migrate up');
    await run('backup create');
    writeFileSync(join(cwd, 'migrations', '2000_tags.sql'), 'CREATE TABLE tags (id INTEGER PRIMARY KEY);');
    await run('migrate hash');
    await run('migrate up');
    const restored = await run('backup restore latest --yes');
    expect(restored.stdout).toContain('the migrations folder has 1 more: "tidemark migrate up"');
    expect(
      await result('backup restore 2 --yes --migrate'.replace(' 2 ', ` ${made().sort()[0]} `)),
    ).toMatchObject({
      heads: ['1000'],
      migrated: ['2000_tags'],
      pending: 0,
    });
  });

  test.each([
    ['backup restore', 'usage'],
    ['backup restore latest --undo', 'usage'],
    ['backup restore latest --in-place --yes', 'restore-unsupported'],
    ['backup restore latest --to-database x --migrate', 'usage'],
    ['backup restore ./app.db --yes', 'backup-foreign'],
    ['backup restore ./nowhere --yes', 'backup-unknown'],
  ])('%s is refused with 2', async (line, code) => {
    await run('backup create');
    expect(await failure(line)).toMatchObject({ code: 2, error: { code } });
    expect(await names()).toEqual(['a', 'b', 'c']);
  });
});
