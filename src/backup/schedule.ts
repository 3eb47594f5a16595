import { isAborted } from '../migrations/abort.js';
import {
  type Due,
  type DueSettings,
  retryDelay,
  type ScheduledBackup,
  type Since,
  TICK_MS,
  whatIsDue,
} from './due.js';

/** The times a schedule goes by. */
export interface Clock {
  now(): Date;
  /** Milliseconds that nobody sets. */
  monotonic(): number;
  /** Ends early when the signal comes; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What a schedule does its work with. Every one may throw: then that part is tried again later. */
export interface ScheduleWork<Made, Pruned, Proven> {
  /** The complete backups, of all places that can be reached. */
  look(signal: AbortSignal): Promise<readonly ScheduledBackup[]>;
  /** @param failures attempts that failed since the last good one */
  backUp(signal: AbortSignal, failures: number): Promise<Made>;
  prune(signal: AbortSignal): Promise<Pruned>;
  verify(id: string, signal: AbortSignal): Promise<Proven>;
  /** The turn among replicas; undefined: somebody else has it. */
  claim(): Promise<{ release(): Promise<void> } | undefined>;
}

export type ScheduleEvent<Made, Pruned, Proven> =
  | { readonly type: 'backup-made'; readonly backup: Made }
  | { readonly type: 'pruned'; readonly pruned: Pruned }
  | { readonly type: 'verified'; readonly verified: Proven }
  /** When the next backup is due; told again whenever that changes. */
  | { readonly type: 'waiting'; readonly until: Date }
  /** Another schedule of this folder is at work. */
  | { readonly type: 'busy' }
  | {
      readonly type: 'failed';
      readonly part: 'look' | 'backup' | 'cleanup' | 'verify';
      readonly error: Error;
      /** In milliseconds; undefined: with the next interval. */
      readonly retryMs: number | undefined;
    };

export interface ScheduleOptions<Made, Pruned, Proven> {
  readonly settings: DueSettings;
  readonly signal: AbortSignal;
  /** Does what is due now, and ends. */
  readonly once?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly onEvent?: ((event: ScheduleEvent<Made, Pruned, Proven>) => void) | undefined;
}

/** What a schedule did. */
export interface ScheduleEnd {
  readonly backups: number;
  /** Parts that failed, each time they did. */
  readonly failures: number;
}

/** How long another's turn is waited for before it is asked again, with something random in it. */
const BUSY_MS = 5000;

/** The machine's own clock. With `unref` a sleep keeps no process alive. */
export function systemClock({ unref }: { readonly unref: boolean }): Clock {
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, Math.min(ms, TICK_MS));
        if (unref) timer.unref();
        signal.addEventListener('abort', end, { once: true });
      }),
  };
}

/**
 * Backs up, prunes and proves whenever it is due, one thing at a time, until the signal comes. What is due comes from
 * the catalog alone, so that restarts and replicas agree. Never rejects: what fails is an event, and is tried again,
 * a backup after one minute, two, four, up to an hour.
 */
export async function runSchedule<Made, Pruned, Proven>(
  work: ScheduleWork<Made, Pruned, Proven>,
  options: ScheduleOptions<Made, Pruned, Proven>,
): Promise<ScheduleEnd> {
  return new Loop(work, options).run();
}

type Part = 'look' | 'backup' | 'cleanup' | 'verify';

class Loop<Made, Pruned, Proven> {
  readonly #work: ScheduleWork<Made, Pruned, Proven>;
  readonly #options: ScheduleOptions<Made, Pruned, Proven>;
  readonly #clock: Clock;
  #backups = 0;
  #failures = 0;
  #inARow = 0;
  /** Monotonic times. */
  readonly #last: { failure?: number; cleanup?: number; verify?: number } = {};
  #announced = 0;

  constructor(work: ScheduleWork<Made, Pruned, Proven>, options: ScheduleOptions<Made, Pruned, Proven>) {
    this.#work = work;
    this.#options = options;
    this.#clock = options.clock ?? systemClock({ unref: true });
  }

