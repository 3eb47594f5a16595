import { unlessAborted } from '../migrations/abort.js';

/** Lets calls work one after the other, in the order in which they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** True while somebody works or waits. */
  get taken(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `work` when its turn comes. Throws TidemarkError (`aborted`) at once when the signal comes before. */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    let done = () => {};
    this.#last = new Promise((resolve) => {
      done = resolve;
    });
    this.#waiting += 1;
    try {
      await unlessAborted(before, signal);
      return await work();
    } finally {
      this.#waiting -= 1;
      // Who gave up waiting passes its turn on when it would have come.
      void before.then(done);
    }
  }
}
