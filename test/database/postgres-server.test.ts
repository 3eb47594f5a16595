import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, DatabaseError } from '../../src/database/connection.js';
import { type PostgresUrl, parseDatabaseUrl } from '../../src/database/database-url.js';
import { connectPostgres } from '../../src/database/postgres-server.js';
import { TidemarkError } from '../../src/errors.js';
import { findPostgres } from '../support/postgres-binaries.js';
import { type RunningPostgres, startPostgres } from '../support/postgres-process.js';
import { describeOldestAndNewest, query, servers, withDatabase } from '../support/postgres-server.js';

const parse = (text: string) => parseDatabaseUrl(text) as PostgresUrl;

async function connected<T>(
  url: string | PostgresUrl,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connectPostgres(typeof url === 'string' ? parse(url) : url);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

async function refusal(url: string | PostgresUrl): Promise<TidemarkError> {
  const error = await connected(url, async () => 'connected').catch((thrown: unknown) => thrown);
  if (error instanceof TidemarkError) return error;
  throw new Error(`expected a TidemarkError, got ${String(error)}`);
}

describeOldestAndNewest('a session', (server) => {
  test('says what it is connected to, never the password', () =>
    withDatabase(server, (url) =>
      connected(url, async (connection) => {
        expect(connection).toMatchObject({ engine: 'postgres', embedded: false });
        expect(String(Math.floor(connection.versionNumber / 10_000))).toBe(server.name);
        expect(await connection.query("SELECT current_setting('server_version_num') AS n")).toEqual([
          { n: String(connection.versionNumber) },
        ]);
        expect(connection.label).not.toContain(decodeURIComponent(new URL(url).password));
        expect(connection.label).toMatch(/^postgres:\/\/postgres@127\.0\.0\.1:\d+\/test_/);
        expect(await connection.query("SELECT current_setting('application_name') AS a")).toEqual([
          { a: 'tidemark' },
        ]);
      }),
    ));

  test('closing cancels what runs, and nothing of it stays', () =>
    withDatabase(server, async (url) => {
      const connection = await connectPostgres(parse(url));
      const watcher = await connectPostgres(parse(url));
      const asleep = () =>
        watcher.query(
          "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
        );
      try {
        await connection.query('CREATE TABLE t (id int)');
        const running = connection
          .executeAll(['BEGIN', 'INSERT INTO t VALUES (1)', 'SELECT pg_sleep(600)', 'COMMIT'])
          .catch((error: unknown) => error);
        const next = connection.query('INSERT INTO t VALUES (2)').catch((error: unknown) => error);
        while ((await asleep()).length === 0);
        await connection.close();
        expect(await running).toMatchObject({ sqlstate: '57014', statement: 2 });
        expect(await next).toMatchObject({ connectionLost: true });
        expect(await asleep()).toEqual([]);
        expect(await watcher.query('SELECT id FROM t')).toEqual([]);
      } finally {
        await watcher.close();
      }
    }));

  test.each(['@:/?#%', 'we;ird\'pass"word\\', '%41%zz', 'ünï cødé', '100%', 'p@ss@host/x?y'])(
    'a role with the password %s',
    async (password) => {
      const admin = await server.adminUrl();
      const role = `r_${randomBytes(5).toString('hex')}`;
      await query(admin, `CREATE ROLE ${role} LOGIN PASSWORD '${password.replaceAll("'", "''")}'`);
      const { host } = new URL(admin);
      const encoded = `postgres://${role}:${encodeURIComponent(password)}@${host}/postgres`;
      const raw = `postgres://${role}:${password}@${host}/postgres`;
      try {
        // A valid escape in a raw password is one: there only the encoded spelling says what is meant.
        for (const url of password.includes('%41') ? [encoded] : [encoded, raw]) {
          expect(await connected(url, (c) => c.query('SELECT current_user::text AS u'))).toEqual([
            { u: role },
          ]);
        }
        const wrong = await refusal(
          `postgres://${role}:${encodeURIComponent(`${password}x`)}@${host}/postgres`,
        );
        expect(wrong).toMatchObject({ code: 'cannot-connect', details: { reason: 'authentication' } });
        expect(JSON.stringify([wrong.message, wrong.hints, wrong.details])).not.toContain(password);
        expect(wrong.hints.join()).toContain('DB_PASSWORD');
      } finally {
        await query(admin, `DROP ROLE ${role}`);
      }
    },
  );

  test('reads the password file, but not one that others can read', async () => {
    const admin = new URL(await server.adminUrl());
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-pgpass-'));
    const file = join(folder, 'pass');
    const password = decodeURIComponent(admin.password).replace(/[\\:]/g, '\\$&');
    writeFileSync(file, `*:*:*:postgres:${password}\n`, { mode: 0o600 });
    const url: PostgresUrl = { ...parse(`postgres://postgres@${admin.host}/postgres`), passFile: file };
    try {
      expect(await connected(url, (c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
      chmodSync(file, 0o644);
      expect((await refusal(url)).details).toMatchObject({ reason: 'password-missing' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('why a connection cannot be made', () => {
  const server = servers()[0]!;
  const reason = async (url: string) => (await refusal(url)).details.reason;
  const withParts = async (parts: Partial<URL>) =>
    Object.assign(new URL(await server.adminUrl()), parts).href;

  test('nothing listens', async () => {
    const error = await refusal('postgres://u:SECRET@127.0.0.1:1/d');
    expect(error).toMatchObject({ code: 'cannot-connect', exitCode: 1, details: { reason: 'refused' } });
    expect(error.message).toBe('cannot connect to 127.0.0.1:1: nothing listens there');
  });
  test('no such host', async () => {
    expect(await reason('postgres://u@no-such-host.invalid/d')).toBe('unknown-host');
  });
  test('no such socket', async () => {
    expect(await reason('postgres:///d?host=/nowhere')).toBe('no-socket');
  });
  test('no such database', async () => {
    const error = await refusal(await withParts({ pathname: '/no such db' }));
    expect(error.details.reason).toBe('no-database');
    expect(error.message).toContain('"no such db"');
    expect(error.hints.join()).toContain('tidemark db create');
  });
  test('no password', async () => {
    expect(await reason(`${await withParts({ password: '' })}?passfile=/nowhere`)).toBe('password-missing');
  });
  test('TLS wanted, not offered', async () => {
    expect(await reason(`${await server.adminUrl()}?sslmode=require`)).toBe('no-tls');
  });
  test('a certificate file that is not there', async () => {
    const error = await refusal(`${await server.adminUrl()}?sslmode=verify-ca&sslrootcert=/nowhere.pem`);
    expect(error.message).toContain('/nowhere.pem');
  });
  test('no answer, and no PostgreSQL', async () => {
    const silent = createServer();
    const hangingUp = createServer((socket) => socket.destroy());
    const port = (s: typeof silent) =>
      new Promise<number>((resolve) =>
        s.listen(0, '127.0.0.1', () => resolve((s.address() as { port: number }).port)),
      );
    try {
      expect(
        await reason(`postgres://u:p@127.0.0.1:${await port(silent)}/d?connect_timeout=1&sslmode=disable`),
      ).toBe('timeout');
      expect(await reason(`postgres://u:p@127.0.0.1:${await port(hangingUp)}/d`)).toBe('not-postgres');
    } finally {
      silent.close();
      hangingUp.close();
    }
  });
});

describe.runIf(spawnSync('openssl', ['version']).status === 0)(
  'sslmode on a server with a certificate of its own making',
  () => {
    let postgres: RunningPostgres;
    let folder: string;
    const at = (host: string, parameters: string) => {
      const url = new URL(postgres.url);
      url.hostname = host;
      return `${url.href}?${parameters}`;
    };
    const usesTls = (url: string) =>
      connected(
        url,
        async (c) => (await c.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'))[0]?.ssl,
      );

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tidemark-tls-'));
      const [certificate, key] = [join(folder, 'server.crt'), join(folder, 'server.key')];
      execFileSync(
        'openssl',
        [
          ...[
            'req',
            '-new',
            '-x509',
            '-nodes',
            '-days',
            '2',
            '-newkey',
            'rsa:2048',
            '-subj',
            '/CN=localhost',
          ],
          ...['-addext', 'subjectAltName=DNS:localhost', '-out', certificate, '-keyout', key],
        ],
        { stdio: 'ignore' },
      );
      chmodSync(folder, 0o755);
      chmodSync(key, 0o600);
      const binaries = findPostgres().find(({ origin }) => origin === 'installed') ?? findPostgres()[0]!;
      if (process.getuid?.() === 0) {
        const uid = Number(execFileSync('id', ['-u', 'postgres'], { encoding: 'utf8' }));
        for (const file of [certificate, key]) chownSync(file, uid, uid);
      }
      postgres = await startPostgres(binaries, { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key });
    });
    afterAll(async () => {
      await postgres?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('a statement is cancelled over TLS too', async () => {
      const connection = await connectPostgres(parse(at('localhost', 'sslmode=require')));
      const running = connection.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
      await connected(at('localhost', 'sslmode=disable'), async (watcher) => {
        const asleep = () => watcher.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
        while ((await asleep()).length === 0);
      });
      await connection.close();
      expect(await running).toMatchObject({ sqlstate: '57014' });
    });

    test.each([
      ['sslmode=disable', false],
      ['sslmode=allow', false],
      ['sslmode=prefer', true],
      ['', true],
      ['sslmode=require', true],
      ['ssl=true', true],
    ])('%s: TLS %s', async (parameters, tls) => {
      expect(await usesTls(at('127.0.0.1', parameters))).toBe(tls);
    });

    test('verify-ca and verify-full need the authority', async () => {
      for (const mode of ['verify-ca', 'verify-full']) {
        expect((await refusal(at('localhost', `sslmode=${mode}`))).details.reason).toBe('certificate');
        expect(await usesTls(at('localhost', `sslmode=${mode}&sslrootcert=${folder}/server.crt`))).toBe(true);
      }
    });
    test('only verify-full minds the name', async () => {
      const root = `sslrootcert=${folder}/server.crt`;
      expect(await usesTls(at('127.0.0.1', `sslmode=verify-ca&${root}`))).toBe(true);
      expect((await refusal(at('127.0.0.1', `sslmode=verify-full&${root}`))).details.reason).toBe(
        'certificate',
      );
    });
    test('require with a root certificate checks it, as libpq does', async () => {
      const other = join(folder, 'other.crt');
      execFileSync(
        'openssl',
        [
          ...['req', '-new', '-x509', '-nodes', '-days', '2', '-newkey', 'rsa:2048', '-subj', '/CN=other'],
          ...['-out', other, '-keyout', join(folder, 'other.key')],
        ],
        { stdio: 'ignore' },
      );
      expect((await refusal(at('localhost', `sslmode=require&sslrootcert=${other}`))).details.reason).toBe(
        'certificate',
      );
    });
    test('where only TLS is let in, or only plain text, prefer and allow find the way', async () => {
      const data = join(postgres.folder, 'data');
      const rules = join(data, 'pg_hba.conf');
      const before = readFileSync(rules, 'utf8');
      const owner = statSync(rules);
      const overSocket = (sql: string) =>
        connected(
          { ...parse(postgres.url), host: postgres.folder },
          async (c) => (await c.query(sql))[0]?.value,
        );
      const use = async (rule: string) => {
        writeFileSync(rules, `local all all trust\n${rule} all all 127.0.0.1/32 scram-sha-256\n`);
        chownSync(rules, owner.uid, owner.gid);
        // The reload is under way only when a new session knows of it; the socket is open to all.
        const loaded = await overSocket('SELECT pg_conf_load_time()::text AS value');
        await overSocket('SELECT pg_reload_conf() AS value');
        while ((await overSocket('SELECT pg_conf_load_time()::text AS value')) === loaded);
      };
      try {
        await use('hostssl');
        expect(await usesTls(at('127.0.0.1', 'sslmode=allow'))).toBe(true);
        expect((await refusal(at('127.0.0.1', 'sslmode=disable'))).details.reason).toBe('not-allowed');
        await use('hostnossl');
        expect(await usesTls(at('127.0.0.1', 'sslmode=prefer'))).toBe(false);
        expect((await refusal(at('127.0.0.1', 'sslmode=require'))).details.reason).toBe('not-allowed');
      } finally {
        await use('host');
        writeFileSync(rules, before);
      }
    });
  },
);

describeOldestAndNewest('a connection lost', (server) => {
  test('in the middle of a statement, and after', async () => {
    const admin = await server.adminUrl();
    const connection = await connectPostgres(parse(admin));
    const [row] = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const lost = connection
      .executeAll(['BEGIN', 'SELECT 1', 'SELECT pg_sleep(60)'])
      .catch((error: unknown) => error);
    while (
      (
        await query(admin, `SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'`, [
          row?.pid,
        ])
      ).length === 0
    );
    await query(admin, 'SELECT pg_terminate_backend($1)', [row?.pid]);
    const error = await lost;
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ connectionLost: true, sqlstate: '57P01', statement: 2 });
    for (const again of [connection.query('SELECT 1'), connection.executeAll(['SELECT 1'])]) {
      await expect(again).rejects.toMatchObject({ name: 'DatabaseError', connectionLost: true });
    }
    await connection.close();
  });

  test('while idle', async () => {
    const admin = await server.adminUrl();
    const connection = await connectPostgres(parse(admin));
    const [row] = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await query(admin, 'SELECT pg_terminate_backend($1)', [row?.pid]);
    while ((await query(admin, 'SELECT FROM pg_stat_activity WHERE pid = $1', [row?.pid])).length > 0);
    await expect(connection.query('SELECT 1')).rejects.toMatchObject({ connectionLost: true });
    await connection.close();
  });
});
