import { DatabaseError } from '../database/connection.js';
import { statementHash } from './checksum.js';
import type { Attempt } from './history.js';
import { type Job, JobFailure, type ResumableJob } from './job.js';
import { shallRetry } from './retry.js';
import { type RunContext, rollBack } from './run-context.js';
import { runStepwise } from './run-stepwise.js';
import { endsWithCommit, type Unit } from './script.js';

/** Runs one migration and records it. Throws JobFailure; then everything that can be rolled back is. */
export async function runJob(context: RunContext, job: Job, attempt: Attempt | undefined): Promise<void> {
  if (job.resumable === undefined) await runInTransaction(context, job);
  else await runResumable(context, job, job.resumable, attempt);
}

/** Everything in one transaction and, where the engine allows it, in one round trip. */
async function runInTransaction(context: RunContext, job: Job): Promise<void> {
  const { engine, statementLockTimeoutMs } = context;
  if (engine.frame !== undefined || job.program !== undefined) {
    await runStepwise(context, job);
    return;
  }
  await send(context, job, {
    before: [engine.begin, ...engine.freshSession(statementLockTimeoutMs)],
    first: 0,
    end: job.script.statements.length,
    after: [...engine.beforeBookkeeping, ...job.record, 'COMMIT'],
    done: 0,
  });
}

/** Piece by piece, with the progress on record, so that the next run can go on from there. */
async function runResumable(
  context: RunContext,
  job: Job,
  resumable: ResumableJob,
  attempt: Attempt | undefined,
): Promise<void> {
  const { engine } = context;
  const { statements, units } = job.script;
  let done = resumable.progress.statementsDone;
  const hashes = [...resumable.progress.statementHashes];
  /** What records that everything before `end` is done, and the whole migration with its last statement. */
  const recordUpTo = (end: number): string[] => {
    for (let at = done; at < end; at++) hashes.push(statementHash(statements[at]!.sql));
    const progress = { statementsDone: end, statementHashes: hashes };
    const finish = end >= statements.length ? resumable.finish : [];
    return [engine.history.noteProgress(job.step.revision, progress), ...finish];
  };

  if (attempt !== undefined && (await settle(context, job, attempt, done))) {
    await book(context, job, done, [resumable.begin, ...recordUpTo(done + 1)]);
    done += 1;
  } else {
    const finished = done >= statements.length ? resumable.finish : [];
    await book(context, job, done, [resumable.begin, ...finished]);
  }
  for (const unit of units) {
    if (unit.end <= done) continue;
    // The file may have been edited so that pieces are cut elsewhere; what ran is not run again.
    const first = Math.max(unit.first, done);
    for (let at = first; at < unit.end; at++) {
      context.emit({ type: 'statement', step: job.step, statement: at + 1, sql: statements[at]!.sql });
    }
    await runUnit(context, job, { ...unit, first }, recordUpTo(unit.end), done);
    done = unit.end;
  }
}

async function runUnit(
  context: RunContext,
  job: Job,
  unit: Unit,
  record: readonly string[],
  done: number,
): Promise<void> {
  const { connection, engine } = context;
  const { first, end } = unit;
  const session = sessionFor(context, job, first, unit.kind === 'alone');
  const bookkeeping = [...engine.beforeBookkeeping, ...record];
  switch (unit.kind) {
    case 'shared':
      await send(context, job, {
        before: engine.beginWith(session),
        first,
        end,
        after: [...bookkeeping, 'COMMIT'],
        done,
      });
      return;
    case 'own': {
      const commits = endsWithCommit(job.script, unit);
      await bookkeep(context, job, done, () => connection.executeAll(engine.setSession(session)));
      // The file's COMMIT keeps the progress with it; its ROLLBACK would take it away.
      await send(context, job, {
        before: [],
        first,
        end,
        beforeLast: commits ? bookkeeping : [],
        after: [],
        done,
      });
      if (!commits) await book(context, job, done, record);
      return;
    }
    case 'alone':
      await bookkeep(context, job, done, () => connection.executeAll(engine.setSession(session)));
      await runAlone(context, job, first, session, done);
      await book(context, job, done, record);
  }
}

