import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// The examples of docs/library.md, as somebody would copy them into a project that has installed Tidemark.

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const examples = [
  ...readFileSync(join(root, 'docs', 'library.md'), 'utf8').matchAll(/^```ts (\S+)\n(.*?)^```$/gms),
].map(([, file, text]) => ({ file: file!, text: text! }));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-library-'));
  const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
  mkdirSync(join(folder, 'migrations'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'tidemark'), 'dir');
  write('package.json', '{ "type": "module" }');
  write('tidemark.config.json', '{ "environments": { "local": { "url": "sqlite:app.db" } } }');
  write('migrations/1_notes.sql', 'CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL);\n');
  write('migrations/1_notes.down.sql', 'DROP TABLE notes;\n');
  for (const { file, text } of examples) write(file, text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(DATABASE_URL|DB_|PG|TIDEMARK)/.test(name),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), NODE_NO_WARNINGS: '1' },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const strips = Boolean((process.features as { typescript?: unknown }).typescript);
const jiti = join(root, 'node_modules', 'jiti', 'lib', 'jiti-cli.mjs');
const example = (file: string) => run(...(strips ? [] : [jiti]), file);

test('are right for the compiler', () => {
  const options = '--noEmit --strict --target es2023 --module nodenext --skipLibCheck --types node';
  const result = run(
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    ...options.split(' '),
    '--typeRoots',
    join(root, 'node_modules', '@types'),
    ...examples.map(({ file }) => file),
  );
  expect(result, result.stdout).toMatchObject({ status: 0 });
});

test('do what the page says they do', () => {
  expect(run(join(root, 'dist', 'cli', 'main.js'), 'migrate', 'hash').status).toBe(0);
  expect(example('check.ts')).toEqual({
    status: 1,
    stdout: '',
    stderr: '2 pending: run "tidemark migrate up"\n',
  });
  const start = example('start.ts');
  expect(start, start.stderr).toMatchObject({ status: 0, stderr: '' });
  expect(start.stdout).toMatch(
    /^notes: \d+ ms\nslugs: \d+ ms\n2 applied, sqlite:.*app\.db is at 20250916081500\n$/,
  );
  expect(example('start.ts').stdout).toContain('0 applied');
  expect(example('check.ts')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(example('test.ts')).toEqual({ status: 0, stdout: '', stderr: '' });
  const backups = example('backups.ts');
  expect(backups, backups.stderr).toMatchObject({ status: 0, stderr: '' });
  expect(backups.stdout).toMatch(/^\d+ rows, restored for proof\nok, the next after \d{4}\n$/);
  const errors = example('errors.ts');
  expect(errors.status).toBe(2);
  expect(errors.stderr).toContain('target-unknown: there is no revision "no_such_migration"\n');
});

test('are all of them run here', () => {
  expect(examples.map(({ file }) => file)).toEqual([
    'start.ts',
    'check.ts',
    'test.ts',
    'backups.ts',
    'errors.ts',
    'migrations/20250916081500_slugs.ts',
  ]);
});
