import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { TidemarkError } from '../errors.js';
import type { PostgresUrl } from './database-url.js';

/** What to connect with: TLS options, or false for plain text. */
export type TlsAttempt = ConnectionOptions | false;

/**
 * The connections to try for a URL's sslmode, in order, as libpq has it: `disable` never uses TLS,
 * `allow` tries without first, `prefer` (the default) tries with first, `require` insists but checks no
 * certificate (unless `sslrootcert` is given, which makes it `verify-ca`), `verify-ca` checks who signed
 * the certificate, `verify-full` also the host name. A unix socket has no TLS.
 *
 * Unlike libpq, `verify-*` without a root certificate falls back on the authorities Node brings, so that
 * hosted databases with public certificates work without a file.
 * @throws TidemarkError `cannot-connect` when a certificate file cannot be read
 */
export async function tlsAttempts(url: PostgresUrl, host: string): Promise<TlsAttempt[]> {
  const mode = url.sslMode ?? 'prefer';
  if (mode === 'disable' || host.startsWith('/')) return [false];
  const rootCert = await rootCertificate(url);
  const verify = mode.startsWith('verify-') || (mode === 'require' && url.sslRootCert !== undefined);
  const tls: ConnectionOptions = {
    rejectUnauthorized: verify,
    ...(rootCert === undefined ? {} : { ca: rootCert }),
    ...(await clientCertificate(url)),
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
  if (mode === 'allow') return [false, tls];
  return mode === 'prefer' ? [tls, false] : [tls];
}

async function rootCertificate(url: PostgresUrl): Promise<Buffer | undefined> {
  if (url.sslRootCert === 'system') return undefined;
  if (url.sslRootCert !== undefined) return readCertificate(url.sslRootCert, 'sslrootcert');
  return readFile(join(homedir(), '.postgresql', 'root.crt')).catch(() => undefined);
}

async function clientCertificate(url: PostgresUrl): Promise<Pick<ConnectionOptions, 'cert' | 'key'>> {
  if (url.sslCert === undefined || url.sslKey === undefined) return {};
  return {
    cert: await readCertificate(url.sslCert, 'sslcert'),
    key: await readCertificate(url.sslKey, 'sslkey'),
  };
}

async function readCertificate(path: string, parameter: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new TidemarkError('cannot-connect', `the file ${path} named by ${parameter} ${reason}`, {
      hints: [`Correct ${parameter}, or leave it out.`],
      cause,
    });
  }
}
