import { DatabaseError } from '../database/connection.js';
import { TidemarkError } from '../errors.js';
import { excerptAt, locate } from '../schema/source-excerpt.js';
import { isAborted } from './abort.js';
import { label } from './compare-history.js';
import type { MigrationEngine } from './engine.js';
import type { JobFailure } from './job.js';
import { placeIn } from './program.js';
import { RowsInTheWay } from './rows-in-the-way.js';
import { closeRun, type RunContext } from './run-context.js';

/**
 * Records a failure in the log, outside the transaction that failed, and makes the error that the user sees.
 *
 * @param before how many migrations this run had finished
 */
export async function reportFailure(
  context: RunContext,
  failure: JobFailure,
  before: number,
): Promise<TidemarkError> {
  const cause = failure.cause;
  if (isAborted(cause)) return runAborted(context, failure, before, cause);
  if (cause instanceof DatabaseError && cause.connectionLost) return connectionLost(failure, cause, before);
  const message = cause instanceof Error ? cause.message : String(cause);
  const revision = failure.job.step.revision;
  const statement = failure.statement === undefined ? undefined : failure.statement + 1;
  const sqlstate = cause instanceof DatabaseError ? cause.sqlstate : undefined;
  const note =
    failure.job.resumable === undefined ? [] : [context.engine.history.noteError(revision, message)];
  const unrecorded = await closeRun(
    context,
    [
      { revision, outcome: 'failed', statement, error: message, sqlstate },
      { outcome: 'failed', error: message, sqlstate },
    ],
    note,
  ).then(
    () => [],
    (error: Error) => [`The failure could not be recorded in the history: ${error.message}.`],
  );
  return migrationFailed(context.engine, failure, message, before, await blockerOf(context, cause), [
    ...(await adviceOn(context, failure)),
    ...unrecorded,
  ]);
}

/**
 * Records that a run was given up, and makes the error that its caller gets: where it stopped, and what holds.
 *
 * @param failure what it was doing; undefined between two migrations
 */
export async function runAborted(
  context: RunContext,
  failure: JobFailure | undefined,
  before: number,
  { cause }: Error,
): Promise<TidemarkError> {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const entry = { outcome: 'interrupted', error: `aborted (${reason})` } as const;
  const job = failure?.job;
  const revision = job?.step.revision;
  const note =
    revision === undefined || job?.resumable === undefined
      ? []
      : [context.engine.history.noteError(revision, 'interrupted')];
  const entries = revision === undefined ? [entry] : [{ revision, ...entry }, entry];
  const unrecorded = await closeRun(context, entries, note).then(
    () => [],
    (error: Error) => [`That could not be recorded in the history: ${error.message}.`],
  );
  const { operation } = context.identity;
  const where = job === undefined ? 'before the next migration' : `while ${label(job.step)} ran`;
  return new TidemarkError('aborted', `the run was aborted ${where} (${reason})`, {
    hints: [
      ...(failure === undefined ? [] : [whatHolds(failure)]),
      ...stays(before, operation === 'down' ? 'down' : 'up'),
      'Run it again: it goes on from there.',
      ...unrecorded,
    ],
    details: { revision: revision ?? null, direction: operation, migrationsDone: before },
    cause,
  });
}

/** What a look at the database tells about the statement that failed; a failing look tells nothing. */
async function adviceOn({ engine }: RunContext, failure: JobFailure): Promise<readonly string[]> {
  const { cause, job, statement } = failure;
  if (!(cause instanceof DatabaseError) || cause.connectionLost || statement === undefined) return [];
  const sql = job.script.statements[statement]?.sql;
  return (sql !== undefined && (await engine.adviceOn?.(cause, sql).catch(() => undefined))) || [];
}

function stays(before: number, direction: 'up' | 'down'): string[] {
  if (before === 0) return [];
  const state = direction === 'up' ? 'applied' : 'taken down';
  return [
    before === 1
      ? `1 migration before it in this run stays ${state}.`
      : `${before} migrations before it in this run stay ${state}.`,
  ];
}

