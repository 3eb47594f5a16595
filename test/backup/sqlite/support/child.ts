import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Child {
  readonly process: ChildProcess;
  /** Everything it sent. */
  readonly sent: unknown[];
  /** Waits until it has sent something that is `wanted`; fails when it ends before. */
  until(wanted: (message: unknown) => boolean): Promise<void>;
  /** Ends it at once, and waits. */
  kill(): Promise<void>;
  /** Its exit code or signal, and what it said on stderr. */
  readonly ended: Promise<{ readonly outcome: number | string; readonly stderr: string }>;
}

/** Runs one of the programs of this folder, in TypeScript, in a process of its own. */
export function startChild(program: string, words: readonly string[]): Child {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = fork(path, words, {
    // What later versions of Node say of jiti is nobody's matter here.
    execArgv: ['--no-deprecation', '--import', 'jiti/register'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const sent: unknown[] = [];
  let stderr = '';
  child.on('message', (message) => sent.push(message));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ outcome: code ?? signal, stderr }));
  return {
    process: child,
    sent,
    ended,
    async until(wanted) {
      while (!sent.some(wanted)) {
        const end = await Promise.race([once(child, 'message').then(() => undefined), ended]);
        if (end !== undefined && !sent.some(wanted)) {
          throw new Error(`${program} ended (${end.outcome}) before that: ${end.stderr}`);
        }
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
