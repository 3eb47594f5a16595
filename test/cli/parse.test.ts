import { describe, expect, it } from 'vitest';
import type { Command } from '../../src/cli/command.js';
import { commands, groups } from '../../src/cli/commands/index.js';
import { globalOptions } from '../../src/cli/global-options.js';
import { asksForJson, type Invocation, parseCommandLine } from '../../src/cli/parse.js';
import { TidemarkError } from '../../src/errors.js';

const table = { commands, groups };
/** Splits at spaces; words in single quotes stay together. */
const argv = (line: string) =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
const parse = (line: string, env = {}) => parseCommandLine(argv(line), table, env);

function run(line: string, env = {}): Extract<Invocation, { kind: 'run' }> {
  const invocation = parse(line, env);
  if (invocation.kind !== 'run') throw new Error(`${line} asks for ${invocation.kind}`);
  return invocation;
}

function complaint(line: string): TidemarkError {
  try {
    parse(line);
  } catch (error) {
    if (error instanceof TidemarkError) return error;
    throw error;
  }
  throw new Error(`${line} was accepted`);
}

it('an option that takes a value with one command takes none with another', () => {
  const prune = run('backup prune --force --json').options;
  expect([prune.flag('force'), prune.flag('json')]).toEqual([true, true]);
  expect(run('backup restore latest --force app --json').options.text('force')).toBe('app');
});

