import { graphOf } from '../migrations/compare-history.js';
import type { MigrationFolder } from '../migrations/folder.js';
import { unlabelledHeads } from '../migrations/graph/branches.js';
import { requireListed } from '../migrations/require-listed.js';
import type { Hazard } from '../schema/kind.js';
import { isEmptyPlan, planHazards, type Step } from '../schema/plan.js';
import { type PlanBetween, type PlanOptions, planBetween } from './plan-between.js';
import { renameComments } from './rename-comments.js';
import { migrationState } from './resolve-source.js';
import type { StateSource } from './state-source.js';
import { unmanagedNames } from './unmanaged-names.js';
import { usingComments } from './using-comments.js';
import type { Workbench } from './workbench.js';

/** Whether migrations lead to a schema. Plain data: what `--json` prints. */
export interface MigrationCheck {
  readonly matches: boolean;
  /** What is left to be written, and what is dangerous about it. */
  readonly steps: readonly Step[];
  readonly hazards: readonly Hazard[];
  readonly heads: readonly string[];
  /** The heads without a branch label, when there are several. */
  readonly severalHeads: readonly string[];
  readonly unmanaged: readonly string[];
}

/**
 * Compares the state after all migrations with the wanted one: what `generateMigration` would write. A likely
 * rename is shown as the drop and create that it would be, because either way there is something to write.
 * Throws `sum-missing`, `sum-mismatch`, and what reading the states throws.
 */
export async function checkMigrations(
  bench: Workbench,
  folder: MigrationFolder,
  wanted: StateSource,
  { open, onPlanned }: Pick<PlanOptions, 'open'> & { readonly onPlanned?: (plan: PlanBetween) => void },
): Promise<MigrationCheck> {
  requireListed(folder);
  const graph = graphOf(folder);
  const several = unlabelledHeads(graph);
  const plan = await planBetween(bench, migrationState(folder, undefined), wanted, {
    open,
    prove: false,
    renames: wanted.type === 'scripts' ? renameComments(wanted.files) : [],
    conversions: wanted.type === 'scripts' ? usingComments(wanted.files) : [],
  });
  onPlanned?.(plan);
  return {
    matches: isEmptyPlan(plan.up),
    steps: plan.up.steps,
    hazards: planHazards(plan.up),
    heads: graph.heads,
    severalHeads: several.length > 1 ? several : [],
    unmanaged: unmanagedNames(plan.unmanaged.to),
  };
}
