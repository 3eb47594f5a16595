import { isAbsolute, resolve } from 'node:path';
import { TidemarkError } from '../errors.js';
import { fillFromEnvironment } from './libpq-environment.js';
import { parsePostgresUrl } from './postgres-url.js';
import type { Secret } from './secret.js';

/** libpq's names for how much TLS is wanted; what each means is in `postgres-tls.ts`. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A PostgreSQL server. What is undefined comes from the environment, or from psql's defaults. */
export interface PostgresUrl {
  readonly engine: 'postgres';
  readonly adapter: 'server';
  /** A name, an address (IPv6 without brackets), or the folder of a unix socket. */
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  readonly database: string | undefined;
  readonly sslMode: SslMode | undefined;
  /** File of certificate authorities, or `system`. */
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  readonly applicationName: string | undefined;
  /** Server settings for the session, as `postgres -c` takes them. */
  readonly options: string | undefined;
  /** Seconds to wait for the connection; 0 waits for ever. */
  readonly connectTimeout: number | undefined;
  readonly passFile: string | undefined;
}

/** The embedded PostgreSQL: a folder, or memory when `path` is undefined. */
export interface EmbeddedUrl {
  readonly engine: 'postgres';
  readonly adapter: 'embedded';
  readonly path: string | undefined;
}

/** An SQLite file, or memory when `path` is undefined. */
export interface SqliteUrl {
  readonly engine: 'sqlite';
  readonly adapter: 'sqlite';
  readonly path: string | undefined;
}

export type DatabaseUrl = PostgresUrl | EmbeddedUrl | SqliteUrl;

export interface ParseUrlOptions {
  /** Where the text came from, for messages: `DATABASE_URL`, `--url`. */
  readonly source?: string;
  /** Where relative paths start. Default: the working folder. */
  readonly folder?: string;
  /** Variables that fill in what the URL leaves out, as libpq does (`PGHOST`, `PGPASSWORD`, …). */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads a database URL: `postgres://`, `postgresql://` and SQLAlchemy's `postgresql+driver://`;
 * `sqlite:path`, `sqlite:///path` and `sqlite+driver:///path` (SQLAlchemy's count of slashes: three are
 * relative, four absolute); `pglite:folder` and `pglite:memory`. Paths come out absolute.
 * @throws TidemarkError `url-invalid` (exit code 2) that never repeats what could be a password
 */
export function parseDatabaseUrl(text: string, options: ParseUrlOptions = {}): DatabaseUrl {
  const trimmed = text.trim();
  const scheme = /^([a-z][a-z0-9]*)(?:\+[a-z0-9_]+)?:/i.exec(trimmed);
  const rest = trimmed.slice(scheme?.[0].length ?? 0);
  const folder = options.folder ?? process.cwd();
  const refuse = (problem: string, hints?: readonly string[]) => invalidUrl(options.source, problem, hints);
  switch (scheme?.[1]?.toLowerCase()) {
    case 'postgres':
    case 'postgresql': {
      if (!rest.startsWith('//')) throw refuse('"//" is missing after the scheme');
      return fillFromEnvironment(parsePostgresUrl(rest.slice(2), refuse), options.env ?? {}, refuse);
    }
    case 'pglite':
      return embeddedUrl(rest, folder, refuse);
    case 'sqlite':
      return sqliteUrl(rest, folder, refuse);
    case undefined:
      throw refuse('it does not begin with a scheme');
    default:
      throw refuse('its scheme is none that Tidemark knows');
  }
}

function embeddedUrl(rest: string, folder: string, refuse: Refuse): EmbeddedUrl {
  const path = rest.replace(/^\/\/(?=.)/, '');
  if (path === '' || path === '/' || path === '//') throw refuse('the folder is missing');
  const inMemory = /^:?memory(:\/*)?$/.test(path);
  return { engine: 'postgres', adapter: 'embedded', path: inMemory ? undefined : resolve(folder, path) };
}

function sqliteUrl(rest: string, folder: string, refuse: Refuse): SqliteUrl {
  const url = (path: string | undefined): SqliteUrl => ({ engine: 'sqlite', adapter: 'sqlite', path });
  const authority = rest.startsWith('//');
  // Only the form with slashes has parameters; in a plain path a question mark is part of the name.
  const path = authority ? rest.slice(2).replace(/\?.*$/s, '') : rest;
  if (authority && path === '') return url(undefined);
  if (authority && !path.startsWith('/'))
    throw refuse('after sqlite:// comes a third slash', [
      'Write sqlite:path, sqlite:///relative/path or sqlite:////absolute/path.',
    ]);
  const file = authority ? path.slice(1) : path;
  if (file === ':memory:' || file === 'memory') return url(undefined);
  if (file === '') throw refuse('the file is missing');
  return url(isAbsolute(file) ? file : resolve(folder, file));
}

/** The address as messages may show it: everything but the password. */
export function safeUrl(url: DatabaseUrl): string {
  if (url.adapter === 'sqlite') return `sqlite:${url.path ?? ':memory:'}`;
  if (url.adapter === 'embedded') return `pglite:${url.path ?? 'memory'}`;
  const { user, host, port, database } = url;
  const socket = host?.startsWith('/') ?? false;
  const address = host === undefined || socket ? '' : host.includes(':') ? `[${host}]` : host;
  return [
    'postgres://',
    user === undefined ? '' : `${encodeURIComponent(user)}@`,
    address,
    port === undefined ? '' : `:${port}`,
    database === undefined ? '' : `/${encodeURIComponent(database)}`,
    socket ? `${database === undefined ? '/' : ''}?host=${host}` : '',
  ].join('');
}

/** True when the database is on this machine: a file, memory, a unix socket or a loopback address. */
export function isLocal(url: DatabaseUrl): boolean {
  if (url.adapter !== 'server' || url.host === undefined) return true;
  return /^(\/.*|localhost|.*\.localhost|127(\.\d{1,3}){3}|::1)$/i.test(url.host);
}

/** Makes the error for a URL that cannot be read, from what is wrong with it. */
export type Refuse = (problem: string, hints?: readonly string[]) => TidemarkError;

function invalidUrl(
  source: string | undefined,
  problem: string,
  hints: readonly string[] = [],
): TidemarkError {
  return new TidemarkError(
    'url-invalid',
    `${source ?? 'the database URL'} is not a database URL: ${problem}`,
    {
      exitCode: 2,
      hints: [
        ...hints,
        'It should look like postgres://user:password@host:5432/database, pglite:./folder or sqlite:./file.',
      ],
    },
  );
}