/** A statement that no transaction covers: noted before, and looked up before it is tried again. */
async function runAlone(
  context: RunContext,
  job: Job,
  statement: number,
  session: readonly string[],
  done: number,
): Promise<void> {
  const { connection, engine } = context;
  const { sql } = job.script.statements[statement]!;
  for (let tries = 0; ; tries++) {
    const attempt = await bookkeep(context, job, done, async (): Promise<Attempt> => {
      const noted = { statement, sql, before: await engine.beforeAttempt(sql) };
      const note = engine.history.noteAttempt(job.step.revision, noted);
      await connection.executeAll([
        engine.begin,
        ...engine.beforeBookkeeping,
        note,
        'COMMIT',
        ...engine.setSession(session),
      ]);
      return noted;
    });
    try {
      await connection.executeAll([sql]);
      return;
    } catch (error) {
      if (!(await shallRetry(context, job, error, tries))) {
        throw new JobFailure(job, 'statement', statement, done, error);
      }
      if (await settle(context, job, attempt, done)) return;
    }
  }
}

/**
 * Finds out how a statement ended whose end is not on record, and clears away what it left. True when it is
 * done; a statement that was rewritten since is not what was done.
 */
function settle(context: RunContext, job: Job, attempt: Attempt, done: number): Promise<boolean> {
  const { connection, engine, emit } = context;
  return bookkeep(context, job, done, async () => {
    await connection.executeAll(engine.setSession(sessionFor(context, job, done, true)));
    const { verdict, note } = await engine.settle(attempt);
    if (note !== undefined) emit({ type: 'settled', step: job.step, statement: attempt.statement + 1, note });
    const now = job.script.statements[attempt.statement];
    return verdict === 'done' && now !== undefined && statementHash(attempt.sql) === statementHash(now.sql);
  });
}

/** The same session for a piece whether it runs in the first attempt or is taken up in a later run. */
function sessionFor(context: RunContext, job: Job, before: number, long: boolean): string[] {
  const { engine, statementLockTimeoutMs } = context;
  return [
    ...engine.freshSession(statementLockTimeoutMs),
    ...(long ? engine.longSession : []),
    ...job.script.statements
      .slice(0, before)
      .map((statement) => statement.sql)
      .filter(engine.setsSession),
  ];
}

/** What has been done is recorded also when the run was given up meanwhile. */
function book(context: RunContext, job: Job, done: number, statements: readonly string[]): Promise<void> {
  const { connection, engine, shielded } = context;
  return bookkeep(context, job, done, () =>
    shielded(() =>
      connection.executeAll([engine.begin, ...engine.beforeBookkeeping, ...statements, 'COMMIT']),
    ),
  );
}

async function bookkeep<T>(context: RunContext, job: Job, done: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rollBack(context.connection, error);
    throw new JobFailure(job, 'bookkeeping', undefined, done, error);
  }
}

interface Batch {
  readonly before: readonly string[];
  readonly first: number;
  readonly end: number;
  /** Goes before the last statement of the file's own. */
  readonly beforeLast?: readonly string[];
  readonly after: readonly string[];
  readonly done: number;
}

/** Sends statements that hold together, again after a lock timeout or a deadlock. */
async function send(context: RunContext, job: Job, batch: Batch): Promise<void> {
  const { connection } = context;
  const own = job.script.statements.slice(batch.first, batch.end).map((statement) => statement.sql);
  const inserted = batch.beforeLast ?? [];
  const last = own.length - (inserted.length > 0 ? 1 : 0);
  const statements = [
    ...batch.before,
    ...own.slice(0, last),
    ...inserted,
    ...own.slice(last),
    ...batch.after,
  ];
  for (let tries = 0; ; tries++) {
    try {
      await connection.executeAll(statements);
      return;
    } catch (error) {
      await rollBack(connection, error);
      if (await shallRetry(context, job, error, tries)) continue;
      const failed = error instanceof DatabaseError ? error.statement : 0;
      const at = failed - batch.before.length;
      if (at >= 0 && at < last) throw new JobFailure(job, 'statement', batch.first + at, batch.done, error);
      const commits = failed === statements.length - 1;
      throw new JobFailure(job, commits ? 'commit' : 'bookkeeping', undefined, batch.done, error);
    }
  }
}
