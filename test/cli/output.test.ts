import { describe, expect, it } from 'vitest';
import { exitCodeOf, printError, reportError } from '../../src/cli/errors.js';
import { maskPasswords, secretsOf } from '../../src/cli/mask.js';
import { Output, type OutputSettings } from '../../src/cli/output.js';
import { makeStyle, wantsColor } from '../../src/cli/style.js';
import { DatabaseError } from '../../src/database/connection.js';
import { TidemarkError } from '../../src/errors.js';

function capture(settings: Partial<OutputSettings> = {}, tty = false) {
  const written = { out: '', err: '' };
  const sink = (key: 'out' | 'err') => ({
    isTTY: tty,
    columns: 40,
    write(text: string) {
      written[key] += text;
    },
  });
  return { written, output: new Output({ stdout: sink('out'), stderr: sink('err'), env: {}, ...settings }) };
}

describe('colours', () => {
  it.each<[string, boolean, Record<string, string>, boolean | undefined, boolean]>([
    ['a terminal', true, {}, undefined, true],
    ['a pipe', false, {}, undefined, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, undefined, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, undefined, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, undefined, true],
    ['FORCE_COLOR', false, { FORCE_COLOR: '1' }, undefined, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, undefined, false],
    ['both', false, { NO_COLOR: '1', FORCE_COLOR: '1' }, undefined, false],
    ['--no-color', true, { FORCE_COLOR: '1' }, false, false],
    ['--color', false, { NO_COLOR: '1' }, true, true],
  ])('%s', (_, isTTY, env, asked, expected) => {
    expect(wantsColor({ isTTY }, env, asked)).toBe(expected);
  });

  it('are written also when the process itself has no terminal', () => {
    expect(makeStyle(true).red('x')).toBe('\u001b[31mx\u001b[39m');
    expect(makeStyle(false).red('x')).toBe('x');
  });
});

describe('output', () => {
  const all = (output: Output) => {
    output.result('result');
    output.note('note');
    output.detail('detail');
    output.warn('warn');
    output.progress('progress');
    output.error('error');
  };
  it.each<[string, Partial<OutputSettings>, string, string]>([
    ['plain', {}, 'result\n', 'note\nwarning: warn\nerror\n'],
    ['quiet', { quiet: true }, 'result\n', 'error\n'],
    ['verbose', { verbose: true }, 'result\n', 'note\ndetail\nwarning: warn\nerror\n'],
    ['json', { json: true, verbose: true }, 'result\n', 'error\n'],
  ])('%s', (_, settings, out, err) => {
    const { written, output } = capture(settings);
    all(output);
    expect(written).toEqual({ out, err });
    expect(output.warnings).toEqual(['warn']);
  });

  it('progress is one line on a terminal, cut to its width and gone before anything else', () => {
    const { written, output } = capture({ env: { NO_COLOR: '1' } }, true);
    output.progress('x'.repeat(60));
    output.result('done');
    expect(written).toEqual({ out: 'done\n', err: `\r\u001b[2K${'x'.repeat(39)}\r\u001b[2K` });
  });

  it('masks passwords in all that is not a result', () => {
    const { written, output } = capture();
    output.secrets.add('s3cret/word');
    output.note('at postgres://u:hunter2@h/d with s3cret/word and s3cret%2Fword');
    expect(written.err).toBe('at postgres://u:***@h/d with *** and ***\n');
  });
});