function migrationFailed(
  engine: MigrationEngine,
  failure: JobFailure,
  message: string,
  before: number,
  blocker: string | undefined,
  extra: readonly string[],
): TidemarkError {
  const { job, cause, statement, phase } = failure;
  const database = cause instanceof DatabaseError ? cause : undefined;
  const rows = cause instanceof RowsInTheWay ? cause : undefined;
  const total = job.script.statements.length;
  const where =
    phase !== 'statement' && phase !== 'bookkeeping'
      ? {
          beginning: 'before it began',
          commit: 'on commit',
          check: 'in the check before its commit',
          program: 'while it ran',
        }[phase]
      : statement === undefined
        ? 'while recording it'
        : `at statement ${statement + 1} of ${total}`;
  const place = statement === undefined ? undefined : placeOf(failure, statement);
  const asked = rows === undefined ? undefined : job.script.statements[rows.found[0]!.statement - 1];
  return new TidemarkError('migration-failed', `${label(job.step)} failed ${where}: ${message}`, {
    // The question stands above its statement, so the excerpt would say it again.
    ...(place === undefined || asked !== undefined
      ? { location: { file: job.step.path, line: asked?.line ?? placeIn(cause, job.step.path) ?? 1 } }
      : {
          location: { file: job.step.path, ...locate(job.script.text, place) },
          excerpt: excerptAt(job.script.text, place),
        }),
    hints: [
      ...(database?.detail === undefined ? [] : [`Detail: ${database.detail}`]),
      ...(database?.hint === undefined ? [] : [database.hint]),
      ...(rows?.hints ?? []),
      ...(database?.context === undefined ? [] : [`Context: ${database.context}`]),
      ...(database === undefined ? [] : engine.advice(database)),
      ...(blocker === undefined ? [] : [blocker]),
      whatHolds(failure),
      ...stays(before, job.step.direction),
      whatNext(failure),
      ...(job.step.direction === 'up' && isThereAlready(database)
        ? [
            `Where the database has all of it from elsewhere, record it instead: "tidemark migrate stamp ${job.step.revision}".`,
          ]
        : []),
      ...extra,
    ],
    details: {
      revision: job.step.revision,
      direction: job.step.direction,
      statement: statement === undefined ? null : statement + 1,
      statements: total,
      statementsDone: failure.done,
      migrationsDone: before,
      sqlstate: database?.sqlstate ?? null,
      ...(rows === undefined ? {} : { rows: rows.found }),
    },
    cause,
  });
}

/** What PostgreSQL says of a schema, table, column, function or anything else that is there: duplicate_… */
const THERE_ALREADY = new Set(['42P06', '42P07', '42701', '42723', '42710']);

function isThereAlready(error: DatabaseError | undefined): boolean {
  return (
    THERE_ALREADY.has(error?.sqlstate ?? '') ||
    /^(?:table|index|view|trigger) .* already exists$|^duplicate column name: /.test(error?.message ?? '')
  );
}

async function blockerOf({ engine }: RunContext, cause: unknown): Promise<string | undefined> {
  if (!(cause instanceof DatabaseError) || !engine.isTransient(cause.sqlstate)) return undefined;
  if (engine.blocker !== undefined) return engine.blocker();
  return 'Another session holds a lock that this needs; see who with "tidemark db check", then run it again.';
}

/** The offset the engine points at, else the start of the statement. */
function placeOf({ job, cause }: JobFailure, statement: number): number {
  const { offset, sql } = job.script.statements[statement]!;
  const position = cause instanceof DatabaseError ? cause.position : undefined;
  return offset + (position === undefined || position > sql.length ? 0 : position);
}

function whatHolds({ job, done, statement }: JobFailure): string {
  if (job.resumable === undefined) return 'Nothing of this migration was kept.';
  const total = job.script.statements.length;
  const rest =
    done === 0
      ? 'None of its statements was kept'
      : `Of its ${total} statements the first ${done === 1 ? 'one holds' : `${done} hold`}`;
  const alone =
    statement !== undefined &&
    job.script.units.some((unit) => unit.kind === 'alone' && unit.first === statement);
  return alone
    ? `${rest}; statement ${statement + 1} ran outside a transaction, and what it left is cleared up by the next run.`
    : `${rest}.`;
}

function whatNext({ job, done }: JobFailure): string {
  const command = `"tidemark migrate ${job.step.direction}"`;
  if (job.step.fromHistory)
    return `Its text is the one kept in the database; correct what it needs, then run ${command} again.`;
  const goOn =
    job.resumable !== undefined && done > 0 ? ', which goes on after them (leave those unchanged)' : ' again';
  return `Correct the file or the data; after a change to the file run "tidemark migrate hash", then ${command}${goOn}.`;
}

function connectionLost(failure: JobFailure, cause: DatabaseError, before: number): TidemarkError {
  const { step, resumable } = failure.job;
  return new TidemarkError(
    'connection-lost',
    `the connection was lost while ${label(step)} ran: ${cause.message}`,
    {
      location: { file: step.path, line: 1 },
      hints: [
        resumable === undefined
          ? 'It runs in one transaction, so it is there as a whole or not at all; which of the two is not known from here.'
          : 'It runs piece by piece; the database has on record which pieces are done.',
        ...(before === 0 ? [] : [`${before} before it in this run hold.`]),
        `See where the database is with "tidemark migrate status"; "tidemark migrate ${step.direction}" goes on from there.`,
      ],
      details: { revision: step.revision, direction: step.direction, migrationsDone: before },
      cause,
    },
  );
}
