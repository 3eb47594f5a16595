import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findClient } from '../../src/backup/postgres/find-client.js';
import { DanaProject, example } from '../support/dana-project.js';
import { describeEachServer, query } from '../support/postgres-server.js';

// Many processes a test, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 });

let project: DanaProject;
beforeEach(() => {
  project = new DanaProject();
});
afterEach(() => project.remove());

const userTables = `SELECT count(*)::int AS tables FROM pg_class
  WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'audit')`;

describe('the migrations of dana-db', () => {
  test('lead to schema.sql', () => {
    const before = project.migrations();
    expect(before.length).toBeGreaterThan(0);
    const result = project.must('db-migrate-diff NAME=nothing');
    expect(project.migrations(), result.stdout).toEqual(before);
  });

  test('need no make: the list of targets is what the README says', () => {
    const { stdout } = project.must('');
    const readme = readFileSync(join(example, 'README.md'), 'utf8');
    const targets = [...stdout.matchAll(/^(db-[a-z-]+)/gm)].map((match) => match[1]!);
    expect(targets).toHaveLength(9);
    for (const target of targets) expect(readme).toContain(target);
  });
});

describeEachServer(
  'dana-db',
  (server) => {
    test('make: plan, migrate, status, validate', async () => {
      const variables = await project.database(server);
      const plan = project.must('db-migrate-plan', variables);
      expect(plan.stdout).toContain('CREATE EXTENSION IF NOT EXISTS vector');
      expect(plan.stdout).toContain('CREATE TABLE');
      expect(project.must('db-migrate-status', variables).stdout).toMatch(/pending/);
      // Looking leaves a server's database as it was, and makes no embedded one.
      if (server.embedded) expect(existsSync(join(project.folder, '.tidemark'))).toBe(false);
      else expect(await project.ask(userTables, variables)).toEqual([{ tables: 0 }]);

      project.must('db-migrate', variables);
      expect(await project.ask(userTables, variables)).toEqual([{ tables: 31 }]);
      expect(project.script('local status --check', variables).status).toBe(0);
      project.must('db-migrate-validate', variables);
      project.must('db-migrate', variables);
    });

    test('make db-migrate-diff: a change of schema.sql becomes a migration, up and down, with the rows kept', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      project.must('db-shell', { ...variables });
      const insert = "INSERT INTO organisations (slug, name) VALUES ('acme', 'Acme');\n";
      expect(project.make('db-shell', variables, insert).status).toBe(0);

      const before = project.migrations();
      project.edit('schema.sql', (sql) =>
        sql.replace(
          '    archived_at timestamptz\n);\nCOMMENT ON TABLE organisations',
          "    archived_at timestamptz,\n    region      text NOT NULL DEFAULT 'eu'\n);\nCOMMENT ON TABLE organisations",
        ),
      );
      project.must('db-migrate-diff NAME=add_region', variables);
      const added = project.migrations().filter((file) => !before.includes(file));
      expect(added.map((file) => file.replace(/^\d+/, '')).sort()).toEqual([
        '_add_region.down.sql',
        '_add_region.sql',
      ]);
      expect(project.must('db-migrate-plan', variables).stdout).toContain('region');
      project.must('db-migrate', variables);
      expect(await project.ask('SELECT slug, region FROM organisations', variables)).toEqual([
        { slug: 'acme', region: 'eu' },
      ]);
      const down = project.run('sh', ['-c', '$TIDEMARK --yes migrate down'], variables);
      expect(down, down.stderr).toMatchObject({ status: 0 });
      const columns = await project.ask('SELECT * FROM organisations', variables);
      expect(columns).toHaveLength(1);
      expect(columns[0]).not.toHaveProperty('region');
    });

    test('make db-migrate-hash: an edited migration is found, and accepted when that is what was meant', async () => {
      const variables = await project.database(server);
      const file = project.migrations().find((name) => !name.endsWith('.down.sql'))!;
      project.edit(join('migrations', file), (sql) => `${sql}\n-- edited\n`);
      const refused = project.make('db-migrate-validate', variables);
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toContain(file);
      expect(project.make('db-migrate', variables).status).not.toBe(0);
      project.must('db-migrate-hash', variables);
      project.must('db-migrate-validate', variables);
      project.must('db-migrate', variables);

      project.edit(join('migrations', file), (sql) => `${sql}\n-- edited again\n`);
      project.must('db-migrate-hash', variables);
      const edited = project.make('db-migrate', variables);
      expect(edited.status).not.toBe(0);
      expect(edited.stderr).toContain(file.slice(0, 14));
    });

    test('make db-backup: a backup that restores, or the word what to install for one', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      project.make('db-shell', variables, "INSERT INTO users (email, display_name) VALUES ('a@b.c', 'A');\n");
      const find = { env: process.env };
      const client =
        server.embedded || (await findClient('pg_dump', Number(server.name), find).catch(() => undefined));
      const made = project.make('db-backup', variables);
      if (client === undefined) {
        expect(made.status).not.toBe(0);
        expect(made.stderr).toMatch(/postgresql-client-\d+/);
        return;
      }
      expect(made, made.stderr).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/ rows in \d+ tables/),
      });
      const verified = project.run('sh', ['-c', '$TIDEMARK backup verify --level 3'], variables);
      expect(verified, verified.stderr).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('restored and counted'),
      });
      // Without destinations an upload is refused, not forgotten.
      expect(project.make('db-backup UPLOAD=1', variables).status).not.toBe(0);
    });

    test('make db-reset: asks, and starts from nothing', async () => {
      const variables = await project.database(server);
      project.must('db-migrate', variables);
      project.make('db-shell', variables, "INSERT INTO users (email, display_name) VALUES ('a@b.c', 'A');\n");
      const users = () => project.ask('SELECT count(*)::int AS n FROM users', variables);
      expect(await users()).toEqual([{ n: 1 }]);

      const unasked = project.make('db-reset', variables);
      expect(unasked.status).not.toBe(0);
      expect(await users()).toEqual([{ n: 1 }]);

      project.must('db-reset YES=1', variables);
      expect(await users()).toEqual([{ n: 0 }]);
      expect(await project.ask(userTables, variables)).toEqual([{ tables: 31 }]);
    });

    test('make db-shell answers', async () => {
      const variables = await project.database(server);
      const { stdout, status } = project.make('db-shell', variables, 'SELECT 6 * 7 AS answer;\n');
      expect(status).toBe(0);
      expect(stdout).toContain('42');
    });

    // The targets of make work on `local`.
    test.each(server.embedded ? ['test'] : ['docker', 'production'])(
      'migrate.sh %s: every action',
      async (environment) => {
        const variables = await project.database(server);
        const run = (action: string) => project.script(`${environment} ${action}`, variables);
        const pending = run('status --check');
        expect(pending, pending.stderr).toMatchObject({ status: 3 });
        for (const action of ['validate', 'plan', 'apply', 'status --check', 'hash']) {
          const result = run(action);
          expect(result, `${action}: ${result.stderr}`).toMatchObject({ status: 0 });
        }
        expect(await project.ask(userTables, variables, environment)).toEqual([{ tables: 31 }]);
        expect(run('plan').stdout).not.toContain('CREATE TABLE');
      },
    );

    test('01_init_extensions.sql can run before the migrations, and twice', async () => {
      const variables = await project.database(server);
      const script = readFileSync(join(project.folder, 'scripts', '01_init_extensions.sql'), 'utf8');
      for (let time = 0; time < 2; time++) expect(project.make('db-shell', variables, script).status).toBe(0);
      project.must('db-migrate', variables);
    });
  },
  { embedded: true, vector: true },
);

