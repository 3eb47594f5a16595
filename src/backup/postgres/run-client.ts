import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import type { PostgresUrl } from '../../database/database-url.js';
import { resolveEndpoint } from '../../database/libpq-environment.js';
import { TidemarkError } from '../../errors.js';
import { aborted } from '../../migrations/abort.js';
import { FILE_MODE } from '../safe-files.js';
import { scratchFolder } from '../scratch-folder.js';
import type { PostgresClient } from './find-client.js';

export interface ClientRun {
  readonly client: PostgresClient;
  readonly args: readonly string[];
  /** The database it connects to; undefined for one that only reads a file. */
  readonly url: PostgresUrl | undefined;
  readonly signal: AbortSignal | undefined;
  /** Takes standard output; without it there must be none. */
  readonly consume?: ((output: Readable) => Promise<void>) | undefined;
}

/** For `--dbname`: a peer that is gone without a word is noticed within two minutes, and not in two hours. */
export const KEEP_ALIVE = 'keepalives_idle=30 keepalives_interval=10 keepalives_count=6';

/** What is kept of what a program complained of. */
const STDERR_BYTES = 16_384;
const TERMINATE_MS = 5_000;

/**
 * The program in a group of its own, with a watcher in it that reads our end of a pipe: when this process dies in
 * whatever way, the pipe closes, and the watcher removes the password's file and ends the whole group, workers
 * included. Without it a killed backup leaves pg_dump holding its locks, and a password lying about.
 */
const SUPERVISOR = `
scratch=$1; shift
"$@" </dev/null & child=$!
{ cat >/dev/null 2>&1; rm -rf -- "$scratch"; kill -TERM 0; } <&3 & watcher=$!
wait "$child"; status=$?
kill "$watcher" 2>/dev/null
exit "$status"
`;

/**
 * Runs pg_dump or pg_restore to its end. Its address travels in variables, its password in a file for its owner alone;
 * of our own variables it sees none but PATH and the locale. Throws TidemarkError: `client-failed` with what it said;
 * `aborted`, when all of it is gone.
 */
export async function runClient({ client, args, url, signal, consume }: ClientRun): Promise<void> {
  if (signal?.aborted) throw aborted(signal);
  const { path: scratch, remove } = await scratchFolder(tmpdir());
  try {
    const env = await clientEnvironment(url, join(scratch, 'pgpass'));
    const posix = process.platform !== 'win32';
    const child = posix
      ? spawn('/bin/sh', ['-c', SUPERVISOR, client.tool, scratch, client.path, ...args], {
          env,
          detached: true,
          stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        })
      : spawn(client.path, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = (name: NodeJS.Signals) => {
      try {
        if (posix && child.pid !== undefined) process.kill(-child.pid, name);
        else child.kill(name);
      } catch {
        // All of it is gone already.
      }
    };
    let last: NodeJS.Timeout | undefined;
    const stop = () => {
      kill('SIGTERM');
      last = setTimeout(() => kill('SIGKILL'), TERMINATE_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let complaints = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-STDERR_BYTES);
    });
    // The watcher's reader goes with our end of its pipe; until then the child does not count as closed.
    child.once('exit', () => (child.stdio[3] as Socket | undefined)?.destroy());
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('close', (code, killed) => resolve(code === 0 ? '' : (killed ?? `exit code ${code}`)));
    });
    try {
      // Taken at once: when the child ends before anybody reads, Node throws away what it wrote.
      const output = new PassThrough();
      const written = child.stdout as Readable;
      written.once('error', (error) => output.destroy(error)).pipe(output);
      output.once('close', () => written.resume());
      const consumed = consume === undefined ? Promise.resolve(void output.resume()) : consume(output);
      consumed.catch(stop);
      const outcome = await ended;
      if (signal?.aborted) throw aborted(signal);
      await consumed;
      if (outcome !== '') throw failed(client, outcome, complaints);
    } finally {
      signal?.removeEventListener('abort', stop);
      clearTimeout(last);
      // A worker that outlived its leader would go on holding locks.
      kill('SIGKILL');
    }
  } finally {
    await remove();
  }
}

async function clientEnvironment(
  url: PostgresUrl | undefined,
  passFile: string,
): Promise<Record<string, string>> {
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    // Messages are shown and looked into; the names in them are UTF-8.
    LC_ALL: process.platform === 'win32' ? undefined : 'C.UTF-8',
    TMPDIR: process.env.TMPDIR,
    SYSTEMROOT: process.env.SYSTEMROOT,
  };
  if (url !== undefined) {
    const { host, port, user, password, database } = await resolveEndpoint(url);
    if (password !== undefined) {
      const text = password.reveal().replace(/[\\:]/g, '\\$&');
      await writeFile(passFile, `*:*:*:*:${text}\n`, { mode: FILE_MODE, flag: 'wx' });
    }
    Object.assign(env, {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSFILE: password === undefined ? undefined : passFile,
      PGSSLMODE: url.sslMode,
      PGSSLROOTCERT: url.sslRootCert,
      PGSSLCERT: url.sslCert,
      PGSSLKEY: url.sslKey,
      PGOPTIONS: url.options,
      PGCONNECT_TIMEOUT: String(url.connectTimeout ?? 15),
      PGAPPNAME: 'tidemark backup',
      PGCLIENTENCODING: 'UTF8',
    });
  }
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

function failed(client: PostgresClient, outcome: string, complaints: string): TidemarkError {
  const said = complaints.trim();
  return new TidemarkError('client-failed', `${client.tool} failed (${outcome})${said === '' ? '' : ':'}`, {
    ...(said === '' ? {} : { excerpt: said }),
    hints: hintsFor(said),
    details: { tool: client.path, version: client.version, outcome },
  });
}

function hintsFor(said: string): string[] {
  if (/permission denied/i.test(said)) {
    return [
      'The role must be able to read every table: GRANT pg_read_all_data TO … (PostgreSQL 14 and later), or use the owner.',
    ];
  }
  if (/row-level security|query would be affected/i.test(said)) {
    return [
      'Row-level security hides rows from this role, and a backup without them would be none. Use a role with BYPASSRLS.',
    ];
  }
  if (/lock timeout|statement timeout|could not obtain lock/i.test(said)) {
    return ['Somebody holds a lock on a table for long. Try again, or wait longer with --lock-timeout.'];
  }
  if (/out of shared memory|max_locks_per_transaction/i.test(said)) {
    return [
      'A dump locks every table, and the server has no room for so many locks. Raise max_locks_per_transaction in its configuration (tables divided by max_connections, and more), and restart it.',
    ];
  }
  if (
    /invalid memory alloc request size|cannot enlarge string buffer|string buffer exceeds maximum allowed length/i.test(
      said,
    )
  ) {
    return [
      'A row has more than 1 GB as text (a bytea takes twice its size), which PostgreSQL cannot send. Split it, keep it as a large object, or leave its table out with --exclude-table-data and save that by other means.',
    ];
  }
  if (/No space left/i.test(said)) return ['Make room, or put the backups elsewhere with --output-dir.'];
  return [];
}