describe('finding the command', () => {
  it.each([
    ['status', ['status'], {}],
    ['migrate status', ['migrate', 'status'], {}],
    ['--env test migrate up', ['migrate', 'up'], {}],
    ['migrate --env test up', ['migrate', 'up'], {}],
    ['migrate up 3', ['migrate', 'up'], { TARGET: '3' }],
    ['migrate up --dry-run 3 --quiet', ['migrate', 'up'], { TARGET: '3' }],
    ['migrate down -1', ['migrate', 'down'], { TARGET: '-1' }],
    ['migrate down -12 --dry-run', ['migrate', 'down'], { TARGET: '-12' }],
    ['migrate down --dry-run -2', ['migrate', 'down'], { TARGET: '-2' }],
    ['migrate down -- -1', ['migrate', 'down'], { TARGET: '-1' }],
    ['migrate up --sql -1:head', ['migrate', 'up'], { TARGET: '-1:head' }],
    ['migrate new -- --odd', ['migrate', 'new'], { NAME: '--odd' }],
    ['migrate stamp a --purge b', ['migrate', 'stamp'], { REVISION: 'a b' }],
    ["migrate diff 'two words'", ['migrate', 'diff'], { NAME: 'two words' }],
  ])('%s', (line, path, args) => {
    const invocation = run(line);
    expect(invocation.command.path).toEqual(path);
    const given = [...invocation.arguments].map(([name, values]) => [name, values.join(' ')]);
    expect(Object.fromEntries(given)).toEqual(args);
  });

  it.each([
    ['--version', { kind: 'version' }],
    ['migrate up -V', { kind: 'version' }],
    ['', { kind: 'help', words: [], asked: true }],
    ['--help', { kind: 'help', words: [], asked: true }],
    ['help', { kind: 'help', words: [], asked: true }],
    ['migrate', { kind: 'help', words: ['migrate'], asked: false }],
    ['migrate --dry-run', { kind: 'help', words: ['migrate'], asked: false }],
    ['migrate --help', { kind: 'help', words: ['migrate'], asked: true }],
    ['help migrate', { kind: 'help', words: ['migrate'], asked: true }],
    ['help migrate up', { kind: 'help', words: ['migrate', 'up'], asked: true }],
    ['migrate up -h', { kind: 'help', words: ['migrate', 'up'], asked: true }],
    ['migrate diff --help', { kind: 'help', words: ['migrate', 'diff'], asked: true }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual(expected);
  });
});

describe('options', () => {
  it('are read wherever they stand, and the last value counts', () => {
    const { options } = run('--env a migrate up --url=postgres://x --env b 1 -qy');
    expect([options.text('env'), options.text('url'), options.flag('quiet'), options.flag('yes')]).toEqual([
      'b',
      'postgres://x',
      true,
      true,
    ]);
    expect([options.flag('json'), options.given('json'), options.text('config')]).toEqual([
      false,
      false,
      undefined,
    ]);
  });

  it('gather lists', () => {
    const { options } = run(
      'schema apply --allow drop-column --schema a.sql --allow=drop-table:users --schema b.sql',
    );
    expect(options.list('allow')).toEqual(['drop-column', 'drop-table:users']);
    expect(options.list('schema')).toEqual(['a.sql', 'b.sql']);
    expect(options.list('exclude')).toEqual([]);
  });

  it('read durations, with their defaults', () => {
    const times = [
      '',
      ' --lock-timeout 500ms',
      ' --lock-timeout 2m',
      ' --lock-timeout=3',
      ' --lock-timeout 1.5s',
      ' --lock-timeout 1h',
      ' --lock-timeout 0',
    ];
    expect(times.map((time) => run(`migrate up${time}`).options.duration('lock-timeout'))).toEqual([
      10_000, 500, 120_000, 3000, 1500, 3_600_000, 0,
    ]);
  });

  it('can be turned off', () => {
    expect(run('db shell').options.flag('psql')).toBe(true);
    expect(run('db shell --no-psql').options.flag('psql')).toBe(false);
    expect(run('db shell --no-psql --psql').options.flag('psql')).toBe(true);
    const { options } = run('status --no-color');
    expect([options.given('color'), options.flag('color')]).toEqual([true, false]);
  });

  it('have environment variables behind them', () => {
    expect(run('status', { TIDEMARK_ENV: 'x' }).options.text('env')).toBe('x');
    expect(run('status --env y', { TIDEMARK_ENV: 'x' }).options.text('env')).toBe('y');
    expect(run('status', { TIDEMARK_ENV: '' }).options.text('env')).toBeUndefined();
  });

  it.each(['-r -2:', '-r=-2:', '-r-2:', '--range -2:', '--range=-2:', '--range -2: --json'])(
    'may begin with a dash where the option says so: %s',
    (line) => {
      expect(run(`migrate history ${line}`).options.text('range')).toBe('-2:');
      expect(complaint('migrate history --range --json').message).toContain('--range needs a value');
      expect(complaint('status --env -2:').message).toContain('--env needs a value');
    },
  );

  it('may have values that begin with a dash when they are joined', () => {
    expect(run('db shell --command=--x').options.list('command')).toEqual(['--x']);
    expect(run("db shell -c 'SELECT 1'").options.list('command')).toEqual(['SELECT 1']);
    expect(run('migrate up --baseline -1').options.text('baseline')).toBe('-1');
  });

  it('that a command does not declare are a mistake of its code', () => {
    const { options } = run('migrate up');
    expect(() => options.flag('nope')).toThrow('the command declares no flag option --nope');
    expect(() => options.text('dry-run')).toThrow('the command declares no text option --dry-run');
  });
});

describe('complaints end with exit code 2 and a way on', () => {
  it.each([
    ['nope', 'unknown command "nope"', '`tidemark --help`'],
    ['statsu', 'unknown command "statsu" (did you mean `tidemark status`?)', '`tidemark --help`'],
    ['migrat up', 'unknown command "migrat" (did you mean `tidemark migrate`?)', '`tidemark --help`'],
    [
      'migrate upp',
      'unknown command "migrate upp" (did you mean `tidemark migrate up`?)',
      '`tidemark migrate --help`',
    ],
    ['upgrade head', 'unknown command "upgrade" (did you mean `tidemark migrate up`?)', '`tidemark --help`'],
    ['migrate downgrade', '(did you mean `tidemark migrate down`?)', '`tidemark migrate --help`'],
    [
      'migrate revision',
      '(did you mean `tidemark migrate new` or `tidemark migrate diff`?)',
      'migrate --help',
    ],
    ['migrate apply', '"migrate apply" (did you mean `tidemark migrate up`?)', '`tidemark migrate --help`'],
    ['schema push', '(did you mean `tidemark schema apply`?)', '`tidemark schema --help`'],
    ['up', 'unknown command "up" (did you mean `tidemark migrate up`?)', '`tidemark --help`'],
    ['diff', '(did you mean `tidemark migrate diff` or `tidemark schema diff`?)', '`tidemark --help`'],
    [
      'migrate up --dryrun',
      'unknown option --dryrun (did you mean --dry-run?)',
      '`tidemark migrate up --help`',
    ],
    ['migrate up --chek', 'unknown option --chek', '`tidemark migrate up --help`'],
    ['migrate up --check', 'unknown option --check', 'It is an option of `tidemark migrate status`.'],
    ['migrate up -x', 'unknown option -x', '`tidemark migrate up --help`'],
    ['migrate up --no-url', 'unknown option --no-url', '`tidemark migrate up --help`'],
    ['migrate up --constructor', 'unknown option --constructor', '`tidemark migrate up --help`'],
    ['--nope', 'unknown option --nope', '`tidemark --help`'],
    ['migrate up --env', '--env needs a value: --env NAME', '`tidemark migrate up --help`'],
    ['migrate up --env --json', '--env needs a value: --env NAME', '`tidemark migrate up --help`'],
    ['migrate up --env=', '--env needs a value that is not empty', '`tidemark migrate up --help`'],
    ['migrate up --dry-run=true', '--dry-run takes no value', '`tidemark migrate up --help`'],
    [
      'migrate up --lock-timeout soon',
      '--lock-timeout must be a time such as 500ms, 10s or 2m, not "soon"',
      '`tidemark migrate up --help`',
    ],
    [
      'schema inspect --format sq',
      '--format must be one of sql, json, not "sq" (did you mean "sql"?)',
      '`tidemark schema inspect --help`',
    ],
    [
      'migrate up 1 2',
      '"2" is one argument too many: `tidemark migrate up` takes at most TARGET',
      '`tidemark migrate up --help`',
    ],
    [
      'status now',
      '"now" is one argument too many: `tidemark status` takes no arguments',
      '`tidemark status --help`',
    ],
    ['migrate diff', 'NAME is missing: what the migration does', '`tidemark migrate diff --help`'],
  ])('%s', (line, message, hint) => {
    const error = complaint(line);
    expect(error.message).toContain(message);
    expect(error.hints.join(' ')).toContain(hint);
    expect([error.code, error.exitCode]).toEqual(['usage', 2]);
  });

  it('are JSON when JSON was asked for, before --', () => {
    expect([asksForJson(['x', '--json']), asksForJson(['x', '--', '--json']), asksForJson([])]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('the table', () => {
  const all: readonly (readonly [string, Command])[] = commands.map((command) => [
    command.path.join(' '),
    command,
  ]);

  it('has every command of the issue once', () => {
    expect(all.map(([path]) => path)).toEqual([
      ...['init', 'status'],
      // In the order of the help: what writes migrations, what runs them, what looks at them, what checks them.
      ...['diff', 'new', 'merge', 'rebase', 'squash'].map((name) => `migrate ${name}`),
      ...['up', 'down', 'stamp'].map((name) => `migrate ${name}`),
      ...['status', 'current', 'history', 'show', 'heads', 'branches'].map((name) => `migrate ${name}`),
      ...['check', 'validate', 'hash', 'import'].map((name) => `migrate ${name}`),
      ...['inspect', 'diff', 'apply', 'snapshot', 'detect'].map((name) => `schema ${name}`),
      ...['create', 'fetch', 'push', 'restore'].map((name) => `backup ${name}`),
      ...['list', 'show', 'status', 'verify', 'drill'].map((name) => `backup ${name}`),
      ...['pin', 'unpin', 'prune', 'schedule'].map((name) => `backup ${name}`),
      ...['check', 'create', 'reset', 'shell'].map((name) => `db ${name}`),
    ]);
  });

  it('gives a name one type and one short form everywhere, but for --force, which the parser asks the command for', () => {
    const seen = new Map<string, string>();
    for (const [path, command] of all) {
      for (const [name, { type, short }] of Object.entries({ ...globalOptions, ...command.options })) {
        const facts = `${type === 'flag'} ${short}`;
        if (name !== 'force') expect([path, name, seen.get(name) ?? facts]).toEqual([path, name, facts]);
        seen.set(name, facts);
        expect(Object.hasOwn(globalOptions, name) && Object.hasOwn(command.options ?? {}, name)).toBe(false);
      }
    }
  });

  it.each(all)('%s: its examples are command lines that it understands', (_, command) => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line } of command.examples) {
      const words = argv(line.replace(/ [<>] \S+$/, ''));
      const invocation = parseCommandLine(words, table);
      expect(invocation).toMatchObject({ kind: 'run', command });
    }
  });

  it.each(all)('%s: says in a line what it and its options do', (_, command) => {
    const texts = [command.summary, ...Object.values(command.options ?? {}).map(({ summary }) => summary)];
    for (const text of texts) expect(text).toMatch(/^[a-z].*[^.]$/);
    for (const [name, option] of Object.entries(command.options ?? {}))
      expect([name, option.type === 'flag' || option.value !== undefined]).toEqual([name, true]);
  });
});
