import { spawn } from 'node:child_process';

export interface Sqlite3Options {
  readonly path: string;
  /** Each is run in turn; none reads standard input. */
  readonly commands: readonly string[];
  readonly interactive: boolean;
}

/**
 * Hands the terminal to the sqlite3 shell and gives its exit code, or undefined when it is not installed.
 * Foreign keys are enforced, as they are in every session of ours; sqlite3 itself leaves them off.
 */
export async function runSqlite3({
  path,
  commands,
  interactive,
}: Sqlite3Options): Promise<number | undefined> {
  const script = interactive ? [] : ['-batch', '-bail'];
  const child = spawn('sqlite3', [...script, '-cmd', 'PRAGMA foreign_keys = ON', path, ...commands], {
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.once('exit', (code, signal) => resolve(code ?? (signal ? 130 : 1)));
  });
}
