import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/index.js';
import { hashFolder } from '../../src/migrations/hash-folder.js';
import { tidemark } from '../support/cli.js';

// Every command of the table, in the order of a project's life: each case finds what those before it left.

interface Case {
  /** Words of the command line after the command. */
  readonly args?: readonly string[];
  /** Default 0: anything else is the failure that every command has to have. */
  readonly exit?: 1 | 2 | 3 | 4;
  /** The code of the error; a check that ends with 3 has a result and none. */
  readonly error?: string;
  readonly before?: () => void;
}

const life: Readonly<Record<string, readonly Case[]>> = {
  init: [
    { args: ['new'] },
    {
      args: ['other', '--url', 'postgres://u:secret@localhost/db'],
      exit: 2,
      error: 'password-in-config',
    },
  ],
  'db create': [{}, { args: ['--url', 'mysql://localhost/app'], exit: 2, error: 'url-invalid' }],
  'migrate diff': [
    { args: ['initial', '--dry-run'] },
    { args: ['initial'] },
    { args: ['again'] },
    { args: ['more', '--schema', 'nowhere.sql'], exit: 2, error: 'schema-missing' },
  ],
  'migrate new': [{ args: ['by_hand'] }, { args: ['by_hand', 'and_more'], exit: 2, error: 'usage' }],
  'migrate hash': [{}, { args: ['--migrations', 'bad'], exit: 1, error: 'directive-unknown' }],
  'migrate validate': [
    { args: ['--replay'] },
    { args: ['--migrations', 'bad'], exit: 1, error: 'directive-unknown' },
  ],
  'migrate status': [{}, { args: ['--check'], exit: 3 }],
  'migrate up': [
    { args: ['--sql'] },
    { args: ['--dry-run'] },
    {},
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate current': [{}, { args: ['--url', 'mysql://localhost/app'], exit: 2, error: 'url-invalid' }],
  'migrate history': [
    {},
    { args: ['--all-environments'] },
    { args: ['--range', 'nowhere:'], exit: 2, error: 'target-unknown' },
  ],
  'migrate heads': [
    {},
    { args: ['--migrations', 'forked', '--check'], exit: 3 },
    { args: ['--migrations', 'bad'], exit: 1, error: 'directive-unknown' },
  ],
  'migrate branches': [
    {},
    { args: ['--migrations', 'forked'] },
    { args: ['--migrations', 'bad'], exit: 1, error: 'directive-unknown' },
  ],
  'migrate check': [
    {},
    { args: ['--migrations', 'forked'], exit: 3 },
    { args: ['--migrations', 'bad'], exit: 1, error: 'directive-unknown' },
  ],
  'migrate merge': [
    {},
    { args: ['--migrations', 'forked', '--dry-run'] },
    { args: ['--migrations', 'torn'], exit: 1, error: 'merge-conflict' },
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate rebase': [
    {},
    { args: ['right', '--migrations', 'forked'] },
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate squash': [
    { args: [':', '--dry-run'] },
    { args: ['head:nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate show': [
    { args: ['head'] },
    { args: ['heads'] },
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate down': [
    { args: ['--dry-run'] },
    { args: ['--sql', 'head:base'] },
    {},
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate stamp': [
    { args: ['head', '--dry-run'] },
    { args: ['head', '--sql'] },
    { args: ['head'] },
    { args: ['base'] },
    { args: ['nowhere'], exit: 2, error: 'target-unknown' },
  ],
  'migrate import': [
    { args: ['old', '--from', 'dbmate', '--migrations', 'brought', '--dry-run'] },
    { args: ['old', '--from', 'dbmate', '--migrations', 'brought', '--no-record'] },
    { args: ['nowhere', '--from', 'dbmate'], exit: 2, error: 'import-not-found' },
  ],
  status: [{}, { args: ['--check'], exit: 3 }],
  'schema inspect': [{}, { args: ['nowhere.sql'], exit: 2, error: 'schema-missing' }],
  'schema diff': [
    { before: () => writeFileSync(join(cwd, 'schema.sql'), CHANGED) },
    { args: ['--check'], exit: 3 },
  ],
  'schema snapshot': [{}, { args: ['--url', 'sqlite:nowhere.db'], exit: 1, error: 'cannot-connect' }],
  'schema apply': [
    { exit: 4, error: 'needs-consent' },
    { args: ['--dry-run'] },
    { args: ['--yes', '--lock-timeout', '2s'] },
  ],
  'schema detect': [
    { args: ['--dry-run'], exit: 3 },
    { args: ['--migrations', 'detected'] },
    { args: ['--snapshot'], exit: 2, error: 'usage' },
  ],
  'db check': [{}, { args: ['--url', 'pglite:memory'] }, { args: ['--require', 'table:nowhere'], exit: 3 }],
  'db shell': [
    { args: ['-c', 'SELECT count(*) AS n FROM users', '-c', 'SELECT 1; SELECT 2'] },
    { args: ['-c', 'SELECT * FROM nowhere'], exit: 1, error: 'statement-failed' },
  ],
  'backup schedule': [{ args: ['--once'] }, { args: ['--cron', 'x'], exit: 2, error: 'cron-invalid' }],
  'backup create': [
    { args: ['--dry-run'] },
    { args: ['--tag', 'x', '--pin', '--verify', '3'] },
    { args: ['--destination', 'nowhere'], exit: 2, error: 'destination-unknown' },
  ],
  'backup status': [
    {},
    { args: ['--config', 'elsewhere.json'], exit: 3 },
    { args: ['--interval', '1'], exit: 2, error: 'interval-invalid' },
  ],
  'backup list': [{}, { args: ['--limit', '0'], exit: 2, error: 'option-invalid' }],
  'backup show': [{ args: ['latest'] }, { args: ['nowhere'], exit: 2, error: 'backup-unknown' }],
  'backup verify': [{ args: ['--level', '3'] }, { args: ['nowhere'], exit: 2, error: 'backup-unknown' }],
  'backup drill': [{}, { args: ['--from', 'nowhere'], exit: 2, error: 'destination-unknown' }],
  'backup pin': [{ args: ['latest'] }, { args: ['nowhere'], exit: 2, error: 'backup-unknown' }],
  'backup unpin': [{ args: ['latest'] }, { args: ['nowhere'], exit: 2, error: 'backup-unknown' }],
  'backup prune': [
    { args: ['--dry-run'] },
    {},
    { args: ['--min-keep', '0'], exit: 2, error: 'option-invalid' },
  ],
  'backup fetch': [{ args: ['latest'] }, { args: ['nowhere'], exit: 2, error: 'backup-unknown' }],
  'backup push': [
    { args: ['latest', '--config', 'offsite.json'] },
    { args: ['latest'], exit: 2, error: 'destination-unknown' },
  ],
  'backup restore': [
    { args: ['latest'], exit: 4, error: 'needs-consent' },
    { args: ['latest', '--to-database', 'copy.db'] },
    { args: ['latest', '--table', 'users'] },
    { args: ['latest', '--yes'] },
    { args: ['--undo', '--yes'] },
    { args: ['--repair'] },
  ],
  'db reset': [{ exit: 4, error: 'needs-consent' }, { args: ['--dry-run'] }, { args: ['--yes'] }],
};

const SCHEMA = `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n`;
// A table made anew, with a query for the rows that stop it.
const CHANGED = `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);\n`;

let cwd: string;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-json-'));
  writeFileSync(join(cwd, 'schema.sql'), SCHEMA);
  const destinations = { offsite: { type: 'folder', path: './offsite' } };
  writeFileSync(join(cwd, 'offsite.json'), JSON.stringify({ backup: { destinations } }));
  writeFileSync(join(cwd, 'elsewhere.json'), JSON.stringify({ backup: { folder: 'elsewhere' } }));
  mkdirSync(join(cwd, 'bad'));
  writeFileSync(join(cwd, 'bad', '1_x.sql'), '-- tidemark:nonsense\n');
  await folder('forked', {
    '1_base.sql': 'CREATE TABLE base (id INTEGER);\n',
    '2_left.sql': '-- tidemark:parent 1\nCREATE TABLE left (id INTEGER);\n',
    '3_right.sql': '-- tidemark:parent 1\nCREATE TABLE right (id INTEGER);\n',
  });
  await folder('torn', {
    '1_left.sql': 'CREATE TABLE both (id INTEGER);\n',
    '2_right.sql': '-- tidemark:parent base\nCREATE TABLE both (id INTEGER);\n',
  });
  mkdirSync(join(cwd, 'old'));
  writeFileSync(join(cwd, 'old', '1_x.sql'), '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n');
});
async function folder(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(join(cwd, name));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, name, file), text);
  await hashFolder(join(cwd, name));
}
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const manual = readFileSync(
  fileURLToPath(new URL('../../docs/json-output.md', import.meta.url)),
  'utf8',
).split(/^## /m);
const section = (title: string) => manual.find((text) => text.startsWith(`${title}\n`));

/** What a command's section says, with the shapes that it names. */
function documented(command: string): string {
  const own = section(`\`${command}\``) ?? '';
  const shapes = section('Shared shapes')!.split(/^(?=interface )/m);
  let text = own;
  for (;;) {
    const named = shapes.filter((shape) => {
      const name = /^interface (\w+)/.exec(shape)?.[1];
      return name !== undefined && new RegExp(`\\b${name}\\b`).test(text) && !text.includes(shape);
    });
    if (named.length === 0) return text;
    text += named.join('');
  }
}

/** Objects whose keys are data, not fields. */
const OPEN = new Set(['props', 'info', 'rows', 'details']);

function fieldsOf(value: unknown, command: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldsOf(item, command));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const open = OPEN.has(name) || (command === 'migrate hash' && name === 'files');
    return [name, ...(open ? [] : fieldsOf(inner, command))];
  });
}

