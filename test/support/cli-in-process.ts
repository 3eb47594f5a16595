import { Readable, Writable } from 'node:stream';
import { runCommandLine } from '../../src/cli/run.js';
import type { CliResult } from './cli.js';

/** Runs a command line from source in this process: what it prints, and its exit code. Never a terminal. */
export async function inProcess(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<CliResult> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const host = {
    stdin: Readable.from([]),
    stdout,
    stderr,
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
