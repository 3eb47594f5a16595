import { TidemarkError } from '../errors.js';
import { comment } from '../schema/render-plan.js';
import { statementHash } from './checksum.js';
import { label } from './compare-history.js';
import type { History } from './history.js';
import type { Job } from './job.js';
import type { RunContext } from './run-context.js';

/**
 * Writes what a run would do as a script for psql or sqlite3, the history included: after it the database is
 * as if tidemark had run. Throws TidemarkError (`program-offline`, exit code 4) when a migration is a program.
 *
 * @param baseline statements that record revisions without running them
 */
export function offlineScript(
  context: RunContext,
  history: History,
  jobs: readonly Job[],
  baseline: readonly string[] = [],
): string {
  const program = jobs.find((job) => job.program !== undefined);
  if (program !== undefined) throw programOffline(program);
  if (jobs.length === 0 && baseline.length === 0) return comment('nothing to do');
  const { engine, identity } = context;
  const within = transaction(context);
  const closing = [engine.history.log({ outcome: 'done' }, identity)];
  const blocks = [
    headOf(context),
    [comment('The history'), ...within([...opening(context, history), ...baseline])],
    ...jobs.map((job) => [
      comment(`${label(job.step)} (${job.step.direction})`),
      ...runOf(context, job, within),
    ]),
    within(closing),
  ];
  return text(blocks);
}

/** As `offlineScript` for a run that changes the history alone; without statements there is nothing to do. */
export function bookkeepingScript(
  context: RunContext,
  history: History,
  statements: readonly string[] | undefined,
): string {
  if (statements === undefined) return comment('nothing to do');
  const done = context.engine.history.log({ outcome: 'done' }, context.identity);
  const block = transaction(context)([...opening(context, history), ...statements, done]);
  return text([headOf(context), [comment('The history'), ...block]]);
}

function text(blocks: readonly (readonly string[])[]): string {
  return `${blocks.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function headOf(context: RunContext): string[] {
  return [
    comment(`Run this with ${shellOf(context)}; it stops at the first error.`),
    ...context.engine.offline.head,
  ];
}

function opening({ engine, identity }: RunContext, history: History): string[] {
  return [...engine.history.upgrades(history), engine.history.log({ outcome: 'started' }, identity)];
}

function transaction({ engine }: RunContext): (statements: readonly string[]) => string[] {
  return (statements) => [`${engine.begin};`, ...statements.map(terminated), 'COMMIT;'];
}

function runOf(
  { engine }: RunContext,
  job: Job,
  within: (statements: readonly string[]) => string[],
): string[] {
  const { script, resumable, record } = job;
  if (resumable === undefined) {
    const { before, after, covered } = engine.offline.around(script);
    const own = script.statements.filter((_, at) => !covered.has(at)).map(({ sql }) => sql);
    return [
      ...before.map(terminated),
      ...within([...own, ...engine.beforeBookkeeping, ...record]),
      ...after.map(terminated),
    ];
  }
  const { statementsDone, statementHashes } = resumable.progress;
  const hashes = [...statementHashes];
  const lines = within([resumable.begin]);
  for (const unit of script.units) {
    if (unit.end <= statementsDone) continue;
    const first = Math.max(unit.first, statementsDone);
    const own = script.statements.slice(first, unit.end).map(({ sql }) => sql);
    hashes.push(...own.map(statementHash));
    const progress = engine.history.noteProgress(job.step.revision, {
      statementsDone: unit.end,
      statementHashes: hashes,
    });
    if (unit.kind === 'shared') lines.push(...within([...own, progress]));
    else lines.push(...own.map(terminated), ...within([progress]));
  }
  return [...lines, ...within(resumable.finish)];
}

function shellOf({ connection }: RunContext): string {
  return connection.engine === 'sqlite' ? 'sqlite3 DATABASE < FILE' : 'psql -f FILE';
}

/** A statement may end in a line comment, which would swallow the semicolon. */
function terminated(sql: string): string {
  const lastLine = sql.slice(sql.lastIndexOf('\n') + 1);
  return lastLine.includes('--') ? `${sql}\n;` : `${sql};`;
}

function programOffline({ step }: Job): TidemarkError {
  return new TidemarkError('program-offline', `${step.path} is a program: no SQL script can hold it`, {
    exitCode: 4,
    location: { file: step.path, line: 1 },
    hints: [
      `Take the script in parts: what comes before ${step.revision}, then that one with "tidemark migrate ${step.direction}", then the rest.`,
    ],
    details: { revision: step.revision },
  });
}
