import { directiveLines } from '../migrations/directive-lines.js';
import { consentFlag } from '../safety/consent.js';
import type { Hazard } from '../schema/kind.js';
import { isApart, isEmptyPlan, type Plan, planHazards } from '../schema/plan.js';
import { comment, renderPlan } from '../schema/render-plan.js';

/** The two texts of a generated migration. */
export interface MigrationText {
  readonly up: string;
  readonly down: string;
  /** What taking the migration back cannot bring back, one sentence each; also said in the down text. */
  readonly notRestored: readonly string[];
}

/**
 * Writes a proven plan as the texts of a migration. The down text says in words what it cannot bring back
 * (values the up migration dropped) and what running it loses. The losses among `allowed` that the up text brings are
 * said to be allowed at its top. Same plan, same bytes.
 */
export function migrationText(
  name: string,
  up: Plan,
  down: Plan,
  allowed: readonly Hazard[] = [],
): MigrationText {
  const notRestored = lossesOf(up).map((hazard) => `what the migration lost stays lost: ${hazard.message}`);
  const loses = lossesOf(down).map((hazard) => hazard.message);
  const mayFail = planHazards(down).flatMap(({ level, message }) => (level === 'may-fail' ? [message] : []));
  const words = [
    `Takes back ${name}.`,
    ...(notRestored.length > 0
      ? ['', 'This brings back the definitions, not the data:', ...list(notRestored)]
      : []),
    ...(loses.length > 0 ? ['', 'Running this loses data:', ...list(loses)] : []),
    ...(mayFail.length > 0 ? ['', 'Running this may fail on a database with rows:', ...list(mayFail)] : []),
  ];
  return {
    up:
      header(
        up,
        [],
        lossesOf(up).filter((loss) => allowed.includes(loss)),
      ) + renderPlan(up),
    // Without a statement it could not be taken down.
    down: header(down, words) + (isEmptyPlan(down) ? 'SELECT 1;\n' : renderPlan(down)),
    notRestored,
  };
}

function header(plan: Plan, words: readonly string[], allowed: readonly Hazard[] = []): string {
  // What only has to be committed in between (a new enum value) the runner finds by itself, and keeps the rest together.
  const directives = directiveLines({
    transaction: plan.steps.some(isApart) ? 'none' : 'file',
    allow: [...new Set(allowed.map(consentFlag))],
  });
  const lines = [...directives, ...(words.length > 0 ? [comment(words.join('\n'))] : [])];
  return lines.length > 0 ? `${lines.join('\n')}\n\n` : '';
}

function lossesOf(plan: Plan): Hazard[] {
  return planHazards(plan).filter((hazard) => hazard.level === 'data-loss');
}

function list(sentences: readonly string[]): string[] {
  return sentences.map((sentence) => `  - ${sentence}`);
}

/** What the parts of one change are called: after it, and those that do without a transaction `online`. */
export function partNames(name: string, parts: readonly { readonly up: Plan }[]): string[] {
  const used = new Map<string, number>();
  return parts.map(({ up }) => {
    const own = parts.length > 1 && up.steps.some(isApart) ? `${name}_online` : name;
    const times = (used.get(own) ?? 0) + 1;
    used.set(own, times);
    return times === 1 ? own : `${own}_${times}`;
  });
}
