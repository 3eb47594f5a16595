import type { Hazard } from '../schema/kind.js';
import { isEmptyPlan, planHazards, type Step } from '../schema/plan.js';
import { renderPlan } from '../schema/render-plan.js';
import type { PlanBetween } from './plan-between.js';
import { unmanagedNames } from './unmanaged-names.js';

/** How two states differ, and the SQL that leads from one to the other. Plain data: what `--json` prints. */
export interface Difference {
  readonly different: boolean;
  readonly sql: string;
  readonly steps: readonly Step[];
  readonly hazards: readonly Hazard[];
  /** True when all of it can be one transaction. */
  readonly transaction: boolean;
  readonly unmanaged: { readonly from: readonly string[]; readonly to: readonly string[] };
}

/** What a plan says of the two states it goes between. */
export function differenceOf({ up, unmanaged }: PlanBetween): Difference {
  return {
    different: !isEmptyPlan(up),
    sql: renderPlan(up),
    steps: up.steps,
    hazards: planHazards(up),
    transaction: up.transactional,
    unmanaged: { from: unmanagedNames(unmanaged.from), to: unmanagedNames(unmanaged.to) },
  };
}
