import type { PostgresUrl, Refuse, SslMode } from './database-url.js';
import { Secret } from './secret.js';

/** Parameters that mean something here, by libpq's name; asyncpg's `ssl` is `sslmode` by another name. */
const PARAMETERS = [
  ...['host', 'hostaddr', 'port', 'user', 'password', 'dbname', 'passfile'],
  ...['sslmode', 'ssl', 'sslrootcert', 'sslcert', 'sslkey'],
  ...['application_name', 'options', 'search_path', 'connect_timeout'],
] as const;

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

/** Parameters of libpq, asyncpg, SQLAlchemy, Prisma and poolers that change nothing for Tidemark. */
const HARMLESS = new Set([
  ...['channel_binding', 'gssencmode', 'krbsrvname', 'gsslib', 'require_auth', 'sslcompression', 'sslcrl'],
  ...['sslsni', 'sslnegotiation', 'ssl_min_protocol_version', 'ssl_max_protocol_version', 'requirepeer'],
  ...['keepalives', 'keepalives_idle', 'keepalives_interval', 'keepalives_count', 'tcp_user_timeout'],
  ...['target_session_attrs', 'load_balance_hosts', 'client_encoding', 'fallback_application_name'],
  ...['prepared_statement_cache_size', 'statement_cache_size', 'prepared_statement_name_func'],
  ...['command_timeout', 'server_settings', 'async_fallback', 'pool_size', 'max_overflow'],
  ...['schema', 'connection_limit', 'pool_timeout', 'socket_timeout', 'pgbouncer', 'uselibpqcompat'],
]);

const SSL_MODES: readonly SslMode[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

interface Parts {
  readonly userInfo: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  readonly database: string;
  readonly query: string | undefined;
}

/**
 * Reads what follows `postgres://`. A password may be percent-encoded or written as it is, with any of
 * `@ : / ? # %` in it: of all the places where the user part could end, the first counts after which
 * everything reads as `host:port/database?known=parameters`.
 */
export function parsePostgresUrl(text: string, refuse: Refuse): PostgresUrl {
  const parts = splitParts(text) ?? explain(text, refuse);
  const parameters = readParameters(parts.query);
  const [user, password] = splitUserInfo(parts.userInfo);
  const secret = parameters.password ?? password;
  const host = parameters.host ?? parameters.hostaddr ?? decode(parts.host);
  if (host.includes(',')) throw severalHosts(refuse);
  const options = [parameters.options, searchPathOption(parameters.search_path)].filter(Boolean).join(' ');
  return {
    engine: 'postgres',
    adapter: 'server',
    host: host.replace(/^\[(.*)\]$/, '$1') || undefined,
    port: readPort(parameters.port ?? parts.port, refuse),
    user: parameters.user ?? user,
    password: secret === undefined ? undefined : new Secret(secret),
    database: parameters.dbname ?? (decode(parts.database) || undefined),
    sslMode: readSslMode(parameters.sslmode ?? parameters.ssl, refuse),
    sslRootCert: parameters.sslrootcert,
    sslCert: parameters.sslcert,
    sslKey: parameters.sslkey,
    applicationName: parameters.application_name,
    options: options || undefined,
    connectTimeout: readSeconds(parameters.connect_timeout, refuse),
    passFile: parameters.passfile,
  };
}

const HOST = String.raw`\[[0-9a-z:.%_-]+\]|[^@:/?#\[\]\s]*`;
const TAIL = new RegExp(
  String.raw`^(?<host>${HOST})(?::(?<port>\d*))?(?:/(?<database>[^@/?]*))?(?:\?(?<query>.*))?$`,
  'isu',
);

function splitParts(text: string): Parts | undefined {
  const withoutUser = readTail(text, undefined);
  if (withoutUser) return withoutUser;
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const parts = readTail(text.slice(at + 1), text.slice(0, at));
    if (parts) return parts;
  }
  return undefined;
}

function readTail(tail: string, userInfo: string | undefined): Parts | undefined {
  const match = TAIL.exec(tail)?.groups;
  if (!match) return undefined;
  const { host = '', port, database = '', query } = match;
  if (query !== undefined && !parameterNames(query).every(isKnown)) return undefined;
  return { userInfo, host, port, database, query };
}

