import { spawn } from 'node:child_process';
import type { BackupHooks } from '../backup-config.js';

/** What a hook learns of a backup, as TIDEMARK_BACKUP_ID, TIDEMARK_BACKUP_DATABASE and so on. */
export interface HookFacts {
  readonly database: string;
  readonly id?: string | undefined;
  readonly path?: string | undefined;
  readonly bytes?: number | undefined;
  readonly rows?: number | undefined;
  readonly durationMs?: number | undefined;
  /** What went wrong, without secrets. */
  readonly error?: string | undefined;
}

export interface HookRun {
  /** The folder that commands run in. */
  readonly cwd: string;
  /** The variables of the process; hooks see them besides the facts. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 5 * 60_000;
const PING_TIMEOUT_MS = 10_000;
const KEPT = 2000;

/**
 * Runs the hook of a moment, without a shell, and waits for it. Gives what went wrong as a sentence, undefined when
 * nothing did or there is no such hook. Never throws: a hook stops no backup.
 */
export async function runHook(
  hooks: BackupHooks | undefined,
  moment: keyof BackupHooks,
  facts: HookFacts,
  { cwd, env, signal, timeoutMs = TIMEOUT_MS }: HookRun,
): Promise<string | undefined> {
  const [program, ...args] = hooks?.[moment] ?? [];
  if (program === undefined) return undefined;
  const name = `the hook "${moment}" (${program})`;
  return new Promise((resolve) => {
    let said = '';
    const stop = AbortSignal.timeout(timeoutMs);
    try {
      const child = spawn(program, args, {
        cwd,
        env: { ...env, ...variables(moment, facts) },
        stdio: ['ignore', 'ignore', 'pipe'],
        signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
        windowsHide: true,
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (said.length < KEPT) said += text;
      });
      child.once('error', (error) =>
        resolve(`${name} ${stop.aborted ? 'took too long' : `failed: ${error.message}`}`),
      );
      child.once('close', (code, killed) => {
        if (code === 0) return resolve(undefined);
        const words = said.trim().split('\n').at(-1) ?? '';
        resolve(`${name} ended with ${killed ?? code}${words === '' ? '' : `: ${words}`}`);
      });
    } catch (error) {
      resolve(`${name} failed: ${(error as Error).message}`);
    }
  });
}

function variables(moment: string, facts: HookFacts): Record<string, string> {
  const { durationMs, ...rest } = facts;
  const named = { moment, ...rest, duration_ms: durationMs };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      value === undefined ? [] : [[`TIDEMARK_BACKUP_${name.toUpperCase()}`, String(value)]],
    ),
  );
}

/**
 * Asks for the address of a health check: itself for a success, with `/start` or `/fail` behind its path else. A
 * redirect is not followed: nothing but the configured address is asked. Gives what went wrong; never throws.
 */
export async function ping(
  address: string | undefined,
  moment: 'start' | 'success' | 'fail',
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (address === undefined) return undefined;
  const stop = AbortSignal.timeout(PING_TIMEOUT_MS);
  try {
    const url = new URL(address);
    if (moment !== 'success') url.pathname = `${url.pathname.replace(/\/$/, '')}/${moment}`;
    const answer = await fetch(url, {
      redirect: 'error',
      signal: signal === undefined ? stop : AbortSignal.any([signal, stop]),
    });
    await answer.body?.cancel();
    return answer.ok ? undefined : `the health check at ${hostOf(address)} answered ${answer.status}`;
  } catch (error) {
    const { cause, message } = error as Error;
    const why = stop.aborted ? 'no answer' : cause instanceof Error ? cause.message : message;
    return `the health check at ${hostOf(address)} could not be reached: ${why}`;
  }
}

/** The rest of such an address is a key. */
function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : 'its address';
}
