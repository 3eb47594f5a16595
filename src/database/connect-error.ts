import { TidemarkError } from '../errors.js';
import type { Endpoint } from './libpq-environment.js';

/** Thrown when the server asks for a password and there is none. */
export class PasswordMissing extends Error {}

interface Explanation {
  readonly message: string;
  readonly hints: readonly string[];
}

interface Attempt {
  /** How long it was waited for. */
  readonly seconds: number;
  /** True when the password, if any, came neither from the URL nor from a variable. */
  readonly passwordFromFile: boolean;
}

/**
 * Says in plain words why a server could not be reached, with its address and what to try next.
 * @returns TidemarkError `cannot-connect`; `details.reason` tells the cases apart
 */
export function cannotConnect(error: unknown, endpoint: Endpoint, attempt: Attempt): TidemarkError {
  const address = endpoint.host.startsWith('/')
    ? `${endpoint.host}/.s.PGSQL.${endpoint.port}`
    : `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
  const reason = connectReason(error);
  const { message, hints } = explain(reason, error, endpoint, address, attempt);
  return new TidemarkError('cannot-connect', message, {
    hints,
    cause: error,
    details: {
      reason,
      host: endpoint.host,
      port: endpoint.port,
      database: endpoint.database,
      user: endpoint.user,
    },
  });
}

export type ConnectReason =
  | 'refused'
  | 'unknown-host'
  | 'timeout'
  | 'unreachable'
  | 'no-socket'
  | 'password-missing'
  | 'authentication'
  | 'not-allowed'
  | 'no-database'
  | 'too-many'
  | 'starting'
  | 'closed'
  | 'no-tls'
  | 'certificate'
  | 'not-postgres'
  | 'other';

const BY_CODE: Readonly<Record<string, ConnectReason>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENOENT: 'no-socket',
  EACCES: 'no-socket',
  '28P01': 'authentication',
  '28000': 'not-allowed',
  '3D000': 'no-database',
  '42501': 'not-allowed',
  '53300': 'too-many',
  '57P03': 'starting',
  '55000': 'closed',
};

/** Tells why a connection failed. */
export function connectReason(error: unknown): ConnectReason {
  if (error instanceof PasswordMissing) return 'password-missing';
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const known = BY_CODE[code];
  if (known) return known;
  if (message === 'timeout expired') return 'timeout';
  if (message === 'The server does not support SSL connections') return 'no-tls';
  if (/CERT|SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH/.test(code)) return 'certificate';
  if (
    /Connection terminated|establishing an SSL connection|ECONNRESET|EPROTO|ERR_SSL/.test(
      `${code} ${message}`,
    )
  )
    return 'not-postgres';
  return 'other';
}

function explain(
  reason: ConnectReason,
  error: unknown,
  { host, user, database }: Endpoint,
  address: string,
  { seconds, passwordFromFile }: Attempt,
): Explanation {
  const said = (error as Error).message;
  switch (reason) {
    case 'refused':
      return {
        message: `cannot connect to ${address}: nothing listens there`,
        hints: [
          'Start the server, or correct the host and the port.',
          'Without a server, use pglite:./folder as the URL.',
        ],
      };
    case 'unknown-host':
      return {
        message: `cannot connect to ${address}: there is no host named ${host}`,
        hints: [
          'Correct the host. In a container the host is the name of the database service, not localhost.',
        ],
      };
    case 'timeout':
      return {
        message: `cannot connect to ${address}: no answer within ${seconds} s`,
        hints: [
          'Check that the host is right and that no firewall is between.',
          'Give it longer with connect_timeout in the URL.',
        ],
      };
    case 'unreachable':
      return {
        message: `cannot connect to ${address}: the network does not reach it`,
        hints: ['Check the host and your network.'],
      };
    case 'no-socket':
      return {
        message: `cannot connect to ${address}: there is no such socket, or it may not be opened`,
        hints: ['Start the server, or name its host in the URL.'],
      };
    case 'password-missing':
      return {
        message: `cannot connect to ${address}: the server asks for a password of the user "${user}", and none is given`,
        hints: ['Put it into the URL, into PGPASSWORD or into ~/.pgpass (readable by you alone).'],
      };
    case 'authentication':
      return {
        message: `cannot connect to ${address}: the password of the user "${user}" is wrong, or there is no such user`,
        hints: passwordFromFile
          ? [
              'The password came from the password file (~/.pgpass, or what PGPASSFILE names): correct it there.',
            ]
          : [
              'Correct the user and the password where they come from: the URL, or the variables DB_PASSWORD or PGPASSWORD.',
              "In .env a value with # or spaces needs single quotes: DB_PASSWORD='p#ss'.",
            ],
      };
    case 'not-allowed':
      return {
        message: `cannot connect to ${address}: ${said}`,
        hints: [
          'The rules of the server (pg_hba.conf, or the rights on the database) do not let this user in from here.',
          'If they ask for TLS, add sslmode=require to the URL.',
        ],
      };
    case 'no-database':
      return {
        message: `cannot connect to ${address}: there is no database named "${database}"`,
        hints: ['Create it with `tidemark db create`, or correct the name in the URL.'],
      };
    case 'too-many':
      return {
        message: `cannot connect to ${address}: ${said}`,
        hints: ['Close other connections, or connect to the server directly instead of through a full pool.'],
      };
    case 'starting':
      return { message: `cannot connect to ${address}: ${said}`, hints: ['Wait a moment and try again.'] };
    case 'closed':
      return {
        message: `cannot connect to ${address}: ${said}`,
        hints: [
          'If a restore of it was cut off, put that right: tidemark backup restore --repair',
          'If somebody closed it on purpose, who owns it opens it: ALTER DATABASE … ALLOW_CONNECTIONS true;',
        ],
      };
    case 'no-tls':
      return {
        message: `cannot connect to ${address}: the server does not offer TLS, and sslmode asks for it`,
        hints: ['Set ssl = on in the server, or use sslmode=prefer or sslmode=disable.'],
      };
    case 'certificate':
      return {
        message: `cannot connect to ${address}: the server's certificate is not trusted (${said})`,
        hints: [
          'Name the file of the authority that signed it with sslrootcert.',
          'If the name is what differs, connect by the name in the certificate or use sslmode=verify-ca.',
        ],
      };
    case 'not-postgres':
      return {
        message: `cannot connect to ${address}: the connection was closed before it was made`,
        hints: ['Check that a PostgreSQL server listens there, and what its log says.'],
      };
    case 'other':
      return {
        message: `cannot connect to ${address}: ${said}`,
        hints: ['Check the URL and the log of the server.'],
      };
  }
}