/** Says what is wrong with a text that has no reading. Repeats none of it: any part may be a password. */
function explain(text: string, refuse: Refuse): never {
  const tail = text.slice(text.lastIndexOf('@') + 1);
  const query = /\?(.*)$/s.exec(tail)?.[1];
  const unknown = query === undefined ? undefined : parameterNames(query).find((name) => !isKnown(name));
  if (unknown !== undefined) {
    const near = PARAMETERS.find((name) => looksLike(unknown, name));
    throw refuse(
      near
        ? `it has a parameter that is not known, did you mean "${near}"`
        : 'it has a parameter that is not known',
      ['A question mark that belongs to the password is best written as %3F.'],
    );
  }
  if (/,/.test(tail.replace(/[/?].*$/s, ''))) throw severalHosts(refuse);
  if (/^\[?[^/?]*:[^/?]*:/.test(tail) && !tail.startsWith('['))
    throw refuse('the host has more than one colon', [
      'Write an IPv6 address in brackets: postgres://user@[::1]:5432/database.',
    ]);
  if (/^[^/?]*:[^/?]*\D/.test(tail.replace(/[/?].*$/s, ''))) throw refuse('the port is not a number');
  if (/^[^?]*\/[^?]*\//.test(tail)) throw refuse('there is more than one name after the host');
  throw refuse('the host cannot be read');
}

function severalHosts(refuse: Refuse): Error {
  return refuse('it names several hosts', ['Name the primary only: Tidemark works on one server.']);
}

function parameterNames(query: string): string[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => decode(part.split('=', 1)[0] ?? ''));
}

function isKnown(name: string): boolean {
  return (PARAMETERS as readonly string[]).includes(name) || HARMLESS.has(name);
}

function looksLike(name: string, known: string): boolean {
  const squeezed = (text: string) => text.toLowerCase().replaceAll(/[_-]/g, '');
  const [a, b] = [squeezed(name), squeezed(known)];
  return (
    a.length > 3 &&
    Math.abs(a.length - b.length) <= 1 &&
    (a.startsWith(b.slice(0, -1)) || b.startsWith(a.slice(0, -1)))
  );
}

function readParameters(query: string | undefined): Parameters {
  const entries = (query ?? '').split('&').flatMap((part) => {
    const equals = part.indexOf('=');
    if (equals === -1) return [];
    return [[decode(part.slice(0, equals)), decode(part.slice(equals + 1))] as const];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function splitUserInfo(userInfo: string | undefined): [string | undefined, string | undefined] {
  if (userInfo === undefined) return [undefined, undefined];
  const colon = userInfo.indexOf(':');
  if (colon === -1) return [decode(userInfo) || undefined, undefined];
  return [decode(userInfo.slice(0, colon)) || undefined, decode(userInfo.slice(colon + 1)) || undefined];
}

/** Percent-decodes what can be decoded; the rest stays as it is, so that a raw `%` in a password is one. */
function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Reads a port. Exported for the variables that carry one. */
export function readPort(text: string | undefined, refuse: Refuse): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535)
    throw refuse('the port is not a number from 1 to 65535');
  return port;
}

/** Reads an sslmode, or asyncpg's `true` and `false`. */
export function readSslMode(text: string | undefined, refuse: Refuse): SslMode | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'true' || text === 'no-verify') return 'require';
  if (text === 'false') return 'disable';
  const mode = SSL_MODES.find((known) => known === text);
  if (!mode)
    throw refuse('its sslmode is none of those that exist', [`The modes are ${SSL_MODES.join(', ')}.`]);
  return mode;
}

/** Reads a number of seconds. */
export function readSeconds(text: string | undefined, refuse: Refuse): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw refuse('connect_timeout is not a number of seconds');
  return Math.max(0, Number(text));
}

function searchPathOption(searchPath: string | undefined): string | undefined {
  return searchPath === undefined ? undefined : `-c search_path=${searchPath.replaceAll(/[\\ ]/g, '\\$&')}`;
}
