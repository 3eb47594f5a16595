import { aborted } from './abort.js';
import type { AppliedRevision } from './history.js';
import { type Job, JobFailure } from './job.js';
import { closeRun, type RunContext } from './run-context.js';
import { reportFailure, runAborted } from './run-failure.js';
import { runJob } from './run-job.js';

/**
 * Runs migrations one after the other and closes the account of the run. Throws TidemarkError at the first
 * that fails, and `aborted`; those before it hold.
 */
export async function runJobs(
  context: RunContext,
  jobs: readonly Job[],
  recorded: ReadonlyMap<string, AppliedRevision>,
): Promise<void> {
  for (const [index, job] of jobs.entries()) {
    if (context.signal?.aborted) throw await runAborted(context, undefined, index, aborted(context.signal));
    const started = Date.now();
    context.emit({ type: 'migration-started', step: job.step, index, total: jobs.length });
    try {
      await runJob(context, job, recorded.get(job.step.revision)?.attempt);
    } catch (error) {
      if (!(error instanceof JobFailure)) throw error;
      throw await reportFailure(context, error, index);
    }
    context.emit({ type: 'migration-done', step: job.step, durationMs: Date.now() - started });
  }
  await closeRun(context, [{ outcome: 'done' }]);
}
