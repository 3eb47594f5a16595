import { spawn } from 'node:child_process';
import type { PostgresUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';

export interface PsqlOptions {
  readonly url: PostgresUrl;
  /** `-c`; none reads standard input. */
  readonly commands: readonly string[];
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Hands the terminal to psql and gives its exit code, or undefined when psql is not installed. The address and
 * the password travel in the environment: arguments can be read by every user of the machine.
 */
export async function runPsql({ url, commands, interactive, env }: PsqlOptions): Promise<number | undefined> {
  const script = interactive ? [] : ['--no-psqlrc', '--set=ON_ERROR_STOP=1'];
  const args = [...script, ...commands.map((command) => `--command=${command}`)];
  const child = spawn('psql', args, {
    stdio: 'inherit',
    env: { ...env, ...(await connectionVariables(url)) },
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}

async function connectionVariables(url: PostgresUrl): Promise<Record<string, string | undefined>> {
  const { host, port, user, password, database } = await resolveEndpoint(url);
  return {
    // Both are looked at by libpq; a PGHOSTADDR of the environment would win over our host.
    PGHOST: host,
    PGHOSTADDR: undefined,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGPASSWORD: password?.reveal(),
    PGPASSFILE: url.passFile,
    PGSSLMODE: url.sslMode,
    PGSSLROOTCERT: url.sslRootCert,
    PGSSLCERT: url.sslCert,
    PGSSLKEY: url.sslKey,
    PGAPPNAME: url.applicationName,
    PGOPTIONS: url.options,
    PGCONNECT_TIMEOUT: url.connectTimeout?.toString(),
  };
}
