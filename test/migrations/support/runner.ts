import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('run-migrations.ts', import.meta.url));

export interface Outcome {
  readonly steps?: string[];
  readonly code?: string;
  readonly message?: string;
  readonly exitCode?: number;
  readonly hints?: string[];
}

/** A runner in a process of its own. */
export class Runner {
  readonly child: ChildProcess;
  readonly #messages: Record<string, unknown>[] = [];
  readonly #exit: Promise<unknown>;

  constructor(direction: 'up' | 'down', url: string, folder: string, options: object = {}) {
    this.child = fork(PROGRAM, [direction, url, folder, JSON.stringify(options)], {
      execArgv: ['--import', 'jiti/register'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (message) => this.#messages.push(message as Record<string, unknown>));
    this.#exit = once(this.child, 'exit');
  }

  async until(wanted: Record<string, unknown>): Promise<void> {
    const [key, value] = Object.entries(wanted)[0]!;
    while (!this.#messages.some((message) => message[key] === value)) {
      if (this.child.exitCode !== null)
        throw new Error(`ended before ${key}: ${JSON.stringify(this.#messages)}`);
      await sleep(5);
    }
  }

  /** Until it has told so many events, or has ended. */
  async untilEvents(count: number): Promise<void> {
    const told = (): number => this.#messages.filter((message) => 'event' in message).length;
    while (told() < count && this.child.exitCode === null) await sleep(2);
  }

  async killed(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#exit;
  }

  async outcome(): Promise<Outcome> {
    await this.#exit;
    return this.#messages.find((message) => 'steps' in message || 'code' in message) as Outcome;
  }
}
