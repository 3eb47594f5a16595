import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { LockHolder } from './history.js';

/**
 * Finds a process other than this one that has a lock on one of the files, or at least has one open. Linux
 * tells (`/proc/locks`, `/proc/PID/fd`; proc(5)); elsewhere, and for processes of others, it is undefined.
 */
export async function holderOfFiles(paths: readonly string[]): Promise<LockHolder | undefined> {
  if (process.platform !== 'linux') return undefined;
  const pid = (await fromLocks(paths)) ?? (await fromOpenFiles(paths));
  return pid === undefined ? undefined : describeProcess(pid);
}

/** Says in words which process it is. */
export function describeHolder(holder: LockHolder): string {
  return `process ${holder.pid}${holder.application === undefined ? '' : ` (${holder.application})`}`;
}

/** `1: POSIX  ADVISORY  WRITE 4711 08:01:131074 1073741825 1073741825`; a writer counts more than a reader. */
async function fromLocks(paths: readonly string[]): Promise<number | undefined> {
  const inodes = new Set((await Promise.all(paths.map(inodeOf))).filter((inode) => inode !== undefined));
  const text = await readFile('/proc/locks', 'utf8').catch(() => '');
  const found = [...text.matchAll(/^\d+: \S+ +\S+ +(READ|WRITE) +(\d+) +\w+:\w+:(\d+) /gm)]
    .map(([, mode, pid, inode]) => ({ mode, pid: Number(pid), inode: inode! }))
    .filter(({ pid, inode }) => pid > 0 && pid !== process.pid && inodes.has(inode));
  return (found.find(({ mode }) => mode === 'WRITE') ?? found[0])?.pid;
}

async function inodeOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ ino }) => String(ino),
    () => undefined,
  );
}

/** In another PID namespace /proc/locks names nobody; who has the file open is the next best answer. */
async function fromOpenFiles(paths: readonly string[]): Promise<number | undefined> {
  const wanted = new Set(paths);
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const folder = `/proc/${entry}/fd`;
    for (const fd of await readdir(folder).catch(() => [])) {
      if (wanted.has(await readlink(`${folder}/${fd}`).catch(() => ''))) return Number(entry);
    }
  }
  return undefined;
}

async function describeProcess(pid: number): Promise<LockHolder> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // Only the program and its script: what follows may hold a password.
  const [program = '', script = ''] = commandLine.split('\0');
  const isScript = /\.[cm]?[jt]s$|\.py$|\.rb$|\.php$/.test(script);
  const application = [basename(program), isScript ? basename(script) : ''].filter(Boolean).join(' ');
  return {
    pid,
    user: undefined,
    application: application || undefined,
    client: undefined,
    connectedAt: undefined,
    state: undefined,
    query: undefined,
  };
}
