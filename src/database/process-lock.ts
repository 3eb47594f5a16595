import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock, as its file says. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the system's own words: tells it from a later one with the same number. */
  readonly began: string | undefined;
  readonly token: string;
}

export type LockAttempt = { readonly release: () => void } | { readonly heldBy: LockHolder };

/**
 * Takes a lock that is a file, for this process. The lock of a process that is no more is taken over; the
 * takeover itself is a lock named after the dead holder's token, so of several that try at once exactly
 * one replaces the file. A holder on another machine (or in another container) counts as alive.
 * Released by `release`, or at the end of the process.
 */
export function acquireLock(path: string): LockAttempt {
  const mine: LockHolder = {
    pid: process.pid,
    host: hostname(),
    began: processBegan(process.pid),
    token: randomBytes(12).toString('hex'),
  };
  const prepared = `${path}.${mine.token}`;
  writeFileSync(prepared, `${JSON.stringify(mine)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      if (createByLink(prepared, path)) return held(path, mine.token);
      const holder = readHolder(path);
      if (holder === 'gone') continue;
      if (holder !== 'unreadable' && isAlive(holder)) return { heldBy: holder };
      const claim = acquireLock(`${path}.${claimName(holder === 'unreadable' ? '' : holder.token)}`);
      if ('heldBy' in claim) continue;
      try {
        const now = readHolder(path);
        if (tokenOf(now) !== tokenOf(holder)) continue;
        renameSync(prepared, path);
        return held(path, mine.token);
      } finally {
        claim.release();
      }
    }
  } finally {
    rmSync(prepared, { force: true });
  }
}

function claimName(token: string): string {
  return `takeover-${createHash('sha256').update(token).digest('hex').slice(0, 16)}`;
}

/** A link is made whole or not at all, and never over a file that is there. */
function createByLink(prepared: string, path: string): boolean {
  try {
    linkSync(prepared, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

type HolderState = LockHolder | 'gone' | 'unreadable';

function readHolder(path: string): HolderState {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as LockHolder;
    return typeof holder.pid === 'number' && typeof holder.token === 'string' ? holder : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

function tokenOf(holder: HolderState): string {
  return typeof holder === 'string' ? holder : holder.token;
}

function isAlive(holder: LockHolder): boolean {
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const began = processBegan(holder.pid);
  return began === undefined || holder.began === undefined || began === holder.began;
}

/** This process, for a file that another reads with `isProcessGone`. */
export function describeProcess(): string {
  const mine: DescribedProcess = {
    pid: process.pid,
    host: hostname(),
    began: processBegan(process.pid),
    token: '',
    space: processSpace(),
  };
  return `${JSON.stringify(mine)}\n`;
}

interface DescribedProcess extends LockHolder {
  /** Containers may have the same name and count their processes each for itself. */
  readonly space: string | undefined;
}

/** True where the process that a text describes was one of this machine and is no more; false where nobody can tell. */
export function isProcessGone(text: string): boolean {
  try {
    const holder = JSON.parse(text) as DescribedProcess;
    if (!Number.isInteger(holder.pid) || holder.pid <= 0 || holder.space !== processSpace()) return false;
    return !isAlive(holder);
  } catch {
    return false;
  }
}

function processSpace(): string | undefined {
  try {
    return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : undefined;
  } catch {
    return undefined;
  }
}

/** When a process began, with the boot it belongs to; undefined where the system does not say. */
function processBegan(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // Field 22 of /proc/PID/stat, counted after the name in parentheses, which may hold anything (proc(5)).
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
    }
    if (process.platform === 'win32') return undefined;
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

function held(path: string, token: string): { release: () => void } {
  const release = () => {
    process.off('exit', release);
    if (tokenOf(readHolder(path)) === token) rmSync(path, { force: true });
  };
  process.on('exit', release);
  return { release };
}