  async run(): Promise<ScheduleEnd> {
    const { signal, once } = this.#options;
    while (!signal.aborted) {
      const due = await this.#look();
      const waiting = due === undefined || partOf(due) === undefined;
      if (once === true && waiting) break;
      if (due !== undefined && !waiting) {
        if (await this.#turn()) continue;
        if (once === true) break;
        await this.#clock.sleep(BUSY_MS * (0.5 + Math.random()), signal);
        continue;
      }
      if (due !== undefined) this.#announce(due.backupAt);
      await this.#clock.sleep(due?.waitMs ?? TICK_MS, signal);
    }
    return { backups: this.#backups, failures: this.#failures };
  }

  async #look(): Promise<Due | undefined> {
    const { settings, signal } = this.#options;
    try {
      const backups = await this.#work.look(signal);
      return whatIsDue(backups, settings, this.#since(), this.#clock.now());
    } catch (error) {
      this.#failed('look', error, TICK_MS);
      return undefined;
    }
  }

  /** Does the first thing that is due. False: somebody else has the turn. */
  async #turn(): Promise<boolean> {
    let turn: { release(): Promise<void> } | undefined;
    try {
      turn = await this.#work.claim();
    } catch (error) {
      this.#failed('look', error, BUSY_MS);
      return false;
    }
    if (turn === undefined) {
      this.#tell({ type: 'busy' });
      return false;
    }
    try {
      // What another did until it gave its turn up counts.
      const due = await this.#look();
      const part = due === undefined ? undefined : partOf(due);
      if (due === undefined) return false;
      if (part !== undefined && !this.#options.signal.aborted) await this.#do(part, due);
      return true;
    } finally {
      await turn.release().catch(() => undefined);
    }
  }

  async #do(part: Exclude<Part, 'look'>, due: Due): Promise<void> {
    const { signal } = this.#options;
    try {
      if (part === 'backup') {
        const backup = await this.#work.backUp(signal, this.#inARow);
        this.#backups += 1;
        this.#inARow = 0;
        this.#tell({ type: 'backup-made', backup });
      } else if (part === 'cleanup') {
        this.#last.cleanup = this.#clock.monotonic();
        this.#tell({ type: 'pruned', pruned: await this.#work.prune(signal) });
      } else {
        this.#last.verify = this.#clock.monotonic();
        this.#tell({ type: 'verified', verified: await this.#work.verify(due.verify ?? 'latest', signal) });
      }
    } catch (error) {
      if (signal.aborted && isAborted(error)) return;
      if (part === 'backup') {
        this.#inARow += 1;
        this.#last.failure = this.#clock.monotonic();
      }
      const { rhythm } = this.#options.settings;
      this.#failed(part, error, part === 'backup' ? retryDelay(this.#inARow, rhythm) : undefined);
    }
  }

  #since(): Since {
    const now = this.#clock.monotonic();
    const ago = (time: number | undefined) => (time === undefined ? undefined : now - time);
    const { failure, cleanup, verify } = this.#last;
    return {
      failures: this.#inARow,
      failureMs: ago(failure),
      cleanupMs: ago(cleanup),
      verifyMs: ago(verify),
    };
  }

  #failed(part: Part, error: unknown, retryMs: number | undefined): void {
    if (this.#options.signal.aborted) return;
    this.#failures += 1;
    this.#tell({
      type: 'failed',
      part,
      error: error instanceof Error ? error : new Error(String(error)),
      retryMs,
    });
  }

  #announce(until: Date): void {
    if (this.#announced === until.getTime()) return;
    this.#announced = until.getTime();
    this.#tell({ type: 'waiting', until });
  }

  #tell(event: ScheduleEvent<Made, Pruned, Proven>): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // A listener that throws must not end the backups of its application.
    }
  }
}

function partOf(due: Due): Exclude<Part, 'look'> | undefined {
  if (due.backup) return 'backup';
  if (due.cleanup) return 'cleanup';
  return due.verify === undefined ? undefined : 'verify';
}
