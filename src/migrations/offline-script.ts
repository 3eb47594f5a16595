import { TidemarkError } from '../errors.js';
import { comment } from '../schema/render-plan.js';
import { statementHash } from './checksum.js';
import { label } from './compare-history.js';
import type { DowngradePlan } from './downgrade-plan.js';
import type { ExpectedHistory } from './engine-sql.js';
import { needsOf } from './graph/revision-graph.js';
import type { History } from './history.js';
import type { Job } from './job.js';
import type { PlanContext } from './plan-context.js';
import { baselineRecord, type UpgradePlan } from './upgrade-plan.js';

/** The script of a run that would change nothing. */
export const NOTHING_TO_DO = comment('nothing to do');

/** A run as a script. */
export interface ScriptedRun {
  /** Statements that come before everything else. */
  readonly opening: readonly string[];
  /** Statements that change the history alone, before any migration. */
  readonly records: readonly string[];
  readonly jobs: readonly Job[];
}

/** As `offlineScript`, for an upgrade. */
export function upgradeScript(context: PlanContext, history: History, plan: UpgradePlan): string {
  const { comparison, baseline, jobs } = plan;
  if (jobs.length + baseline.length === 0) return NOTHING_TO_DO;
  const { files, recorded } = comparison;
  const run = jobs.map(({ step }) => files.byId.get(step.revision)!);
  const here = new Set([...baseline, ...run].map(({ id }) => id));
  const needed = new Set([...baseline, ...run].flatMap(needsOf));
  const expected = {
    format: history.format,
    applied: [...needed].filter((id) => !here.has(id)),
    absent: [...here].filter((id) => !recorded.has(id)),
  };
  const opening = openingOf(context, history, expected);
  return offlineScript(context, { opening, records: baselineRecord(context, plan), jobs });
}

/** As `offlineScript`, for a downgrade. */
export function downgradeScript(context: PlanContext, history: History, plan: DowngradePlan): string {
  const { comparison, jobs } = plan;
  if (jobs.length === 0) return NOTHING_TO_DO;
  const { graph, applied } = comparison;
  const ids = jobs.map(({ step }) => step.revision);
  const gone = new Set(ids);
  const above = new Set(ids.flatMap((id) => graph.dependents.get(id) ?? []));
  const expected = {
    format: history.format,
    applied: ids.filter((id) => applied.has(id)),
    absent: [...above].filter((id) => !gone.has(id)),
  };
  return offlineScript(context, { opening: openingOf(context, history, expected), records: [], jobs });
}

/** Stops a script on a database that it is not for, and brings the history tables to this version's format. */
export function openingOf(
  { engine }: PlanContext,
  history: Pick<History, 'format'>,
  expected: ExpectedHistory,
): string[] {
  return [...engine.offline.guard(expected), ...engine.history.upgrades(history)];
}

/**
 * Writes what a run would do as a script for psql or sqlite3, the history included: after it the database is
 * as if tidemark had run. A database whose history is another one stops it before anything is changed. Throws
 * TidemarkError (`program-offline`, exit code 4) when a migration is a program.
 */
export function offlineScript(context: PlanContext, { opening, records, jobs }: ScriptedRun): string {
  const program = jobs.find((job) => job.program !== undefined);
  if (program !== undefined) throw programOffline(program);
  const { engine, identity } = context;
  const within = transactionOf(context);
  const blocks = [
    [comment(`Run this with ${engine.offline.usage}; it stops at the first error.`), ...engine.offline.head],
    [
      comment('The history'),
      ...within([...opening, engine.history.log({ outcome: 'started' }, identity), ...records]),
    ],
    ...jobs.map((job) => [
      comment(`${label(job.step)} (${job.step.direction})`),
      ...engine.offline.freshSession.map(terminated),
      ...(job.resumable === undefined ? wholeOf(context, job) : piecesOf(context, job, job.resumable)),
    ]),
    within([...engine.beforeBookkeeping, engine.history.log({ outcome: 'done' }, identity)]),
  ];
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function transactionOf({ engine }: PlanContext): (statements: readonly string[]) => string[] {
  return (statements) => [`${engine.begin};`, ...statements.map(terminated), 'COMMIT;'];
}

function wholeOf(context: PlanContext, { script, record }: Job): string[] {
  const { engine } = context;
  const { before, after, first, last, covered } = engine.offline.around(script);
  const own = script.statements.filter((_, at) => !covered.has(at)).map(({ sql }) => sql);
  return [
    ...before.map(terminated),
    ...transactionOf(context)([...first, ...own, ...last, ...engine.beforeBookkeeping, ...record]),
    ...after.map(terminated),
  ];
}

/** A migration that no transaction holds: what it has done is recorded as the runner would. */
function piecesOf(
  context: PlanContext,
  { script, step }: Job,
  { begin, progress, finish }: NonNullable<Job['resumable']>,
): string[] {
  const { engine } = context;
  const { statementsDone, statementHashes } = progress;
  const book = (statements: readonly string[]) =>
    transactionOf(context)([...engine.beforeBookkeeping, ...statements]);
  const hashes = [...statementHashes];
  const lines = book([begin]);
  for (const unit of script.units) {
    if (unit.end <= statementsDone) continue;
    const first = Math.max(unit.first, statementsDone);
    const own = script.statements.slice(first, unit.end).map(({ sql }) => sql);
    hashes.push(...own.map(statementHash));
    const note = engine.history.noteProgress(step.revision, {
      statementsDone: unit.end,
      statementHashes: hashes,
    });
    // The bookkeeping in between has given up a role that the file took.
    const session = script.statements
      .slice(0, first)
      .map(({ sql }) => sql)
      .filter(engine.setsSession);
    lines.push(...session.map(terminated));
    if (unit.kind === 'shared')
      lines.push(...transactionOf(context)([...own, ...engine.beforeBookkeeping, note]));
    else lines.push(...own.map(terminated), ...book([note]));
  }
  return [...lines, ...book(finish)];
}

/** A statement may end in a line comment, which would swallow the semicolon. */
function terminated(sql: string): string {
  const lastLine = sql.slice(sql.lastIndexOf('\n') + 1);
  return lastLine.includes('--') ? `${sql}\n;` : `${sql};`;
}

function programOffline({ step }: Job): TidemarkError {
  const { revision, direction, path } = step;
  return new TidemarkError('program-offline', `${path} is a program: no SQL script can hold it`, {
    exitCode: 4,
    location: { file: path, line: 1 },
    hints: [
      `Take the script in parts, with ranges (FROM:TO): what comes before ${revision}, then that one with "tidemark migrate ${direction}", then the rest.`,
    ],
    details: { revision },
  });
}
