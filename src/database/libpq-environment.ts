import { readFile, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { TidemarkError } from '../errors.js';
import type { PostgresUrl, Refuse } from './database-url.js';
import { readPort, readSeconds, readSslMode } from './postgres-url.js';
import { Secret } from './secret.js';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Fills in what a URL leaves out from libpq's variables: PGHOST (and PGHOSTADDR), PGPORT, PGUSER,
 * PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY, PGPASSFILE, PGOPTIONS, PGAPPNAME,
 * PGCONNECT_TIMEOUT. An empty variable counts as not set.
 * @throws TidemarkError `service-unsupported` (exit code 2) for PGSERVICE: what the service says would be missed
 */
export function fillFromEnvironment(url: PostgresUrl, env: Variables, refuse: Refuse): PostgresUrl {
  const read = (name: string) => env[name] || undefined;
  if (read('PGSERVICE')) throw serviceUnsupported();
  const named =
    (name: string): Refuse =>
    (problem, hints) =>
      refuse(`${problem} (in ${name})`, hints);
  const password = read('PGPASSWORD');
  return {
    ...url,
    host: url.host ?? read('PGHOST') ?? read('PGHOSTADDR'),
    port: url.port ?? readPort(read('PGPORT'), named('PGPORT')),
    user: url.user ?? read('PGUSER'),
    password: url.password ?? (password === undefined ? undefined : new Secret(password)),
    database: url.database ?? read('PGDATABASE'),
    sslMode: url.sslMode ?? readSslMode(read('PGSSLMODE'), named('PGSSLMODE')),
    sslRootCert: url.sslRootCert ?? read('PGSSLROOTCERT'),
    sslCert: url.sslCert ?? read('PGSSLCERT'),
    sslKey: url.sslKey ?? read('PGSSLKEY'),
    applicationName: url.applicationName ?? read('PGAPPNAME'),
    options: url.options ?? read('PGOPTIONS'),
    connectTimeout: url.connectTimeout ?? readSeconds(read('PGCONNECT_TIMEOUT'), named('PGCONNECT_TIMEOUT')),
    passFile: url.passFile ?? read('PGPASSFILE'),
  };
}

function serviceUnsupported(): TidemarkError {
  return new TidemarkError(
    'service-unsupported',
    'PGSERVICE names a service, and Tidemark does not read service files',
    {
      exitCode: 2,
      hints: [
        'Unset PGSERVICE (PGSERVICE= before the command does) and give what the service says in the URL, or in PGHOST, PGPORT, PGUSER and PGDATABASE.',
      ],
    },
  );
}

/** A server's address with every default settled, ready for the driver. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | undefined;
  readonly database: string;
}

/**
 * Settles the defaults as psql does: the user of the operating system, a database of the user's name,
 * the unix socket (where there is one) or localhost, and the password from `~/.pgpass`.
 */
export async function resolveEndpoint(url: PostgresUrl): Promise<Endpoint> {
  const port = url.port ?? 5432;
  const host = url.host ?? (await socketFolder(port)) ?? 'localhost';
  const user = url.user ?? userInfo().username;
  const database = url.database ?? user;
  const password = url.password ?? (await passwordFromFile(url.passFile, { host, port, user, database }));
  return { host, port, user, password, database };
}

async function socketFolder(port: number): Promise<string | undefined> {
  for (const folder of ['/var/run/postgresql', '/tmp']) {
    const found = await stat(join(folder, `.s.PGSQL.${port}`)).catch(() => undefined);
    if (found?.isSocket()) return folder;
  }
  return undefined;
}

async function passwordFromFile(
  file: string | undefined,
  endpoint: Omit<Endpoint, 'password'>,
): Promise<Secret | undefined> {
  const path = file ?? defaultPassFile();
  const info = await stat(path).catch(() => undefined);
  // As libpq: a file that others can read is not trusted.
  if (!info?.isFile() || (process.platform !== 'win32' && (info.mode & 0o077) !== 0)) return undefined;
  const password = findPassword(await readFile(path, 'utf8'), endpoint);
  return password === undefined ? undefined : new Secret(password);
}

function defaultPassFile(): string {
  const roaming = process.platform === 'win32' ? process.env.APPDATA : undefined;
  return roaming === undefined ? join(homedir(), '.pgpass') : join(roaming, 'postgresql', 'pgpass.conf');
}

/**
 * The password of the first line `host:port:database:user:password` that fits, where `*` fits everything
 * and a backslash escapes `:` and `\`. A unix socket goes by the name localhost.
 */
export function findPassword(passFile: string, endpoint: Omit<Endpoint, 'password'>): string | undefined {
  const host = /^(\/var\/run\/postgresql|\/tmp)$/.test(endpoint.host) ? 'localhost' : endpoint.host;
  const wanted = [host, String(endpoint.port), endpoint.database, endpoint.user];
  for (const line of passFile.split(/\r?\n/)) {
    const fields = line.startsWith('#') ? undefined : PASS_FILE_LINE.exec(line)?.slice(1);
    if (!fields || !wanted.every((value, i) => fields[i] === '*' || unescaped(fields[i]!) === value))
      continue;
    return unescaped(fields[4]!);
  }
  return undefined;
}

const FIELD = String.raw`((?:\\.|[^\\:])*):`;

/** Four fields and the password, which is the rest of the line and may hold bare colons. */
const PASS_FILE_LINE = new RegExp(`^${FIELD.repeat(4)}(.*)$`);

function unescaped(field: string): string {
  return field.replace(/\\(.)/g, '$1');
}
