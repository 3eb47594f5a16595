import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeEachServer } from '../support/postgres-server.js';
import { type Runner, SentinaiProject } from '../support/sentinai-project.js';

// Many processes a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 });

const HEAD = '20251120090000';
const revisions = [
  '20251103090000',
  '20251104090000',
  '20251106090000',
  '20251110090000',
  '20251112090000',
  '20251117090000',
  '20251119090000',
  HEAD,
];

let project: SentinaiProject;
beforeEach(() => {
  project = new SentinaiProject();
});
afterEach(() => project.remove());

const tables = async () =>
  (
    await project.ask(
      "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
    )
  ).map(({ relname }) => relname);

const all = [
  'domain_pack_version',
  'exception',
  'exception_event',
  'playbook',
  'playbook_step',
  'tenant',
  'tenant_policy_pack_version',
  'tool_definition',
];

/** The revisions that an output names, in its order. */
const named = (output: string) => [...output.matchAll(/(?<!\d)\d{14}(?!\d)/g)].map(([id]) => id);

/** Where the database is, as `current` says it. */
const current = (runner?: Runner) => named(project.must('current', runner));

describeEachServer(
  'a day with migrate-db.sh',
  (server) => {
    beforeEach(() => project.connect(server));

    test('upgrade, current, history, downgrade, stamp, each to wherever Alembic goes', async () => {
      expect(project.must('current')).toContain('base');
      expect(project.must('upgrade head')).toContain(`is at ${HEAD}`);
      expect(await tables()).toEqual(all);
      expect(current()).toEqual([HEAD]);
      expect(new Set(named(project.must('history')))).toEqual(new Set(revisions));

      expect(project.must('downgrade -1')).toContain('is at 20251119090000');
      // The beginning of a revision is enough.
      expect(project.must('downgrade 20251110')).toContain('is at 20251110090000');
      expect(await tables()).toEqual(all.filter((table) => table !== 'tool_definition'));
      expect(project.must('upgrade +1')).toContain('is at 20251112090000');
      expect(project.must('upgrade 20251117090000')).toContain('is at 20251117090000');
      expect(project.must('downgrade base')).toContain('is at base');
      expect(await tables()).toEqual([]);

      project.must('stamp head');
      expect(current()).toEqual([HEAD]);
      project.must('upgrade head');
      expect(await tables()).toEqual([]);
      project.must('stamp base');
      project.must('upgrade');
      expect(await tables()).toEqual(all);
    });
  },
  { embedded: true, newest: true },
);

// On the embedded engine, which needs no connecting: only the way in is another.
describe('a day with npm, where there is no bash', () => {
  test('upgrade, current, history, downgrade, stamp', async () => {
    const must = (words: string) => project.must(words, 'npm');
    must('upgrade head');
    expect(current('npm')).toEqual([HEAD]);
    expect(new Set(named(must('history')))).toEqual(new Set(revisions));
    expect(must('downgrade -1')).toContain('is at 20251119090000');
    expect(must('downgrade 20251104090000')).toContain('is at 20251104090000');
    must('downgrade base');
    expect(await tables()).toEqual([]);
    must('stamp head');
    expect(current('npm')).toEqual([HEAD]);
    // The exit code comes through as well.
    expect(project.migrate('upgrade 20990101', 'npm')).toMatchObject({ status: 2 });
  });
});

describeEachServer(
  'a revision',
  (server) => {
    beforeEach(() => project.connect(server));
    const runner: Runner = server.embedded ? 'npm' : 'migrate-db.sh';

    test('by hand, with an id of one’s own', async () => {
      project.must('upgrade');
      project.must('revision add_channel --revision ae1027a6', runner);
      const files = ['ae1027a6_add_channel.sql', 'ae1027a6_add_channel.down.sql'] as const;
      expect(project.migrations()).toEqual(expect.arrayContaining([...files]));
      project.edit(
        `migrations/${files[0]}`,
        (sql) => `${sql}ALTER TABLE exception ADD COLUMN channel text;\n`,
      );
      project.edit(`migrations/${files[1]}`, (sql) => `${sql}ALTER TABLE exception DROP COLUMN channel;\n`);
      // Nothing runs that was edited and not accepted.
      const refused = project.migrate('upgrade head', runner);
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toContain('migrate hash');
      project.hash();
      expect(project.must('upgrade head', runner)).toContain('is at ae1027a6');
      expect(await project.ask('SELECT channel FROM exception')).toEqual([]);
      expect(project.must(`downgrade ${HEAD}`, runner)).toContain(`is at ${HEAD}`);
      await expect(project.ask('SELECT channel FROM exception')).rejects.toThrow('channel');
    });

    test('from schema.sql: check finds the change, autogenerate writes it, check is content', async () => {
      project.must('upgrade');
      project.must('check', runner);
      project.edit('schema.sql', (sql) =>
        sql.replace('    owner               text,', '    owner               text,\n    channel text,'),
      );
      const found = project.migrate('check', runner);
      expect(found, found.stderr).toMatchObject({ status: 3 });
      expect(found.stdout + found.stderr).toContain('exception.channel');
      project.must(
        runner === 'npm' ? 'autogenerate add_channel' : 'revision --autogenerate add_channel',
        runner,
      );
      project.must('check', runner);
      project.must('upgrade');
      expect(await project.ask('SELECT channel FROM exception')).toEqual([]);
    });
  },
  { embedded: true, newest: true },
);

