import type { Hazard } from './kind.js';

/** One thing to do, with everything anybody needs to run, print, lint or draw it. */
export interface Step {
  readonly action: 'create' | 'drop' | 'alter' | 'rename';
  /** The object it is about. */
  readonly object: string;
  /** Every object it touches: the object and the parts written or dropped with it. */
  readonly touches: readonly string[];
  /** The comment line above it: plain words, no full stop. */
  readonly summary: string;
  readonly sql: readonly string[];
  /** The statements of the opposite plan that undo this step; empty when another step's reversal covers it. */
  readonly reverse: readonly string[];
  readonly hazards: readonly Hazard[];
  readonly transactional: boolean;
  readonly commitAfter: boolean;
  /**
   * True when its statements run one after the other, each in a transaction of its own or in none, so that what one
   * locks is free before the next: steps that do not share a transaction with any other. What has to hold together
   * stands between BEGIN and COMMIT.
   */
  readonly apart?: boolean;
  /** True when what comes before has to be committed, though it shares transactions itself. */
  readonly commitBefore?: boolean;
  /** True when foreign keys must not be enforced meanwhile; the dialect's frame sees to it. */
  readonly withoutForeignKeys?: boolean;
  /** What does the same where nothing was interrupted: a plan is proven by it. Default: `sql`. */
  readonly inOrder?: readonly string[];
}

/** The way from one schema to another. Data: writing a migration, applying, printing and linting only render or run it. */
export interface Plan {
  readonly engine: 'postgres' | 'sqlite';
  readonly steps: readonly Step[];
  /** Statements around the steps. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** False when its steps cannot all share one transaction. */
  readonly transactional: boolean;
}

/** True when there is nothing to do. */
export function isEmptyPlan(plan: Plan): boolean {
  return plan.steps.length === 0;
}

/**
 * The plan as several that run one after the other, each as one transaction or (when not transactional) statement by
 * statement. One plan, itself, when all of it can share one transaction or nobody asked for more.
 */
export function segmentsOf(plan: Plan): Plan[] {
  const segments: Step[][] = [];
  for (const step of plan.steps) {
    const last = segments.at(-1);
    const joins = last !== undefined && !step.commitBefore && isApart(last[0]!) === isApart(step);
    if (joins) last.push(step);
    else segments.push([step]);
  }
  if (segments.length <= 1) return [plan];
  return segments.map((steps) => {
    const apart = isApart(steps[0]!);
    return { ...plan, steps, transactional: !apart, ...(apart ? { before: [], after: [] } : {}) };
  });
}

/** True for a step that shares its transaction with none. */
export function isApart(step: Step): boolean {
  return step.apart === true || !step.transactional;
}

/** All hazards of a plan, in order of the steps. */
export function planHazards(plan: Plan): Hazard[] {
  return plan.steps.flatMap((step) => step.hazards);
}

/** The step that a statement of `planStatements` belongs to, by its index; undefined for what stands around the steps. */
export function stepAt(plan: Plan, statement: number): Step | undefined {
  let end = plan.before.length;
  if (statement < end) return undefined;
  return plan.steps.find((step) => {
    end += step.sql.length;
    return statement < end;
  });
}

/** The statements of a plan in the order they run. */
export function planStatements(plan: Plan): string[] {
  return [...plan.before, ...plan.steps.flatMap((step) => step.sql), ...plan.after];
}