describeEachServer(
  'dana-db on a server',
  (server) => {
    const parts = (url: string) => {
      const { hostname, port, username, password, pathname } = new URL(url);
      const [user, secret] = [username, password].map(decodeURIComponent) as [string, string];
      return {
        DB_HOST: hostname,
        DB_PORT: port,
        DB_USER: user,
        DB_PASSWORD: secret,
        DB_NAME: pathname.slice(1),
      };
    };

    test('DB_HOST and its companions name the database, also in .env, and the password is never said', async () => {
      const { DATABASE_URL } = await project.database(server);
      const variables = parts(DATABASE_URL!);
      expect(project.script('production apply', variables)).toMatchObject({ status: 0 });
      const lines = Object.entries(variables).map(
        ([name, value]) => `${name}="${value.replaceAll('"', '\\"')}"`,
      );
      writeFileSync(join(project.folder, '.env'), `${lines.join('\n')}\n`);
      expect(project.script('production status --check')).toMatchObject({ status: 0 });
      expect(
        project.script('production status', { ...variables, DB_PASSWORD: 'wrong secret' }).status,
      ).not.toBe(0);
      for (const secret of [variables.DB_PASSWORD!, new URL(DATABASE_URL!).password, 'wrong secret']) {
        expect(project.said).not.toContain(secret);
      }
    });

    test('make db-reset ENV=production: only with the name of the database', async () => {
      const variables = await project.database(server);
      const name = new URL(variables.DATABASE_URL!).pathname.slice(1);
      project.must('db-migrate ENV=production', variables);
      await query(variables.DATABASE_URL!, "INSERT INTO users (email, display_name) VALUES ('a@b.c', 'A')");
      for (const consent of ['', ' YES=1', ' FORCE=postgres']) {
        expect(project.make(`db-reset ENV=production${consent}`, variables).status).not.toBe(0);
      }
      expect(await query(variables.DATABASE_URL!, 'SELECT count(*)::int AS n FROM users')).toEqual([
        { n: 1 },
      ]);
      project.must(`db-reset ENV=production FORCE=${name}`, variables);
      expect(await query(variables.DATABASE_URL!, 'SELECT count(*)::int AS n FROM users')).toEqual([
        { n: 0 },
      ]);
    });

    test('a role that may not create extensions migrates once a superuser has run 01_init_extensions.sql', async () => {
      const variables = await project.database(server);
      const url = new URL(variables.DATABASE_URL!);
      const name = url.pathname.slice(1);
      await query(
        url.href,
        `CREATE ROLE ${name}_app LOGIN PASSWORD 'app'; GRANT CREATE ON DATABASE ${name} TO ${name}_app; GRANT CREATE ON SCHEMA public TO ${name}_app`,
      );
      try {
        Object.assign(url, { username: `${name}_app`, password: 'app' });
        const app = { DATABASE_URL: url.href };
        const refused = project.make('db-migrate', app);
        expect(refused.status).not.toBe(0);
        expect(refused.stderr).toContain('vector');
        await query(
          variables.DATABASE_URL!,
          readFileSync(join(project.folder, 'scripts', '01_init_extensions.sql'), 'utf8'),
        );
        project.must('db-migrate', app);
      } finally {
        await query(variables.DATABASE_URL!, `DROP OWNED BY ${name}_app; DROP ROLE ${name}_app`);
      }
    });
  },
  { vector: true },
);

describe('migrate.sh', () => {
  test.each([
    ['', 2, 'apply|status|plan|validate|hash'],
    ['local', 2, 'apply|status|plan|validate|hash'],
    ['local drop', 2, 'no action "drop"'],
    ['staging status', 2, 'staging'],
    ['production status', 2, 'DATABASE_URL'],
  ])('"%s" ends with %i and says %s', (args, status, message) => {
    const result = project.script(args);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
  });

  test('works from any folder', () => {
    const result = project.run('sh', ['-c', `cd / && "${project.folder}/scripts/migrate.sh" local validate`]);
    expect(result, result.stderr).toMatchObject({ status: 0 });
  });

  test('says how to get tidemark where it is not installed', () => {
    const result = project.script('local status', { TIDEMARK: 'tidemark-is-not-here' });
    expect(result.status).toBe(127);
    expect(result.stderr).toContain('npm install');
  });
});
