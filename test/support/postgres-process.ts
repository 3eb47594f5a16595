import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresBinaries } from './postgres-binaries.js';

export interface RunningPostgres {
  /** The superuser's address of the database `postgres`, on loopback. */
  readonly url: string;
  /** Holds the unix socket; the socket asks for no password. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Every character that a URL, a shell or a connection string could trip over: no test may escape it. */
const password = `t:de/m@rk ${randomBytes(6).toString('hex')} '%&`;

/**
 * Owns the server and outlives whatever happens to us: at the end of its input, which the kernel closes
 * even when we are killed, it stops the server and removes the folder.
 */
const supervisor = `
  folder=$1; shift
  "$@" >"$folder/log" 2>&1 & server=$!
  cat >/dev/null
  kill -INT $server 2>/dev/null
  for tenth in $(seq 100); do kill -0 $server 2>/dev/null || break; sleep 0.1; done
  kill -QUIT $server 2>/dev/null
  wait $server
  rm -rf "$folder"
`;

/**
 * Makes a cluster in a temporary folder and serves it on a free loopback port, as an unprivileged user
 * when we are root (PostgreSQL refuses root).
 * @param settings server settings, over those that make a test server fast
 * @throws Error with the server's log when it does not come up
 */
export async function startPostgres(
  binaries: PostgresBinaries,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningPostgres> {
  const folder = mkdtempSync(join(tmpdir(), `tidemark-postgres-${binaries.major}-`));
  try {
    const user = unprivilegedUser();
    const bin = reachableBin(binaries.bin, folder, user);
    const data = join(folder, 'data');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
    const locale = process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8';
    execFileSync(
      join(bin, 'initdb'),
      // biome-ignore format: one option a word
      ['-D', data, '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, '--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${passwordFile}`, '--no-sync'],
      { ...user, cwd: folder, stdio: 'pipe' },
    );
    rmSync(passwordFile);
    return await serve(bin, folder, user, {
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: folder,
      ...settings,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function serve(
  bin: string,
  folder: string,
  user: User | undefined,
  settings: Readonly<Record<string, string>>,
): Promise<RunningPostgres> {
  const port = await freePort();
  const options = Object.entries({ ...settings, port }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(
    '/bin/sh',
    ['-c', supervisor, 'sh', folder, join(bin, 'postgres'), '-D', join(folder, 'data'), ...options],
    { ...user, cwd: folder, stdio: ['pipe', 'ignore', 'inherit'], detached: true },
  );
  const url = `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  try {
    await answers(url, child, () => readFileSync(join(folder, 'log'), 'utf8'));
  } catch (error) {
    await end(child);
    throw error;
  }
  return { url, folder, stop: () => end(child) };
}

async function answers(url: string, child: ChildProcess, log: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`PostgreSQL did not start: ${(error as Error).message}\n${log()}`);
      }
      await sleep(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
  });
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((option) => spawnSync('id', [option, name], { encoding: 'utf8' }));
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('running as root, and neither postgres nor nobody exists to run PostgreSQL');
}

/** The binaries where `user` can read them: a checkout below a folder of root's is copied next to the data. */
function reachableBin(bin: string, folder: string, user: User | undefined): string {
  if (spawnSync(join(bin, 'postgres'), ['--version'], { ...user, cwd: tmpdir() }).status === 0) return bin;
  const copy = join(folder, 'native');
  chmodSync(folder, 0o755);
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  // So that the supervisor, which runs as this user, can remove it.
  if (user !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, copy]);
  return join(copy, 'bin');
}
