import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process that writes; whoever ends it, another takes its place. */
export class Writer {
  readonly #url: string;
  readonly #seed: number;
  #child: ChildProcess | undefined;
  #wanted = false;
  /** The last step that was said to be committed since the writer was last started. */
  acknowledged = 0;
  /** What writers said that ended by themselves. */
  readonly complaints: string[] = [];

  constructor(url: string, seed: number) {
    this.#url = url;
    this.#seed = seed;
  }

  start(): void {
    this.#wanted = true;
    this.acknowledged = 0;
    this.#spawn();
  }

  /** As a crash would. Another begins. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  #spawn(): void {
    const path = fileURLToPath(new URL('writer-process.ts', import.meta.url));
    const child = fork(path, [this.#url, String(this.#seed)], {
      execArgv: ['--import', 'jiti/register'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('message', (n) => {
      if (child === this.#child) this.acknowledged = Number(n);
    });
    child.once('exit', () => {
      if (said !== '') this.complaints.push(said.slice(0, 2000));
      // Not at once: where the database is away for a moment, that would start processes without end.
      if (child === this.#child)
        setTimeout(() => this.#wanted && child === this.#child && this.#spawn(), 300);
    });
  }
}
