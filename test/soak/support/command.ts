import { spawn } from 'node:child_process';
import { main } from '../../support/cli.js';

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its JSON document; undefined when it was ended before it could print one. */
  readonly document: Document | undefined;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface Document {
  readonly ok: boolean;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Running {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<CommandEnd>;
}

/** Starts the built command line with `--json`. */
export function command(
  line: readonly string[],
  options: { cwd: string; env: Record<string, string> },
): Running {
  const began = performance.now();
  const child = spawn(process.execPath, [main, ...line, '--json'], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: options.cwd, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return {
    kill: (signal) => void child.kill(signal),
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        let document: Document | undefined;
        try {
          document = JSON.parse(stdout);
        } catch {
          // It had no time to print it.
        }
        resolve({ code, signal, document, stderr, milliseconds: performance.now() - began });
      });
    }),
  };
}
