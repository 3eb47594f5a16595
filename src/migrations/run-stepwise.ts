import { isAborted } from './abort.js';
import { type Job, JobFailure } from './job.js';
import { shallRetry } from './retry.js';
import { type RunContext, rollBack } from './run-context.js';

/**
 * Runs a migration in one transaction, its record in it, with a look at the database in between: what the
 * engine's frame asks for, and the migration itself where it is a program.
 */
export async function runStepwise(context: RunContext, job: Job): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await attempt(context, job);
      return;
    } catch (failure) {
      if (!(failure instanceof JobFailure)) throw failure;
      if (!(await shallRetry(context, job, failure.cause, tries))) throw failure;
    }
  }
}

async function attempt(context: RunContext, job: Job): Promise<void> {
  const { connection, engine, statementLockTimeoutMs } = context;
  let phase: JobFailure['phase'] = 'bookkeeping';
  let statement: number | undefined;
  const frame = await engine.frame?.(job.script).catch((error: unknown) => {
    throw isAborted(error) ? new JobFailure(job, 'beginning', undefined, 0, error) : error;
  });
  try {
    await connection.executeAll([engine.begin, ...engine.freshSession(statementLockTimeoutMs)]);
    phase = 'beginning';
    await frame?.opened();
    phase = 'statement';
    for (const [at, { sql }] of job.script.statements.entries()) {
      if (frame?.covered.has(at)) continue;
      statement = at;
      await frame?.before(at);
      await connection.executeAll([sql]);
    }
    statement = undefined;
    phase = 'program';
    await job.program?.({
      connection,
      dialect: context.dialect,
      signal: context.signal,
      log: (text) => context.emit({ type: 'message', step: job.step, text }),
    });
    phase = 'check';
    await frame?.verify();
    phase = 'bookkeeping';
    await connection.executeAll([...engine.beforeBookkeeping, ...job.record]);
    phase = 'commit';
    await connection.executeAll(['COMMIT']);
  } catch (error) {
    await rollBack(connection, error);
    throw new JobFailure(job, phase, statement, 0, error);
  } finally {
    if (frame !== undefined) await context.shielded(() => frame.close());
  }
}
