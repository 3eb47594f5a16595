import { Readable, Writable } from 'node:stream';
import { runCommandLine } from '../../src/cli/run.js';
import type { CliResult } from './cli.js';

export interface InProcessOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The answer to one question; with it the command line believes that it is at a terminal. */
  readonly typed?: string;
  /** Results go to a terminal. */
  readonly terminal?: boolean;
}

/** Runs a command line from source in this process: what it prints, and its exit code. */
export async function inProcess(
  args: readonly string[],
  { cwd, env = {}, typed, terminal = false }: InProcessOptions,
): Promise<CliResult> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const stdin = Readable.from(typed === undefined ? [] : [`${typed}\n`]);
  const host = {
    stdin: typed === undefined ? stdin : Object.assign(stdin, { isTTY: true }),
    stdout: terminal ? Object.assign(stdout, { isTTY: true }) : stdout,
    stderr: typed === undefined ? stderr : Object.assign(stderr, { isTTY: true }),
    env: { ...env },
    cwd: () => cwd,
    on: () => undefined,
    exit: () => undefined,
  };
  const code = await runCommandLine(args, host as unknown as NodeJS.Process);
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