describe('maskPasswords', () => {
  it.each([
    ['postgres://u:p@h:5432/d', 'postgres://u:***@h:5432/d'],
    ['postgresql+asyncpg://u:p%40x@h/d?x=1', 'postgresql+asyncpg://u:***@h/d?x=1'],
    ['postgres://:p@h/d', 'postgres://:***@h/d'],
    ['postgres://u:a@b:c@h/d and postgres://v:q@i/e', 'postgres://u:***@h/d and postgres://v:***@i/e'],
    ['"postgres://u:p@h/d"', '"postgres://u:***@h/d"'],
    ['host=h password=x user=u', 'host=h password=*** user=u'],
    ["password='a b\\' c' user=u", 'password=*** user=u'],
    ['PGPASSWORD=x psql', 'PGPASSWORD=*** psql'],
    ['DB_PASSWORD="a b"', 'DB_PASSWORD=***'],
    ['postgres://u@h:5432/d', 'postgres://u@h:5432/d'],
    ['at 10:15 mail me@example.com', 'at 10:15 mail me@example.com'],
    ['password authentication failed for user "u"', 'password authentication failed for user "u"'],
    [`3 | CREATE ROLE app LOGIN PASSWORD 's3cr''et';`, `3 | CREATE ROLE app LOGIN PASSWORD '***';`],
    ['ALTER ROLE app PASSWORD $$s3cret$$', "ALTER ROLE app PASSWORD '***'"],
  ])('%s', (text, masked) => {
    expect(maskPasswords(text)).toBe(masked);
  });

  it('leaves ordinary words alone, though somebody uses them as a password', () => {
    expect(maskPasswords('postgres says no', ['postgres', 'no', ''])).toBe('postgres says no');
  });

  it('knows the secrets of the variables', () => {
    const env = { DATABASE_URL: 'postgres://u:p%40ss@h/d', PGPASSWORD: 'a', DB_PASSWORD: '' };
    expect(secretsOf(env)).toEqual(['a', 'p%40ss', 'p@ss']);
  });
});

describe('errors', () => {
  const cause = new DatabaseError('relation "x" does not exist', {
    sqlstate: '42P01',
    detail: 'a detail',
    hint: 'a server hint',
  });
  const error = new TidemarkError('statement-failed', 'it failed', {
    location: { file: '/p/migrations/1.sql', line: 3, column: 7 },
    excerpt: '3 | SELECT x\n           ^',
    hints: ['Do this.', 'Or that.'],
    exitCode: 4,
    details: { sqlstate: '42P01' },
    cause,
  });

  it('say what, where and what next', () => {
    const { written, output } = capture();
    printError(error, output, false, '/p');
    expect(written.err).toBe(
      'error: it failed\n  at migrations/1.sql:3:7\n\n  3 | SELECT x\n             ^\n\n' +
        '  detail: a detail\n  server hint: a server hint\n  sqlstate: 42P01\nhint: Do this.\nhint: Or that.\n',
    );
    expect(written.out).toBe('');
  });

  it('say what the database said once, also when the error that wraps it repeats it', () => {
    const { written, output } = capture();
    const hints = ['Detail: a detail', 'a server hint'];
    printError(new TidemarkError('x', 'it failed', { hints, cause }), output, false, '/p');
    expect(written.err).toBe(
      'error: it failed\n  sqlstate: 42P01\nhint: Detail: a detail\nhint: a server hint\n',
    );
  });

  it('show a stack and the causes only with --debug', () => {
    const { written, output } = capture();
    printError(error, output, true, '/p');
    expect(written.err).toMatch(
      /TidemarkError: it failed\n +at [\s\S]*caused by: .*relation "x" does not exist/,
    );
  });

  it.each<[string, unknown, number, object]>([
    [
      'a TidemarkError',
      error,
      4,
      {
        code: 'statement-failed',
        message: 'it failed',
        location: { line: 3 },
        hints: ['Do this.', 'Or that.'],
      },
    ],
    [
      'a DatabaseError',
      cause,
      1,
      { code: 'database', hints: ['a server hint'], details: { sqlstate: '42P01', detail: 'a detail' } },
    ],
    [
      'a defect',
      new TypeError('x is not a function'),
      1,
      { code: 'internal', message: 'x is not a function' },
    ],
    ['no error at all', 'text', 1, { code: 'internal', message: 'text' }],
  ])('%s has an exit code and a report', (_, thrown, code, report) => {
    expect(exitCodeOf(thrown)).toBe(code);
    expect(reportError(thrown)).toMatchObject(report);
  });
});
