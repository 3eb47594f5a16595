import type { Progress } from './history.js';
import type { MigrateStep } from './migrate-options.js';
import type { Program } from './program.js';
import type { Script } from './script.js';

/** One migration in one direction, checked and ready to run, with the bookkeeping that belongs to it. */
export interface Job {
  readonly step: MigrateStep;
  readonly script: Script;
  /** For a migration that is a program: runs it in the transaction; `script` has no statements then. */
  readonly program?: Program | undefined;
  /** Statements that record it when it runs in one transaction, in that transaction. */
  readonly record: readonly string[];
  /** What a piece by piece run needs; undefined in one transaction. */
  readonly resumable: ResumableJob | undefined;
}

export interface ResumableJob {
  /** Records that it has begun, or that it is taken up again. */
  readonly begin: string;
  /** Record that it is finished. */
  readonly finish: readonly string[];
  /** What ran before. */
  readonly progress: Progress;
}

/**
 * Why a job stopped: the engine's error, and which statement of the file it concerns (from 0); undefined
 * when it was the commit or the bookkeeping.
 */
export class JobFailure extends Error {
  override readonly name = 'JobFailure';
  readonly job: Job;
  readonly statement: number | undefined;
  /** `beginning`: what it is to change stands in its way; `check`: what it did is not sound; `commit`: a deferred constraint spoke, for example. */
  readonly phase: 'beginning' | 'statement' | 'program' | 'check' | 'commit' | 'bookkeeping';
  /** How many of its statements hold, this and earlier runs together. */
  readonly done: number;

  constructor(
    job: Job,
    phase: JobFailure['phase'],
    statement: number | undefined,
    done: number,
    cause: unknown,
  ) {
    super(`${job.step.revision} failed`, { cause });
    this.job = job;
    this.phase = phase;
    this.statement = statement;
    this.done = done;
  }
}
