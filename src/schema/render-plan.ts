import type { Hazard } from './kind.js';
import { isApart, type Plan, type Step, segmentsOf } from './plan.js';

/**
 * A plan as the text of a SQL script that psql or sqlite3 can run: a comment line in plain words above
 * each step, hazards as comments, statements ending in semicolons, a newline at the end.
 * What cannot share a transaction with the rest stands outside of BEGIN and COMMIT. An empty plan gives an empty text.
 */
export function renderPlan(plan: Plan): string {
  if (plan.steps.length === 0) return '';
  const blocks = [
    ...plan.before.map(terminated),
    ...(plan.steps.some(isApart) ? segmentsOf(plan).flatMap(renderSegment) : plan.steps.map(renderStep)),
    ...plan.after.map(terminated),
  ];
  return `${blocks.join('\n\n')}\n`;
}

/** Where not all of it shares a transaction, what does says so. */
function renderSegment({ steps }: Plan): string[] {
  const blocks = steps.map(renderStep);
  const together = !steps.some(isApart) && steps.reduce((count, { sql }) => count + sql.length, 0) > 1;
  return together ? ['BEGIN;', ...blocks, 'COMMIT;'] : blocks;
}

function renderStep(step: Step): string {
  const lines = [comment(step.summary), ...step.hazards.flatMap(hazardLines)];
  return [...lines, ...step.sql.map(terminated)].join('\n');
}

function hazardLines(hazard: Hazard): string[] {
  const rows = hazard.stoppedBy === undefined ? [] : [comment(`Rows that stop it: ${hazard.stoppedBy}`)];
  return [comment(hazardLine(hazard)), ...rows];
}

/** A hazard in one line: what kind it is, then the sentence. */
export function hazardLine(hazard: Hazard): string {
  const word = { 'data-loss': 'Loses data', blocking: 'Blocks', 'may-fail': 'May fail', note: 'Note' }[
    hazard.level
  ];
  return `${word}: ${hazard.message}`;
}

/** A statement with its semicolon. */
export function terminated(sql: string): string {
  // A statement that ends in a line comment would swallow the semicolon.
  const lastLine = sql.slice(sql.lastIndexOf('\n') + 1);
  return lastLine.includes('--') ? `${sql}\n;` : `${sql};`;
}

/** Text as SQL comment lines, whatever is in it. */
export function comment(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => (line === '' ? '--' : `-- ${line}`))
    .join('\n');
}