test('every command has its cases here, a success and a failure, and its section in the manual', () => {
  const names = commands.map(({ path }) => path.join(' ')).sort();
  expect(Object.keys(life).sort()).toEqual(names);
  for (const [name, cases] of Object.entries(life)) {
    expect(new Set(cases.map(({ exit }) => exit === undefined)), name).toEqual(new Set([true, false]));
    expect(section(`\`${name}\``), name).toBeDefined();
  }
});

describe.each(Object.entries(life))('%s --json', (command, cases) => {
  const titled = cases.map((one) => [(one.args ?? []).join(' '), one.exit ?? 0, one] as const);
  test.each(titled)('%s: exit code %i', async (_, exit, { args = [], error, before }) => {
    before?.();
    const { code, stdout, stderr } = await tidemark([...command.split(' '), ...args, '--json'], {
      cwd,
      env: { DATABASE_URL: 'sqlite:data/app.db' },
    });
    const document = JSON.parse(stdout);
    expect({ code, stderr }, stdout).toEqual({ code: exit, stderr: '' });
    const body = error === undefined ? 'result' : 'error';
    expect(document).toEqual({
      command: error === 'usage' ? '' : command,
      ok: exit === 0,
      [body]: expect.any(Object),
      warnings: expect.any(Array),
    });
    expect(stdout).not.toContain('secret');
    if (error === undefined) {
      const text = documented(command);
      const unknown = fieldsOf(document.result, command).filter(
        (name) => !new RegExp(`\\b${name}\\??:`).test(text),
      );
      expect([...new Set(unknown)]).toEqual([]);
    } else {
      expect(document.error).toMatchObject({
        code: error,
        message: expect.stringMatching(/./),
        hints: expect.any(Array),
        details: expect.any(Object),
      });
    }
  });
});