describeEachServer(
  'out of sync',
  (server) => {
    const LOST = '20251201090000';
    const lost = [`${LOST}_add_channel.sql`, `${LOST}_add_channel.down.sql`];
    const isThere = async () =>
      (
        await project.ask(
          "SELECT FROM pg_attribute WHERE attrelid = 'exception'::regclass AND attname = 'channel'",
        )
      ).length > 0;

    beforeEach(() => project.connect(server));

    /** What `git checkout` does: another branch has a revision more, and its own sum. */
    function checkout(branch: 'main' | 'feature'): void {
      rmSync(project.path('migrations'), { recursive: true });
      cpSync(project.path(branch), project.path('migrations'), { recursive: true });
    }

    function makeBranches(): void {
      cpSync(project.path('migrations'), project.path('main'), { recursive: true });
      writeFileSync(project.path('migrations', lost[0]!), 'ALTER TABLE exception ADD COLUMN channel text;\n');
      writeFileSync(project.path('migrations', lost[1]!), 'ALTER TABLE exception DROP COLUMN channel;\n');
      project.hash();
      cpSync(project.path('migrations'), project.path('feature'), { recursive: true });
    }

    test('a revision that no file has: what is said, and the three ways out', async () => {
      makeBranches();
      project.must('upgrade');
      checkout('main');
      for (const words of ['upgrade', 'upgrade head', 'stamp head']) {
        const refused = project.migrate(words);
        expect(refused, words).toMatchObject({ status: 1 });
        expect(refused.stderr).toContain(`has no file for ${LOST}_add_channel`);
        for (const way of ['another branch', 'version control', 'migrate down', 'migrate stamp --purge']) {
          expect(refused.stderr).toContain(way);
        }
      }
      expect(project.must('current')).toContain(`${LOST} add_channel (ahead: no file here)`);
      expect(await isThere()).toBe(true);

      // One: the file is brought back.
      checkout('feature');
      project.must('upgrade');
      expect(current()).toEqual([LOST]);

      // Two: it is taken down with the text that the database keeps, rows and all.
      checkout('main');
      const down = project.migrate(`downgrade ${HEAD}`);
      expect(down, down.stderr).toMatchObject({ status: 0 });
      expect(down.stderr).toContain('using the text kept in the database');
      expect(await isThere()).toBe(false);
      project.must('upgrade');
      expect(current()).toEqual([HEAD]);

      // Three: the history is written anew, and the schema says what was left behind.
      checkout('feature');
      project.must('upgrade');
      checkout('main');
      project.must('stamp --purge head');
      expect(current()).toEqual([HEAD]);
      project.must('upgrade');
      expect(await isThere()).toBe(true);
      const left = project.tidemark('schema', 'diff', '--check');
      expect(left).toMatchObject({ status: 3 });
      expect(left.stdout).toContain('channel');
    });

    test('made by hand, complete, without a history: refused, then stamped', async () => {
      await project.byHand(readFileSync(project.path('schema.sql'), 'utf8'));
      const refused = project.migrate('upgrade');
      expect(refused).toMatchObject({ status: 4 });
      expect(refused.stderr).toContain('tool_definition');
      expect(refused.stderr).toContain('--baseline');
      project.must('stamp head');
      project.must('upgrade');
      expect(current()).toEqual([HEAD]);
      expect(project.tidemark('schema', 'diff', '--check')).toMatchObject({ status: 0 });
    });

    test('made by hand half way, without a history: --baseline takes it from there', async () => {
      const made = project
        .migrations()
        .filter((file) => !file.endsWith('.down.sql') && file < '20251112')
        .map((file) => readFileSync(project.path('migrations', file), 'utf8'));
      expect(made).toHaveLength(4);
      await project.byHand(made.join('\n'));
      expect(project.must('upgrade --baseline 20251110090000')).toContain(`is at ${HEAD}`);
      expect(await tables()).toEqual(all);
      expect(project.tidemark('schema', 'diff', '--check')).toMatchObject({ status: 0 });
    });
  },
  { newest: true },
);

