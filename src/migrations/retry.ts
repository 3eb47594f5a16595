import { DatabaseError } from '../database/connection.js';
import { pause } from './abort.js';
import type { Job } from './job.js';
import type { RunContext } from './run-context.js';

const LONGEST_DELAY_MS = 5_000;

/** Waits and says true when the error may pass by itself. Full jitter, so that two runners do not meet again. */
export async function shallRetry(
  context: RunContext,
  job: Job,
  error: unknown,
  tries: number,
): Promise<boolean> {
  if (!(error instanceof DatabaseError) || error.connectionLost) return false;
  if (!context.engine.isTransient(error.sqlstate) || tries >= context.lockRetries) return false;
  const delayMs = Math.round(Math.random() * Math.min(LONGEST_DELAY_MS, 200 * 2 ** tries)) + 20;
  context.emit({ type: 'retry', step: job.step, attempt: tries + 1, delayMs, reason: error.message });
  // Given up meanwhile, the next attempt says so.
  await pause(delayMs, context.signal);
  return true;
}