describeEachServer(
  'which database',
  (server) => {
    beforeEach(() => project.connect(server));

    const parts = () => {
      const url = new URL(project.variables.DATABASE_URL!);
      return {
        DB_HOST: url.hostname,
        DB_PORT: url.port,
        DB_USER: decodeURIComponent(url.username),
        DB_PASSWORD: decodeURIComponent(url.password),
        DB_NAME: url.pathname.slice(1),
      };
    };

    test('DB_* of the shell or of .env, the URL before them, SQLAlchemy’s spelling too; no password is said', () => {
      const run = (words: string, variables: Record<string, string>) =>
        project.migrate(words, 'migrate-db.sh', variables);
      const good = parts();
      expect(run('upgrade --env production', good)).toMatchObject({ status: 0 });

      const lines = Object.entries(good).map(([name, value]) => `${name}="${value.replaceAll('"', '\\"')}"`);
      writeFileSync(project.path('.env'), `${lines.join('\n')}\n`);
      const fromFile = run('current --env production', {});
      expect(named(fromFile.stdout), fromFile.stderr).toEqual([HEAD]);
      rmSync(project.path('.env'));

      const wrong = { ...good, DB_NAME: 'not_there', DB_PASSWORD: 'wrong secret' };
      const url = project.variables.DATABASE_URL!.replace(/^postgres(ql)?:/, 'postgresql+asyncpg:');
      const first = run('current --env production', { ...wrong, DATABASE_URL: url });
      expect(named(first.stdout), first.stderr).toEqual([HEAD]);

      expect(run('current --env production', wrong).status).not.toBe(0);
      expect(run('upgrade --env production --verbose --debug', wrong).status).not.toBe(0);
      for (const secret of [
        good.DB_PASSWORD,
        new URL(url.replace('+asyncpg', '')).password,
        'wrong secret',
      ]) {
        expect(secret.length).toBeGreaterThan(5);
        expect(project.said).not.toContain(secret);
      }
    });

    test('test never means the database of DATABASE_URL; TEST_DATABASE_URL is it', async () => {
      const elsewhere = project.migrate('upgrade --env test');
      expect(elsewhere, elsewhere.stderr).toMatchObject({ status: 0 });
      expect(await tables()).toEqual([]);
      const named = { TEST_DATABASE_URL: project.variables.DATABASE_URL };
      expect(project.migrate('upgrade --env test', 'migrate-db.sh', named)).toMatchObject({ status: 0 });
      expect(await tables()).toEqual(all);
    });
  },
  { newest: true },
);

describe('migrate-db.sh', () => {
  test.each([
    ['', 2, 'upgrade [TARGET]'],
    ['drop', 2, 'no action "drop"'],
    ['upgrade 20990101', 2, '20990101'],
    ['upgrade --env staging', 2, 'staging'],
    ['current --env production', 2, 'DATABASE_URL'],
    ['stamp', 2, 'stamp'],
    ['revision', 2, 'NAME'],
  ])('"%s" ends with %i and says %s', (words, status, message) => {
    const result = project.migrate(words);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
  });

  test('--help says what there is, the same words as npm’s scripts', () => {
    const { scripts } = JSON.parse(readFileSync(project.path('package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const help = project.migrate('--help');
    expect(help.status).toBe(0);
    for (const [name, command] of Object.entries(scripts)) {
      expect(help.stdout).toContain(name.replace('db:', ''));
      // Only words: what cmd.exe runs as well.
      expect(command).toMatch(/^tidemark [a-z ]+$/);
    }
  });

  test('works from any folder, and says how to get tidemark where it is not installed', () => {
    const script = project.path('scripts', 'migrate-db.sh');
    const anywhere = project.run('sh', ['-c', `cd / && "${script}" revision nothing && "${script}" --help`]);
    expect(anywhere, anywhere.stderr).toMatchObject({ status: 0 });
    expect(project.migrations().some((file) => file.endsWith('_nothing.sql'))).toBe(true);
    const missing = project.migrate('current', 'migrate-db.sh', { TIDEMARK: 'tidemark-is-not-here' });
    expect(missing.status).toBe(127);
    expect(missing.stderr).toContain('npm install');
  });
});
